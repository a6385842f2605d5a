"""Who gets a conversation, when, and what is said while it waits: rules, queue, SLA, auto replies.

Decisions are pure functions; the engine reads, decides and writes. Never knows Flask.
"""
