"""Writes that go to PostgreSQL together: the trip there costs more than what it carries."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect

from adapters.sql.fixed_statements import FixedStatement

_PLACEHOLDER = re.compile(r"\$(\d+)")

Write = tuple[FixedStatement, Mapping[str, Any]]


def fits(statement: FixedStatement, writes: Sequence[Write]) -> bool:
    """Whether it may run at the same time as these, as if it ran after them.

    Parts of one statement see what was there before it, and have no order: none of them may change
    what another one looks at.
    """
    return all(
        statement.writes not in other.touches and other.writes not in statement.touches
        for other, _ in writes
    )


def together(writes: Sequence[Write], dialect: Dialect) -> tuple[str, list[Any]]:
    """One statement that does them all or none, for asyncpg: its text and its parameters."""
    values = [
        value
        for statement, parameters in writes
        for value in statement.compiled(dialect).values(parameters)
    ]
    return _text(tuple(statement for statement, _ in writes), dialect), values


@lru_cache(maxsize=128)
def _text(statements: tuple[FixedStatement, ...], dialect: Dialect) -> str:
    compiled = [statement.compiled(dialect) for statement in statements]
    if len(compiled) == 1:
        return compiled[0].text
    parts, taken = [], 0
    for number, each in enumerate(compiled):
        parts.append(f"part_{number} AS ({_shifted(each.text, taken)})")
        taken += each.parameter_count
    # PostgreSQL runs them from the last to the first. All that depends on it is in which order rows
    # are locked: two units that begin with the same row do not wait for each other further on.
    return f"WITH {', '.join(reversed(parts))} SELECT"


def _shifted(text: str, by: int) -> str:
    return _PLACEHOLDER.sub(lambda match: f"${int(match[1]) + by}", text)
