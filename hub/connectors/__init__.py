"""The contract of a connector, and one folder for each kind of channel.

A kind translates between its provider and `hub.types`. It may know the contract and its helpers;
it knows no other kind, no database, no web framework and no clock.
"""
