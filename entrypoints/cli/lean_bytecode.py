"""Byte code of libraries without what is there for readers and type checkers alone.

To be run once they are installed, by who may write where they are:

    python -X no_debug_ranges -m entrypoints.cli.lean_bytecode

What it makes stands where Python keeps byte code, belongs to the same sources, and runs as they
do. It is what `python -OO` would make, but that assertions stay, and of each docstring a character.
A server holds some 5 MiB less of it.
"""

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from types import CodeType
from typing import Any

_LIBRARIES = (
    *("aiosqlite", "annotated_types", "anyio", "argon2", "asyncpg", "click", "cryptography"),
    *("dependency_injector", "dotenv", "fastapi", "idna", "jwt", "opentelemetry"),
    *("prometheus_client", "pydantic", "pydantic_core", "pydantic_settings", "redis"),
    *("sqlalchemy", "starlette", "structlog", "typing_extensions", "typing_inspection"),
    *("uvicorn", "uvloop"),
)
"""What a server keeps most of."""
_UNTYPED = (
    *("asyncpg", "pydantic_core", "redis", "sqlalchemy", "uvicorn"),
    # Every parameter has a page of documentation in its annotation.
    *("fastapi.applications", "fastapi.param_functions", "fastapi.routing"),
)
"""Nobody looks at the annotations of their functions, or at what their typed dictionaries hold."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    """Compiles all of them. Raises OSError where that cannot be written."""
    # Writing is what this is for, whatever the environment says (PYTHONDONTWRITEBYTECODE).
    sys.dont_write_bytecode = False
    for library in _LIBRARIES:
        for module, source in _sources(library):
            untyped = any(f"{module}.".startswith(f"{name}.") for name in _UNTYPED)
            compile_lean(source, untyped=untyped)


def compile_lean(source: Path, *, untyped: bool) -> None:
    """In the place of the byte code that is there."""
    compiled = Path(cache_from_source(str(source)))
    # Python takes what is there as long as it belongs to the source.
    compiled.unlink(missing_ok=True)
    _LeanLoader(source, untyped=untyped).get_code(source.stem)
    if not compiled.exists():
        raise OSError(f"{compiled} cannot be written")


def _sources(library: str) -> Iterator[tuple[str, Path]]:
    """Its modules' names and files."""
    spec = find_spec(library)
    if spec is None:
        return
    if spec.origin is not None and not spec.submodule_search_locations:
        yield library, Path(spec.origin)
    for folder in map(Path, spec.submodule_search_locations or ()):
        for source in folder.rglob("*.py"):
            inside = source.relative_to(folder).with_suffix("")
            yield ".".join((library, *inside.parts)), source


class _LeanLoader(SourceFileLoader):
    def __init__(self, source: Path, *, untyped: bool) -> None:
        super().__init__(source.stem, str(source))
        self._untyped = untyped

    def source_to_code(  # type: ignore[override]  # said to be static, and called of an instance
        self, data: Any, path: Any, *, _optimize: int = -1
    ) -> CodeType:
        tree = ast.parse(data, path)
        for node in ast.walk(tree):
            _shorten_docstring(node)
            _drop_overloads(node)
            if self._untyped:
                _drop_annotations(node)
        code: CodeType = compile(tree, path, "exec", dont_inherit=True, optimize=_optimize)
        return code


def _shorten_docstring(node: ast.AST) -> None:
    """To one character: libraries may count on having some (SQLAlchemy's events do)."""
    if not isinstance(node, ast.Module | ast.ClassDef | _Function):
        return
    if ast.get_docstring(node, clean=False) is not None:
        first = node.body[0]
        node.body[0] = ast.copy_location(ast.Expr(ast.Constant(".")), first)
        ast.fix_missing_locations(node.body[0])


def _drop_overloads(node: ast.AST) -> None:
    """Those that a definition of the same name follows."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.If):
        return
    last = {each.name: each for each in node.body if isinstance(each, _Function)}
    superseded = [
        each
        for each in node.body
        if isinstance(each, _Function) and _is_overload(each) and not _is_overload(last[each.name])
    ]
    node.body = [each for each in node.body if each not in superseded]


def _is_overload(function: _Function) -> bool:
    names = [ast.unparse(decorator) for decorator in function.decorator_list]
    return any(name.rpartition(".")[-1] == "overload" for name in names)


def _drop_annotations(node: ast.AST) -> None:
    if isinstance(node, _Function):
        node.returns = None
    elif isinstance(node, ast.arg):
        node.annotation = None
    elif isinstance(node, ast.ClassDef) and "TypedDict" in map(ast.unparse, node.bases):
        kept = [each for each in node.body if not isinstance(each, ast.AnnAssign)]
        node.body = [*kept, ast.copy_location(ast.Pass(), node.body[0])]


if __name__ == "__main__":
    main()
