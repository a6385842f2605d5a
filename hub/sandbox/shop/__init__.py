"""The demo shop: a made-up shop for shoes whose page carries the widget.

Knows the hub's public URL alone.
"""

from hub.sandbox.shop.web import blueprint

__all__ = ["blueprint"]
