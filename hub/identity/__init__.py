"""Which contacts are one person: evidence, links, merging, undoing, and what a customer may see.

Knows conversations and switches. Sends nothing.
"""
