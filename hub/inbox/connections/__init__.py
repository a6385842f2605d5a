"""The open sockets of this process: who is behind each, its rooms, and what a page may see.

Below `sockets`, which handles their events, and `services`, which hands them to the API.
"""
