"""The sandbox's own page, on which a newcomer plays the customers: its API and its saved chats.

Knows the stand-ins, not the server that they run in.
"""
