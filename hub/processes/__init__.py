"""Killable worker processes for work on untrusted input.

The parent (`pool`, `member`) gives bytes to a child (`child`), which runs a task module on them
under limits of time, memory and size. The package knows nothing of what the bytes are. A child
imports `child` and `framing` only, so this file imports nothing.
"""
