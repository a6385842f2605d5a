"""Carillon as a channel of the hub."""

from hub_carillon.connector import Carillon

__all__ = ["Carillon"]
