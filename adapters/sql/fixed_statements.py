"""Statements whose text never changes, compiled once: building one anew costs more than it runs."""

from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import BindParameter, Dialect, Executable, Table, bindparam
from sqlalchemy.sql.visitors import iterate
from sqlalchemy.types import TypeEngine

_Processor = Callable[[Any], Any]


def parameter(name: str, type_: TypeEngine[Any] | None = None) -> BindParameter[Any]:
    """What varies, of the type that its place in the statement has where none is given."""
    # Not `required`: the text is made without values.
    return bindparam(name, required=False, type_=type_)


class FixedStatement:
    """One statement in which only parameters vary.

    Parameters go by the names of its bound parameters, an INSERT's by its columns. Each column of
    a row stands under a name of its own.
    """

    def __init__(self, statement: Executable) -> None:
        self.statement: Any = statement
        self._compiled: dict[str, CompiledStatement] = {}

    @cached_property
    def writes(self) -> Any:
        """The table that it changes, None if it only reads."""
        return getattr(self.statement, "table", None)

    @cached_property
    def touches(self) -> frozenset[Any]:
        """The tables that it reads or changes; those that are looked at for a reference are not."""
        named = {element for element in iterate(self.statement) if isinstance(element, Table)}
        return frozenset(named | ({self.writes} if self.writes is not None else set()))

    def compiled(self, dialect: Dialect) -> "CompiledStatement":
        """For the driver under this dialect."""
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = CompiledStatement(self.statement, dialect)
        return known


def _row_of(names: list[str]) -> Any:
    """A type of rows that show the names of their columns only: values are personal or secret."""
    values = namedtuple("values", names)  # type: ignore[misc] # noqa: PYI024

    class FixedRow(values):
        __slots__ = ()

        def __repr__(self) -> str:
            return f"FixedRow({', '.join(self._fields)})"

    return FixedRow


class CompiledStatement:
    """A statement's text, the order of its parameters, and what its rows are made of."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        binds = compiled.binds
        self._constants = {
            name: bind.effective_value
            for name, bind in binds.items()
            if bind.effective_value is not None
        }
        self._parameters = [
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ]
        columns = list(getattr(statement, "exported_columns", ()))
        self.returns_row = bool(columns)
        self._make_row: Callable[[list[Any]], Any] = _row_of([c.name for c in columns])._make
        processors = [
            (at, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for at, column in enumerate(columns)
        ]
        self._results: list[tuple[int, _Processor]] = [(at, p) for at, p in processors if p]

    @property
    def parameter_count(self) -> int:
        return len(self._parameters)

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """What the driver is given, in the text's order. Raises KeyError where one is missing."""
        values = []
        for name, process in self._parameters:
            value = parameters[name] if name in parameters else self._constants[name]
            values.append(process(value) if process else value)
        return values

    def row(self, record: Any) -> Any:
        """The driver's record, with its columns as attributes."""
        values = list(record)
        for at, process in self._results:
            values[at] = process(values[at])
        return self._make_row(values)
