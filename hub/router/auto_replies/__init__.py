"""Texts the hub sends on its own: `rules` say which, `selection` writes them, `worker` runs it."""
