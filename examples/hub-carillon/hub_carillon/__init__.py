"""Carillon as a channel of the hub."""

from hub_carillon.connector import Carillon, CarillonConfig

__all__ = ["Carillon", "CarillonConfig"]
