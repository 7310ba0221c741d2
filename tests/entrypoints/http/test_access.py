"""Who may call what: every operation against every kind of caller it must turn away."""

from domain.events import EventKind
from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.contract import Operation, operation, operations

PROTECTED = [each for each in operations() if each.needs_credential]
OPEN = [each for each in operations() if not each.takes_credential]
# One's own keys are there for everybody who is signed in.
MAY_BE_DENIED = [
    each
    for each in PROTECTED
    if each.access not in ("any credential", "session", "recent session")
    and each.id != "listApiKeys"
]


async def refusal(api: Api, called: Operation, headers: dict[str, str]) -> tuple[int, str]:
    before = api.stored()
    response = await api.request(**called.request(), headers=headers)
    assert api.stored() == before
    return response.status_code, response.json()["error"]


async def refusals(api: Api, headers: dict[str, str]) -> set[tuple[int, str]]:
    """What every operation that needs a credential says to this one, OAuth's in OAuth's words."""
    assert len(PROTECTED) > 10
    found = {str(each): await refusal(api, each, headers) for each in PROTECTED}
    for each in PROTECTED:
        if each.is_oauth:
            assert found.pop(str(each)) == (401, "invalid_client")
    return set(found.values())


async def test_nobody_gets_in_without_a_credential(api: Api) -> None:
    assert await refusals(api, {}) == {(401, "unauthorized")}


async def test_nobody_gets_in_with_a_session_that_has_ended(api: Api) -> None:
    person = await api.administrator()
    await api.post("/api/v1/auth/logout", headers=person.auth)
    assert await refusals(api, person.auth) == {(401, "invalid_access_token")}


async def test_nobody_gets_in_once_disabled(api: Api) -> None:
    person = await api.person()
    await api.disable(person)
    assert await refusals(api, person.auth) == {(401, "invalid_access_token")}


async def test_nobody_gets_in_with_a_key_that_was_not_handed_out(api: Api) -> None:
    assert await refusals(api, {"X-API-Key": "dw_x_y_z"}) == {(401, "invalid_api_key")}


async def anonymous_answers(api: Api, called: Operation, caller: Account) -> list[int]:
    request = called.request()
    return [
        (await api.request(**request, headers=headers)).status_code
        for headers in ({}, caller.auth, {"Authorization": "Bearer junk"}, {"X-API-Key": "junk"})
    ]


async def test_an_operation_for_anyone_ignores_credentials(api: Api) -> None:
    person = await api.person()
    for called in OPEN:
        statuses = await anonymous_answers(api, called, person)
        assert len(set(statuses)) == 1, (str(called), statuses)


async def test_registering_reads_the_credential_and_refuses_a_bad_one(api: Api) -> None:
    called = operation("registerUser")
    headers = {"Authorization": "Bearer junk"}
    assert await refusal(api, called, headers) == (401, "invalid_access_token")
    assert await refusal(api, called, {"Authorization": "Basic eDp5"}) == (401, "unauthorized")


async def test_an_account_without_permissions_is_turned_away(api: Api) -> None:
    person = await api.person()
    await api.set_roles(person)
    for called in MAY_BE_DENIED:
        # What stands under somebody's id does not exist for who may not see it.
        expected = (404, "not_found") if "{" in called.path else (403, "forbidden")
        assert (str(called), await refusal(api, called, person.auth)) == (str(called), expected)


async def test_a_refusal_of_a_known_caller_is_in_the_audit_log(api: Api) -> None:
    person = await api.person()
    await api.get("/api/v1/users", headers=person.auth | {"X-Request-ID": "seen"})
    (event,) = (
        each for each in api.records.events.values() if each.kind is EventKind.PERMISSION_DENIED
    )
    assert event.actor.id == person.id
    assert event.request_id == "seen"
    assert event.data == {"operation": "GET /api/v1/users", "missing": ["users:read"]}


async def test_a_refusal_of_an_unknown_caller_is_not(api: Api) -> None:
    before = dict(api.records.events)
    await api.get("/api/v1/users")
    await api.get("/api/v1/users", headers={"Authorization": "Bearer junk"})
    assert api.records.events == before


async def test_so_is_any_other_refusal_of_a_known_caller(api: Api) -> None:
    person = await api.person()
    api.container.register_user()._registration_is_open = False
    refused = await api.post(
        "/api/v1/users", json=operation("registerUser").request()["json"], headers=person.auth
    )
    assert (refused.status_code, refused.json()["error"]) == (403, "registration_closed")
    (event,) = (
        each for each in api.records.events.values() if each.kind is EventKind.PERMISSION_DENIED
    )
    assert event.actor.id == person.id
    assert event.data == {"operation": "POST /api/v1/users", "missing": ["registration_closed"]}
