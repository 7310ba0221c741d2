"""The settings room: what can be set, where values come from, and what is refused."""

from config.settings.faults import ConfigurationError
from config.settings.loading import find_unknown_variables, load_settings
from config.settings.model import Settings

__all__ = [
    "ConfigurationError",
    "Settings",
    "find_unknown_variables",
    "load_settings",
]
