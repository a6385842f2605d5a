"""Assigns conversations to agents: rules, queue, SLA clocks and automatic replies meanwhile.

Decisions are pure functions; the engine reads, decides and writes. It knows no web framework.
"""
