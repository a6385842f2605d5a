"""A customer goes on over another channel: noticed, told in the timeline, and summed up on a card.

Knows conversations and contacts. Used by links, handovers and inbound messages.
"""
