"""Lines of files, good and bad: each has its number, and none takes the others along."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.users.importing import ImportLine
from domain.transfer import LineFault
from entrypoints.cli.endings import Refused
from entrypoints.cli.users.import_lines import LONGEST_LINE_BYTES, FileFormat, read_lines

BOM = b"\xef\xbb\xbf"
ADA, BOB = {"email": "ada@example.com"}, {"email": "bob@example.com"}
ADA_LINE, BOB_LINE = b'{"email": "ada@example.com"}', b'{"email": "bob@example.com"}'


def contents(data: bytes, form: FileFormat) -> list[tuple[int, object]]:
    """Number and fields of what was read, number and code of what was not."""
    found: list[tuple[int, object]] = []
    for line in read_lines(io.BytesIO(data), form):
        match line.content:
            case ImportLine(number=number, fields=fields):
                found.append((number, dict(fields)))
            case LineFault(line=number, detail=detail):
                found.append((number, detail.code))
    return found


def ndjson(data: bytes) -> list[tuple[int, object]]:
    return contents(data, FileFormat.NDJSON)


def csv(data: bytes) -> list[tuple[int, object]]:
    return contents(data, FileFormat.CSV)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("start", [b"", BOM])
def test_lines_are_numbered_from_one_and_blank_ones_count(start: bytes, end: bytes) -> None:
    data = start + end.join([ADA_LINE, b"", b"  ", BOB_LINE])
    for whole in (data, data + end, data + end + end):
        assert ndjson(whole) == [(1, ADA), (4, BOB)]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"{", "not_json"),
        (b"junk", "not_json"),
        (b"[]", "not_json"),
        (b'"ada@example.com"', "not_json"),
        (b"null", "not_json"),
        (ADA_LINE + ADA_LINE, "not_json"),
        (b'{"email": "a@b.dev", "email": "c@d.dev"}', "not_json"),
        (b'{"api_keys": [{"name": 1, "name": 2}]}', "not_json"),
        (b"[" * 500_000, "not_json"),
        (b'{"a":' * 200_000, "not_json"),
        (b"9" * 100_000, "not_json"),
        (b'{"email": "\xff"}', "not_utf8"),
        (b'{"email": "\xed\xa0\x80"}', "not_utf8"),
        ('{"email": "ada@example.com"}'.encode("utf-16"), "not_utf8"),
        (b" " * (LONGEST_LINE_BYTES + 1), "line_too_long"),
        (b'{"name": "' + b"x" * 10_000_000 + b'"}', "line_too_long"),
    ],
)
def test_a_bad_line_is_named_and_the_next_one_read(bad: bytes, code: str) -> None:
    assert ndjson(ADA_LINE + b"\n" + bad + b"\n" + BOB_LINE) == [(1, ADA), (2, code), (3, BOB)]
    assert ndjson(bad) == [(1, code)]


def test_a_line_may_be_as_long_as_it_says() -> None:
    padded = ADA_LINE + b" " * (LONGEST_LINE_BYTES - len(ADA_LINE))
    assert ndjson(padded) == [(1, ADA)]
    assert ndjson(padded + b"\r\n" + BOB_LINE) == [(1, ADA), (2, BOB)]
    assert ndjson(padded + b" \n" + BOB_LINE) == [(1, "line_too_long"), (2, BOB)]


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    class Endless(io.RawIOBase):
        left = 64 * 1024 * 1024

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size < 4 * LONGEST_LINE_BYTES
            given = min(size, self.left)
            self.left -= given
            return b"x" * given

    tracemalloc.start()
    lines = list(read_lines(Endless(), FileFormat.NDJSON))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [line.size for line in lines] == [64 * 1024 * 1024]
    assert peak < 8 * LONGEST_LINE_BYTES


def test_sizes_add_up_to_the_file() -> None:
    data = BOM + ADA_LINE + b"\r\n{\n" + BOB_LINE
    assert sum(line.size for line in read_lines(io.BytesIO(data), FileFormat.NDJSON)) == len(data)


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([ADA_LINE, b"{", b"\n", b"\xff"])).map(b"".join)
)
def test_any_bytes_are_lines(data: bytes) -> None:
    numbers = [number for number, _ in ndjson(data)]
    assert numbers == sorted(set(numbers))
    assert all(number <= data.count(b"\n") + 1 for number in numbers)


HEADER = b"email,name,email_verified,roles\n"


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (b"ada@example.com,Ada,,user", ADA | {"name": "Ada", "roles": ["user"]}),
        (b"ada@example.com,,TRUE,", ADA | {"email_verified": True}),
        (b"ada@example.com,,,", ADA),
        (b'ada@example.com,"Ada, ""the"" L",,', ADA | {"name": 'Ada, "the" L'}),
        (b'ada@example.com,"",f,""', ADA | {"email_verified": False}),
        (b"ada@example.com,,maybe,", ADA | {"email_verified": "maybe"}),
        (b"ada@example.com,,,user admin;auditor", ADA | {"roles": ["user", "admin", "auditor"]}),
        (b'ada@example.com,,,"user, admin"', ADA | {"roles": ["user", "admin"]}),
        (b"ada@example.com,a\x00b,,", ADA | {"name": "a\x00b"}),
        ("ada@example.com,Łukasz,,".encode(), ADA | {"name": "Łukasz"}),
    ],
)  # fmt: skip
def test_rows_become_fields(row: bytes, fields: dict[str, object]) -> None:
    assert csv(HEADER + row) == [(2, fields)]
    assert csv(BOM + (HEADER + row + b"\n\nbob@example.com,,,").replace(b"\n", b"\r\n")) == [
        (2, fields),
        (4, BOB),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b"ada@example.com", "wrong_column_count"),
        (b"ada@example.com,,,,", "wrong_column_count"),
        (b'ada@example.com,"Ada,,', "not_csv"),
        (b'ada@example.com,"Ada"L,,', "not_csv"),
        (b"ada@example.com,\xff,,", "not_utf8"),
        (b"ada@example.com," + b"x" * 10_000_000 + b",,", "line_too_long"),
        (b"ada@example.com," + b"x" * 200_000 + b",,", "not_csv"),
    ],
)
def test_a_bad_row_is_named_and_the_next_one_read(row: bytes, code: str) -> None:
    data = HEADER + row + b"\nbob@example.com,,,\n"
    assert csv(data) == [(2, code), (3, BOB)]


def test_a_quote_that_never_ends_takes_no_other_line_along() -> None:
    rows = b'"ada@example.com,,,\n' + b"bob@example.com,,,\n" * 3
    assert csv(HEADER + rows) == [(2, "not_csv"), (3, BOB), (4, BOB), (5, BOB)]


def test_columns_come_in_any_order_and_case() -> None:
    assert csv(b"Name , EMAIL\nAda,ada@example.com\n") == [(2, ADA | {"name": "Ada"})]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"", "there is no column email"),
        (b"name,status\n", "there is no column email"),
        (b"email;name\n", "column 1 is none of"),
        (b"email,hashed_password\n", "column 2 is none of"),
        (b"email,api_keys\n", "column 2 is none of"),
        (b"email,name,name\n", "a column is there twice"),
        (b'"email,name\n', "Quotes do not match"),
        (b"\xffemail\n", "not UTF-8"),
        ("email\n".encode("utf-16"), "not UTF-8"),
        (b"\x00" * 10_000_000, "at most"),
        (b"\nemail\n", "there is no column email"),
    ],
)
def test_a_file_whose_header_is_at_fault_means_nothing(header: bytes, reason: str) -> None:
    lines: Iterator[object] = read_lines(
        io.BytesIO(header + b"ada@example.com,quicksilver\n" if header else b""), FileFormat.CSV
    )
    with pytest.raises(Refused, match=reason) as refused:
        list(lines)
    assert str(refused.value).startswith("line 1: ")
    assert "hashed" not in str(refused.value)
    assert "quicksilver" not in str(refused.value)
