"""Automatic replies: `rules` say which are due, `selection` sends them, `worker` runs it."""
