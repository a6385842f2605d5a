"""Agents and teams, their passwords, sign-ins, API tokens and presence, and visitors' sessions.

The only package that writes these tables. Knows the store and the schema; contacts and
conversations are above, and so is the web, which asks this package about every request.
"""
