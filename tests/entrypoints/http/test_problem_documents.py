"""Every error as a problem document (RFC 9457), for callers who ask for one."""

import pytest
from dependency_injector import providers

from tests.entrypoints.http.api import Api
from tests.entrypoints.http.promises import MARKER, check_error_body
from tests.entrypoints.http.test_boundary import Failing

PROBLEM = "application/problem+json"
REQUESTS = [
    (400, {"method": "POST", "url": "/api/v1/users", "content": MARKER}),
    (400, {"method": "GET", "url": "/api/v1/users", "headers": {"Host": MARKER}}),
    (401, {"method": "GET", "url": "/api/v1/users/me"}),
    (404, {"method": "GET", "url": f"/{MARKER}"}),
    (405, {"method": "DELETE", "url": "/api/v1/users"}),
    (413, {"method": "POST", "url": "/api/v1/users", "content": MARKER * 7000}),
    (415, {"method": "POST", "url": "/api/v1/users", "data": {"email": MARKER}}),
    (422, {"method": "POST", "url": "/api/v1/users", "json": {MARKER: MARKER}}),
    (422, {"method": "POST", "url": "/api/v1/users", "json": [MARKER]}),
]


@pytest.mark.parametrize(("status", "request_"), REQUESTS)
@pytest.mark.parametrize("accept", [PROBLEM, "text/html, Application/Problem+JSON;q=0.9, */*"])
async def test_whoever_asks_gets_a_problem_document(
    api: Api, status: int, request_: dict[str, object], accept: str
) -> None:
    headers = {"Content-Type": "application/json"} if "content" in request_ else {}
    headers |= dict(request_.get("headers", ()))  # type: ignore[call-overload]
    as_problem = await api.request(**request_ | {"headers": headers | {"Accept": accept}})  # type: ignore[arg-type]
    plain = await api.request(**request_ | {"headers": headers})  # type: ignore[arg-type]
    assert as_problem.status_code == plain.status_code == status
    assert as_problem.headers["content-type"] == PROBLEM
    assert plain.headers["content-type"] == "application/json"
    problem, error = check_error_body(as_problem), check_error_body(plain)
    assert {k: problem.get(k) for k in error if k != "request_id"} == {
        k: v for k, v in error.items() if k != "request_id"
    }


async def test_a_failure_is_one_too(api: Api) -> None:
    person = await api.person()
    api.may_fail = True
    api.container.get_own_account.override(providers.Object(Failing(RuntimeError(MARKER))))
    headers = person.auth | {"Accept": PROBLEM}
    response = await api.get("/api/v1/users/me", headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (500, PROBLEM)
    assert response.json()["title"] == "Internal Server Error"


async def test_an_answer_that_is_no_error_stays_as_it_is(api: Api) -> None:
    response = await api.get("/health", headers={"Accept": PROBLEM})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
