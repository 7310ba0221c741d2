"""The shipped list: all that stands in it is found, and nothing else."""

from adapters.crypto.common_passwords import _LIST, CommonPasswords

common = CommonPasswords()


def test_every_line_is_a_common_password() -> None:
    lines = _LIST.read_text().splitlines()
    assert len(lines) > 10_000
    assert [line for line in lines if line not in common] == []


def test_parts_of_a_line_and_what_is_no_line_are_none() -> None:
    lines = {*_LIST.read_text().splitlines()}
    parts = {part for line in lines for part in (line[1:], line[:-1], f"{line} ")} - lines
    assert len(parts) > len(lines)
    for text in {*parts, "", "\n", "an unusual sentence", "пароль"}:
        assert text not in common
