"""Contacts and their addresses: found, created, described, and when each address may be written to.

Knows the store and the schema. Conversations are above.
"""
