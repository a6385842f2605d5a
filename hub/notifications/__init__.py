"""Tells agents what is for them: recorded with its cause, shown on screens, pushed to devices.

An observer of every transaction (`recording`) writes a notification beside the message, the
assignment, the mention or the clock that it tells of, so that neither is ever there alone.
"""
