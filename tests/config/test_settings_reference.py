"""The example file and the reference name exactly the settings there are, with their defaults."""

import re
from pathlib import Path

import pytest

from config.settings import Settings, find_unknown_variables, load_settings
from config.settings.variables import FILE_READABLE, variable_name

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

VARIABLES = sorted(map(variable_name, Settings.model_fields))
EXAMPLE_VALUES = dict(re.findall(r"^(DOORWARD_\w+)=(.*)$", EXAMPLE, re.MULTILINE))
ROWS = re.findall(r"^\| `(DOORWARD_\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", REFERENCE, re.MULTILINE)


def test_the_example_names_every_setting_once() -> None:
    named = re.findall(r"^(DOORWARD_\w+)=", EXAMPLE, re.MULTILINE)
    assert sorted(named) == VARIABLES


def test_every_setting_of_the_example_is_explained() -> None:
    explained = re.findall(r"^# \S.*\n(DOORWARD_\w+)=", EXAMPLE, re.MULTILINE)
    assert sorted(explained) == VARIABLES


def test_the_example_changes_nothing(tmp_path: Path) -> None:
    defaults = load_settings()
    (tmp_path / ".env").write_text(EXAMPLE, encoding="utf-8")
    assert load_settings() == defaults
    assert find_unknown_variables() == []


def test_the_example_holds_no_secret() -> None:
    assert not any(EXAMPLE_VALUES[variable_name(setting)] for setting in FILE_READABLE)


def test_the_reference_names_every_setting_once() -> None:
    assert sorted(name for name, *_ in ROWS) == VARIABLES


@pytest.mark.parametrize(("name", "default"), [(name, default) for name, _, default, _ in ROWS])
def test_the_reference_shows_the_defaults_of_the_example(name: str, default: str) -> None:
    if EXAMPLE_VALUES[name]:
        assert default == f"`{EXAMPLE_VALUES[name]}`"


def test_the_reference_lists_what_files_may_hold() -> None:
    paragraph = REFERENCE.partition("can be read from a file:")[2].partition(".")[0]
    assert {name.lower() for name in re.findall(r"`(\w+)`", paragraph)} == FILE_READABLE
