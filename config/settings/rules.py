"""What settings that are sound alone must not be together, everywhere and in production."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.settings.faults import RuleFaults
from config.settings.secret_strength import SHORTEST_SECRET_BYTES, weakness

if TYPE_CHECKING:
    from config.settings.model import Settings


@dataclass(frozen=True)
class Rule:
    """One thing that is refused.

    `names` are all settings it judges, the one to blame first: while one of them is unreadable
    the rule is left out. `find` answers why the settings break it, or None.
    """

    names: tuple[str, ...]
    find: Callable[[Settings], str | None]


def check_rules(settings: Settings) -> None:
    """Raises RuleFaults with every rule that is broken."""
    found = ((rule.names, rule.find(settings)) for rule in RULES)
    broken = tuple((names, message) for names, message in found if message is not None)
    if broken:
        raise RuleFaults(broken)


def _refuse(message: str, when: Callable[[Settings], bool], *names: str) -> Rule:
    return Rule(names, lambda settings: message if when(settings) else None)


def _refuse_in_production(message: str, when: Callable[[Settings], bool], *names: str) -> Rule:
    def broken(settings: Settings) -> bool:
        return settings.environment == "production" and when(settings)

    return _refuse(message, broken, *names, "environment")


def _secret_key(settings: Settings) -> str | None:
    if settings.environment != "production":
        return None
    if settings.secret_key is None:
        return f"is needed in production: at least {SHORTEST_SECRET_BYTES} random bytes"
    return weakness(settings.secret_key.get_secret_value())


def _previous_secret_keys(settings: Settings) -> str | None:
    # What they once signed is still believed, so a guessable one opens the same doors.
    if settings.environment != "production":
        return None
    keys = (key.get_secret_value() for key in settings.secret_key_previous)
    return next((fault for fault in map(weakness, keys) if fault), None)


RULES = (
    Rule(("secret_key", "environment"), _secret_key),
    Rule(("secret_key_previous", "environment"), _previous_secret_keys),
    _refuse_in_production("must be off in production", lambda it: it.debug, "debug"),
    _refuse_in_production(
        "must name its origins in production, not *",
        lambda it: "*" in it.cors_origins,
        "cors_origins",
    ),
    _refuse_in_production(
        "must not be memory:// in production",
        lambda it: it.storage == "memory",
        "database_url",
    ),
    _refuse_in_production(
        "must be a PostgreSQL database in production with several workers",
        lambda it: it.storage == "sqlite" and it.workers > 1,
        "database_url",
        "workers",
    ),
    _refuse_in_production(
        "is needed in production with several workers, which must share rate limits",
        lambda it: it.redis_url is None and it.workers > 1,
        "redis_url",
        "workers",
    ),
    _refuse(
        "must be 1 with memory:// storage, which workers cannot share",
        lambda it: it.storage == "memory" and it.workers > 1,
        "workers",
        "database_url",
    ),
    _refuse(
        "must be inprocess with memory:// storage, which no other process can see",
        lambda it: it.storage == "memory" and it.jobs == "celery",
        "jobs",
        "database_url",
    ),
    _refuse(
        "must be the same kind of database as DOORWARD_DATABASE_URL",
        lambda it: it.read_storage not in (None, it.storage),
        "database_read_url",
        "database_url",
    ),
    _refuse(
        "is needed by DOORWARD_JOBS=celery, as the broker",
        lambda it: it.jobs == "celery" and it.redis_url is None,
        "redis_url",
        "jobs",
    ),
    _refuse(
        "is needed by DOORWARD_MAILER=smtp",
        lambda it: it.mailer == "smtp" and it.smtp_url is None,
        "smtp_url",
        "mailer",
    ),
    _refuse(
        "is needed by DOORWARD_MAILER=http",
        lambda it: it.mailer == "http" and it.mail_api_url is None,
        "mail_api_url",
        "mailer",
    ),
)
