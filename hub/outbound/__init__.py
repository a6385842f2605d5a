"""What the hub sends: the send verb, the outbox, receipts, and the next reachable address.

Knows identity. Writes rows only; the calls to providers are made in `transport`.
"""
