"""One-time links and codes to continue on another channel, and digests for visitors who left.

Knows outbound and identity.
"""
