"""Conversations and their messages: loaded, changed, listed, shown, and published after the commit.

Knows contacts. Why contacts are linked, how messages leave and who gets a conversation are above.
"""
