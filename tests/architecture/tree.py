"""The files of the project, and what each module of its rooms imports."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Of what is hidden, the rest is the business of editors and tools.
HIDDEN = {".ci", ".dockerignore", ".env.example", ".github", ".gitignore"}
ROOMS = ("domain", "application", "adapters", "config", "entrypoints")


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that belongs to the project, relative to its root: what git does not ignore."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    ignored = tuple(line.rstrip("/") for line in lines)
    return tuple(sorted(_below(ROOT, ignored)))


def _below(folder: Path, ignored: tuple[str, ...]) -> Iterator[Path]:
    for entry in folder.iterdir():
        is_hidden = entry.name.startswith(".") and entry.name not in HIDDEN
        if is_hidden or any(fnmatch(entry.name, pattern) for pattern in ignored):
            continue
        if entry.is_dir():
            yield from _below(entry, ignored)
        else:
            yield entry.relative_to(ROOT)


def python_files() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".py"]


def room_files() -> list[Path]:
    return [path for path in python_files() if path.parts[0] in ROOMS]


def module_name(path: Path) -> str:
    """`adapters/sql/users.py` -> `adapters.sql.users`; a package goes by its folder."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def imported_names(path: Path) -> set[str]:
    """Every module that the file imports anywhere in it, whether at run time or for its types."""
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which room they reach"
            assert node.module is not None
            found.add(node.module)
    return found


def imported_packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported_names(path)}
