"""What the stand-ins of the providers are built from: screens, files, webhook calls, faults.

Knows no provider, and nothing of the hub.
"""
