"""Tables for people: no Python in them."""

import pytest

from entrypoints.cli.output import print_record


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (True, "yes"),
        (["admin", "user"], "admin, user"),
        ({"type": "user", "id": "7"}, "user 7"),
        ({"type": "operator", "id": None}, "operator"),
        (0, "0"),
    ],
)
def test_a_value_reads_as_people_write_it(
    value: object, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_record({"field": value}, as_json=False)
    cells = [cell.strip() for cell in capsys.readouterr().out.splitlines()[1].split("│")[1:-1]]
    assert cells == ["field", shown]
