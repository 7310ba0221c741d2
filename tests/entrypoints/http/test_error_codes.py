"""The list of error codes is closed: what can be raised is published and explained."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import get_args

import domain
from domain.errors import DomainError
from entrypoints.http import errors
from entrypoints.http.errors import HttpError, status_of
from entrypoints.http.schemas.errors import ERROR_CODES
from entrypoints.http.schemas.oauth import OAuthErrorCode
from entrypoints.http.serving import refusals
from tests.entrypoints.http.contract import document, operations
from tests.services import ROOT

PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


def domain_errors(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """Every class below, in whichever file of the domain it is."""
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    for error in kind.__subclasses__():
        yield error
        yield from domain_errors(error)


def http_errors() -> Iterator[HttpError]:
    """What each function of the module that makes one makes."""
    for _, make in inspect.getmembers(errors, inspect.isfunction):
        signature = inspect.signature(make)
        if make.__module__ == errors.__name__ and signature.return_annotation is HttpError:
            yield make(*([] for _ in signature.parameters))


def raised() -> dict[str, set[int]]:
    """Code -> the statuses that it leaves with."""
    found: dict[str, set[int]] = {}
    for error in domain_errors():
        if hasattr(error, "code"):
            found.setdefault(error.code, set()).add(status_of(error))
    for made in http_errors():
        found.setdefault(made.code, set()).add(made.status_code)
    return found


def test_what_can_be_raised_is_what_is_published() -> None:
    assert raised().keys() == ERROR_CODES


def test_a_code_has_one_status_and_only_one_code_is_the_services_own_fault() -> None:
    statuses = raised()
    assert {code: found for code, found in statuses.items() if len(found) != 1} == {}
    assert [code for code, found in statuses.items() if 500 in found] == ["internal_error"]


def test_every_kind_of_error_has_a_status() -> None:
    for error in domain_errors():
        assert 400 <= status_of(error) < 600


def test_codes_are_snake_case_and_messages_are_sentences() -> None:
    told = [(each.code, each.message) for each in domain_errors() if hasattr(each, "code")]
    told += [(each.code, each.message) for each in http_errors()]
    for code, message in told:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
        assert re.fullmatch(r"[A-Z][^\n{}%]*\.", message)


def test_the_page_explains_every_code_and_no_other() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| (.{20,}) \|$", PAGE, re.MULTILINE)
    assert {code: {int(status)} for status, code, _ in rows} == raised()
    assert len(rows) == len(ERROR_CODES)
    of_oauth = re.findall(r"^\| `(\w+)` \| (.{20,}) \|$", PAGE, re.MULTILINE)
    assert sorted(code for code, _ in of_oauth) == sorted(get_args(OAuthErrorCode))


def test_the_document_publishes_every_code() -> None:
    schemas = document()["components"]["schemas"]
    for name in ("ErrorBody", "ProblemBody"):
        assert set(schemas[name]["properties"]["error"]["enum"]) == ERROR_CODES


def test_the_document_names_no_other_code_with_a_status() -> None:
    known = raised() | {code: {400, 401} for code in get_args(OAuthErrorCode)}
    known["malformed_request"] |= by_the_server()["malformed_request"]
    for operation in operations():
        for status in operation.statuses:
            for code in operation.codes(status) if status >= 400 and status != 503 else ():
                assert status in known[code], (str(operation), status, code)


def by_the_server() -> dict[str, set[int]]:
    """What is refused before there is a request of the application."""
    found: dict[str, set[int]] = {}
    for _, each in inspect.getmembers(refusals, lambda it: isinstance(it, refusals.Refusal)):
        found.setdefault(each.code, set()).add(each.status)
    return found


def test_the_server_itself_refuses_with_the_same_codes() -> None:
    assert by_the_server() == {"malformed_request": {400, 408, 414, 431}, "unavailable": {503}}
    assert by_the_server().keys() <= ERROR_CODES
