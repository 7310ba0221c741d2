"""The composition root: settings, clients, adapters, use cases, in that order."""

from config.container.use_cases import Container
from config.settings import Settings

__all__ = ["Container", "close", "container_for"]


async def close(container: Container) -> None:
    """Gives back what the process holds; the last call on a container."""
    await container.limiter().close()
    await container.response_cache().close()
    await container.mailer().close()
    container.delivery_signal().close()
    await container.storage().close()
    container.hasher().close()


def container_for(settings: Settings) -> Container:
    """A container over settings that are already loaded."""
    container = Container()
    container.settings.override(settings)
    return container
