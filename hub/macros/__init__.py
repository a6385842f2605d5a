"""Macros: named lists of steps, previewed, done one after the other, and undone as one."""
