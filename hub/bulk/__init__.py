"""Changes of many conversations at once, done in the background and undone as one."""
