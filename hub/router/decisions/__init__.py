"""Decides which agent gets a conversation, and why: routing rules first, then a strategy. Pure."""
