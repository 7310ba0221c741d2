"""Byte code that leaves out what is only read: it runs as its source does."""

import os
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from entrypoints.cli.lean_bytecode import _LIBRARIES, compile_lean
from tests.architecture.tree import ROOT

SOURCE = '''"""About the module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypedDict, overload


class OnlyDocumented(Exception):
    """About the class."""


@dataclass
class Point:
    """About the fields."""

    x: int
    y: int = 2


class Options(TypedDict, total=False):
    """What may be given."""

    depth: int


class Reads(Protocol):
    @overload
    def read(self, size: int) -> bytes: ...
    @overload
    def read(self, size: None) -> str: ...


@overload
def double(value: int) -> int: ...
@overload
def double(value: str) -> str: ...
def double(value: int | str) -> int | str:
    """Twice."""
    assert value != 0, "nothing to double"
    return value * 2


async def only_documented(*, argument: int = 1) -> None:
    """Does nothing."""


def text():
    return "not a docstring"


def fails():
    """Where it fails can be told."""
    raise OnlyDocumented
'''
LINE_OF_FAILURE = SOURCE[: SOURCE.index("raise OnlyDocumented")].count("\n") + 1

USE = """
import asyncio, typing, pytest, library

assert library.Point(1) == library.Point(1, 2)
assert library.Options(depth=1) == {"depth": 1}
assert (library.double(2), library.double("a")) == (4, "aa")
with pytest.raises(AssertionError, match="nothing to double"):
    library.double(0)
assert asyncio.run(library.only_documented()) is None
assert library.text() == "not a docstring"
with pytest.raises(library.OnlyDocumented) as failure:
    library.fails()
assert failure.traceback[-1].lineno + 1 == LINE
"""
AS_WRITTEN = """
assert library.__doc__ == "About the module."
assert library.double.__doc__ == "Twice."
assert len(typing.get_overloads(library.double)) == 2
assert library.double.__annotations__["value"] == "int | str"
"""
LEAN = """
documented = library, library.OnlyDocumented, library.Point, library.Options, library.double
assert {each.__doc__ for each in documented} == {"."}
assert typing.get_overloads(library.double) == []
# What nothing else stands for stays: a protocol is its overloads.
assert callable(library.Reads.read)
assert library.Point.__annotations__ == {"x": "int", "y": "int"}
"""
TYPED = """
assert library.double.__annotations__["value"] == "int | str"
assert list(library.Options.__annotations__) == ["depth"]
"""
UNTYPED = """
assert library.double.__annotations__ == library.only_documented.__annotations__ == {}
assert library.Options.__annotations__ == {}
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As it is installed: with the byte code that Python makes by itself."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source = tmp_path / "library.py"
    source.write_text(SOURCE)
    use(source, AS_WRITTEN)
    assert Path(cache_from_source(str(source))).exists()
    return source


def use(source: Path, claims: str) -> None:
    program = USE.replace("LINE", str(LINE_OF_FAILURE)) + claims
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=source.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(("untyped", "claims"), [(False, TYPED), (True, UNTYPED)])
def test_it_runs_as_its_source_without_what_is_only_read(
    library: Path, untyped: bool, claims: str
) -> None:
    for _ in range(2):
        compile_lean(library, untyped=untyped)
        use(library, LEAN + claims)


def test_a_source_that_changes_is_compiled_anew(library: Path) -> None:
    compile_lean(library, untyped=True)
    library.write_text(SOURCE.replace("value * 2", "value * 1 * 2"))
    use(library, AS_WRITTEN)


def test_where_nothing_can_be_written_it_says_so(library: Path) -> None:
    folder = Path(cache_from_source(str(library))).parent
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(OSError, match=r"cannot be written|Not a directory"):
        compile_lean(library, untyped=False)


def test_the_libraries_here_are_lean() -> None:
    """`make` does it: what the suite says of Doorward it says of it with these."""
    program = f"""
import sys, {", ".join(_LIBRARIES)}
theirs = [each for name, each in sys.modules.items() if name.split(".")[0] in {_LIBRARIES}]
sources = [each for each in theirs if str(each.__file__).endswith(".py")]
documented = [each for each in sources if len(each.__doc__ or "") > 1]
# PyJWT's is made of other texts when it is loaded.
assert len(sources) > 400 and documented == [jwt], documented
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
