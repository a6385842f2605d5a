"""`connectors.yaml`: read, filled in from the environment, validated, described as JSON Schema.

May know the connector contract and the base modules. Knows no database, no web and no clock.
"""

from hub.config.diff import Change, config_changes, config_values
from hub.config.load import load_config, parse_config
from hub.config.model import Config
from hub.config.schema import config_schema

__all__ = [
    "Change",
    "Config",
    "config_changes",
    "config_schema",
    "config_values",
    "load_config",
    "parse_config",
]
