"""What the settings will have a serving process load, loaded before it: for a parent that forks."""

from importlib import import_module

from config import factories
from config.settings import Settings


def load_adapters(settings: Settings) -> None:
    """Libraries alone: makes nothing that holds a connection, a thread or an event loop."""
    import_module("adapters.prometheus.telemetry")
    if settings.storage != "memory":
        # Knows which dialect and driver the URL means; connects on first use, and is thrown away.
        factories.database(settings)
    if settings.redis_url is not None:
        import_module("adapters.redis.rate_limiter")
        import_module("adapters.redis.response_cache")


def load_for_requests() -> None:
    """What a server that is alone loads with the first request that needs it."""
    import_module("email_validator")
