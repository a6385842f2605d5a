"""Agents' credentials and presence, visitors' sessions, and the check of each request's sign-in.

Below the web face in `inbox`, which asks it about every request and socket.
"""
