"""The other processes of this hub: socket events go to them and come from them, by Redis.

What Redis carries may be lost. Each process notices what it missed, and tells its sockets to ask
again (`resync`).
"""
