"""The benchmarks of `make bench`: each number comes with its goal or the floor of this machine.

They start a hub as the end-to-end tests do, and may import `hub` and `tests`; nothing imports them
but tests.
"""
