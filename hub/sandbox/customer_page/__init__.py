"""The sandbox's own page: its people, its API, its memory."""
