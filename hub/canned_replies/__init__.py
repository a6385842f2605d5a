"""Canned replies: texts to answer with, their variables, and the version for a conversation."""
