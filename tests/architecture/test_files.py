"""How files are named, how long they are, and that each says what it is for."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, parsed, python_files, room_files

LONGEST = 300
LONGEST_TEST = 400
# A migration is written once, read once and never edited: splitting it would help nobody.
MIGRATIONS = Path("adapters/sql/migrations/versions")

# Names that promise nothing, so that anything ends up there.
NAMES_OF_DRAWERS = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "utils"}

BACKENDS = ("memory", "sql")
# The one port that shares a file with another.
FILE_OF_PORT = {"CredentialRepository": "credentials"}

SCHEMAS = Path("entrypoints/http/schemas")
# Errors, and the pieces that several bodies are made of, belong to no single route.
SHARED_SCHEMAS = {"__init__", "bodies", "errors", "texts"}


def test_a_file_is_short_enough_to_read() -> None:
    too_long = {
        str(path): length
        for path in python_files()
        if not path.is_relative_to(MIGRATIONS)
        and (length := len((ROOT / path).read_text(encoding="utf-8").splitlines()))
        > (LONGEST_TEST if path.parts[0] == "tests" else LONGEST)
    }
    assert too_long == {}


def test_a_module_opens_with_what_it_is_responsible_for() -> None:
    silent = [str(path) for path in python_files() if not ast.get_docstring(parsed(path))]
    assert silent == []


def test_a_name_says_what_is_inside() -> None:
    drawers = [
        str(path)
        for path in python_files()
        if NAMES_OF_DRAWERS
        & {part.removesuffix(".py").removeprefix("test_") for part in path.parts}
    ]
    assert drawers == []


def classes_of(folder: str) -> dict[str, str]:
    """Every class defined below the folder -> the file there, or the folder, that holds it."""
    depth = len(Path(folder).parts)
    return {
        node.name: Path(path.parts[depth]).stem
        for path in room_files()
        if path.is_relative_to(folder)
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_repository_has_the_same_file_name_in_every_room(backend: str) -> None:
    ports = classes_of("application/ports").items()
    adapters = classes_of(f"adapters/{backend}")
    expected = {
        f"{backend.capitalize()}{port}": FILE_OF_PORT.get(port, file)
        for port, file in ports
        if port.endswith("Repository")
    }
    assert expected
    assert {name: adapters.get(name) for name in expected} == expected


def test_schemas_are_named_as_the_routes_that_use_them() -> None:
    http = [path for path in room_files() if path.is_relative_to("entrypoints/http")]
    routes = {path.stem for path in http if path.parent != SCHEMAS} | {p.parent.name for p in http}
    schemas = {path.stem for path in http if path.parent == SCHEMAS}
    assert schemas - SHARED_SCHEMAS <= routes
