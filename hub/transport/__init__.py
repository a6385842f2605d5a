"""What runs around the connectors: gateway, delivery, polling, fetching of media and profiles.

The only package that calls connectors' network methods. Knows inbound and outbound; never Flask.
"""
