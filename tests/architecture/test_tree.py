"""What has no place in any file: left-overs, somebody's machine, tests that do not run."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import ROOT, parsed, project_files, python_files

# In halves, so that this file passes as well.
UNWANTED = {
    "left-over": re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"),
    # Examples may name the home of an account that nobody has.
    "somebody's machine": re.compile(
        r"(?<![\w.}$])/(?:home/(?!door)|Users/|root/|work/|mnt/)\w|\b[A-Z]:\\\w"
    ),
    "package index": re.compile(r"\bpypi\.(?:org|io)\b|\bpython" r"hosted\b"),
    "merge conflict": re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE),
}
NOT_RUN = {"skip", "skipif", "xfail", "importorskip", "skipTest"}


def texts() -> Iterator[tuple[str, str]]:
    for path in project_files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            yield str(path), content.decode("utf-8")


@pytest.mark.parametrize("kind", UNWANTED)
def test_no_file_holds(kind: str) -> None:
    found = {path: hit[0] for path, text in texts() if (hit := UNWANTED[kind].search(text))}
    assert found == {}


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    sidelined = {
        str(path): names
        for path in python_files()
        if path.parts[0] == "tests"
        and (
            names := NOT_RUN
            & {node.attr for node in ast.walk(parsed(path)) if isinstance(node, ast.Attribute)}
        )
    }
    assert sidelined == {}
