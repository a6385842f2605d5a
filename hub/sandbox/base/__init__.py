"""The parts of which the stand-ins are built: clock, screens, files, webhook calls, faults.

Knows no provider.
"""
