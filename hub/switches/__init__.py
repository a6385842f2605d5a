"""A customer who continues on another channel: detected, recorded, and summed up on a card.

Knows conversations and contacts. Called by links, handovers and inbound messages.
"""
