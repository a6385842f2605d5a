"""What a customer did, written in one transaction per event: messages, receipts, contact events.

Knows handover and all below. Never talks to a provider.
"""
