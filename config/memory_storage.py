"""Storage in memory: loaded where the settings choose it, which servers seldom do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.memory.api_keys import MemoryApiKeyLookup
    from adapters.memory.records import MemoryDatabase
    from adapters.memory.sessions import MemorySessionLookup, MemorySessionRefresher
    from adapters.memory.sign_ins import MemorySignInLookup
    from adapters.memory.storage import MemoryStorage
    from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
    from application.ports.outbox import DeliverySignal


def database() -> "MemoryDatabase":
    from adapters.memory.records import MemoryDatabase

    return MemoryDatabase()


def storage() -> "MemoryStorage":
    from adapters.memory.storage import MemoryStorage

    return MemoryStorage()


def units_of_work(
    database: "MemoryDatabase", signal: "DeliverySignal"
) -> "MemoryUnitOfWorkFactory":
    from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory

    return MemoryUnitOfWorkFactory(database, signal)


def session_lookup(database: "MemoryDatabase") -> "MemorySessionLookup":
    from adapters.memory.sessions import MemorySessionLookup

    return MemorySessionLookup(database)


def session_refresher(database: "MemoryDatabase") -> "MemorySessionRefresher":
    from adapters.memory.sessions import MemorySessionRefresher

    return MemorySessionRefresher(database)


def sign_in_lookup(database: "MemoryDatabase") -> "MemorySignInLookup":
    from adapters.memory.sign_ins import MemorySignInLookup

    return MemorySignInLookup(database)


def api_key_lookup(database: "MemoryDatabase") -> "MemoryApiKeyLookup":
    from adapters.memory.api_keys import MemoryApiKeyLookup

    return MemoryApiKeyLookup(database)
