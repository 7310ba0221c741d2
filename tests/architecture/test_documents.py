"""The documents: what they link to, name and show exists."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from config.settings import find_unknown_variables
from tests.architecture.tree import ROOMS, ROOT, project_files

DOCUMENTS = [path for path in project_files() if path.suffix == ".md"]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECISIONS = [path for path in DOCUMENTS if path.parent == Path("docs/adr")]

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=str)


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def prose(path: Path) -> str:
    return FENCED.sub("", read(path))


def anchors(path: Path) -> set[str]:
    """As the usual renderers make them of headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@documents
def test_every_link_leads_somewhere(path: Path) -> None:
    dead = []
    for target, anchor in LINK.findall(prose(path)):
        found = (ROOT / path.parent / target).resolve() if target else ROOT / path
        known = not anchor or anchor in anchors(found.relative_to(ROOT))
        if not found.exists() or not known:
            dead.append(f"{target}#{anchor}")
    assert dead == []


@documents
def test_every_setting_that_is_named_exists(path: Path) -> None:
    # A name that ends in an underscore stands for all that begin with it.
    named = re.findall(r"\bDOORWARD_[A-Z0-9_]*[A-Z0-9]\b(?!_)", read(path))
    assert find_unknown_variables(dict.fromkeys(named, "")) == []


def shown_imports() -> Iterator[tuple[Path, str, str]]:
    for path in DOCUMENTS:
        for language, block in FENCED.findall(read(path)):
            if language == "python":
                for node in ast.walk(ast.parse(block)):
                    if isinstance(node, ast.ImportFrom) and node.module is not None:
                        for alias in node.names:
                            yield path, node.module, alias.name


def test_what_examples_import_exists() -> None:
    """But for the notes: the feature that CONTRIBUTING adds."""
    missing = [
        f"{path}: {module}.{name}"
        for path, module, name in shown_imports()
        if module.partition(".")[0] in ROOMS
        and not module.endswith(".notes")
        and not hasattr(import_module(module), name)
    ]
    assert missing == []


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=str)
def test_a_decision_says_what_it_costs_and_what_was_refused(path: Path) -> None:
    text = read(path)
    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "What we accept",
        "What we refused",
    ]
