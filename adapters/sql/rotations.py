"""Rotations of many sessions in one statement, none of which waits for what somebody else holds."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    String,
    Text,
    Update,
    Uuid,
    cast,
    column,
    func,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from adapters.sql.column_types import UtcDateTime
from adapters.sql.couriers import Couriers
from adapters.sql.engine import Database
from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.hot_statements import HotStatement
from adapters.sql.tables import sessions
from application.ports.sessions import Rotation

_TYPES: dict[str, TypeEngine[Any]] = {
    "asked_id": Uuid(),
    "asked_generation": Integer(),
    "asked_at": UtcDateTime(),
    "asked_idle_since": UtcDateTime(),
    "asked_ip": String(),
    "asked_user_agent": String(),
}


def is_live(at: Any, idle_since: Any) -> tuple[ColumnElement[bool], ...]:
    """The condition on a row of `sessions`."""
    return (
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > at,
        sessions.c.last_used_at > idle_since,
    )


def _rotate(asked: Mapping[str, Any]) -> Update:
    """The next generation of what is live and of the generation that is asked for."""
    return (
        update(sessions)
        .where(
            sessions.c.id == asked["asked_id"],
            sessions.c.generation == asked["asked_generation"],
            *is_live(asked["asked_at"], asked["asked_idle_since"]),
        )
        .values(
            generation=sessions.c.generation + 1,
            rotated_at=asked["asked_at"],
            last_used_at=asked["asked_at"],
            ip=asked["asked_ip"],
            user_agent=asked["asked_user_agent"],
        )
        .returning(sessions.c.id)
    )


def _rotate_all() -> Update:
    """The same for many, leaving out those whose rows are locked at the moment."""
    asked = (
        # Sent as text: the driver asks each new connection what other arrays are.
        func.unnest(*(parameter(name, ARRAY(Text)) for name in _TYPES))
        .table_valued(*(column(name, Text) for name in _TYPES))
        .render_derived(name="asked")
    )
    values = {name: cast(asked.c[name], type_).label(name) for name, type_ in _TYPES.items()}
    held = sessions.alias("held")
    free = (
        select(*values.values())
        .join_from(asked, held, held.c.id == values["asked_id"])
        # The lock that an UPDATE takes anyway.
        .with_for_update(of=held, key_share=True, skip_locked=True)
        # Not a subquery, which in a small table may be asked anew for every row of it.
        .cte("free")
    )
    return _rotate({name: free.c[name] for name in _TYPES})


_ALONE = FixedStatement(_rotate({name: parameter(name) for name in _TYPES}))
_TOGETHER = FixedStatement(_rotate_all())


class BatchedRotation:
    """Uses up generations of sessions, each once, durable when it returns.

    On PostgreSQL those that are asked for while statements are under way go together in the next
    one. What that has not done goes alone and waits for whoever holds the row, so that one row
    holds up nobody else. On SQLite each goes alone: there is no trip to be saved.
    """

    def __init__(self, database: Database) -> None:
        self._alone = HotStatement(database, _ALONE, writes=True)
        self._together = HotStatement(database, _TOGETHER, writes=True)
        self._couriers = Couriers(self._rotate, patience_seconds=database.pool.timeout_seconds)
        self._go_together = not database.is_sqlite

    async def rotate(self, rotation: Rotation) -> bool:
        """Whether this one did it. Raises Unavailable."""
        if self._go_together and await self._couriers.ask(rotation):
            return True
        # Locked, used up or over: which of these, only a statement that waits can tell.
        return bool(await self._alone.rows(**_parameters(rotation)))

    async def _rotate(self, asked: list[Rotation]) -> list[bool]:
        # Of a session that is asked for twice one goes: there is one row to change.
        chosen: dict[UUID, Rotation] = {}
        for rotation in asked:
            chosen.setdefault(rotation.session_id, rotation)
        rows = await self._together.rows(**_texts(list(chosen.values())))
        done = {row.id for row in rows}
        return [each.session_id in done and chosen[each.session_id] is each for each in asked]


def _parameters(rotation: Rotation) -> dict[str, Any]:
    return {
        "asked_id": rotation.session_id,
        "asked_generation": rotation.generation,
        "asked_at": rotation.live.at,
        "asked_idle_since": rotation.live.idle_since,
        "asked_ip": rotation.ip,
        "asked_user_agent": rotation.user_agent,
    }


def _texts(rotations: list[Rotation]) -> dict[str, list[str | None]]:
    return {
        "asked_id": [str(each.session_id) for each in rotations],
        "asked_generation": [str(each.generation) for each in rotations],
        "asked_at": [each.live.at.isoformat() for each in rotations],
        "asked_idle_since": [each.live.idle_since.isoformat() for each in rotations],
        "asked_ip": [each.ip for each in rotations],
        "asked_user_agent": [each.user_agent for each in rotations],
    }
