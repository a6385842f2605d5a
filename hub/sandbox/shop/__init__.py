"""The demo shop: a made-up shop for shoes whose page carries the widget."""

from hub.sandbox.shop.web import blueprint

__all__ = ["blueprint"]
