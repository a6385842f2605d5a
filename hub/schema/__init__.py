"""What leaves and enters the hub: JSON resources, events, cursors, tokens, the search index.

Knows the store's statements, and nothing of contacts or conversations as things that change.
"""
