"""`connectors.yaml`: read, filled in from the environment, checked, described, compared."""

from hub.config.diff import Change, diff, plain
from hub.config.load import load_config, parse_config
from hub.config.model import Config
from hub.config.schema import schema

__all__ = ["Change", "Config", "diff", "load_config", "parse_config", "plain", "schema"]
