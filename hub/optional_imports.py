"""Imports libraries without the optional parts that no channel uses."""

from __future__ import annotations

import importlib
import sys


def import_without(optional: tuple[str, ...], name: str) -> None:
    """Imports a module without its optional dependencies, which the hub does not use: 27 MB."""
    hidden = [module for module in optional if module not in sys.modules]
    for module in hidden:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        importlib.import_module(name)
    finally:
        for module in hidden:
            del sys.modules[module]
