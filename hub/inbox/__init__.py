"""The web face: REST API, sockets, pages and webhooks. `ui/` is the front end's source.

Translates HTTP and sockets to verbs of the packages below; no verb lives here.
"""
