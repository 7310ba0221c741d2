"""The access matrix: every operation, called by every kind of caller."""

import pytest
from fastapi import FastAPI

from config.container import container_for
from config.settings import load_settings
from entrypoints.http.app import create_app
from entrypoints.http.operations import AccessUndeclared, require_access_rules
from tests.entrypoints.http.access_matrix import CALLERS, MATRIX
from tests.entrypoints.http.api import Api
from tests.entrypoints.http.contract import operations
from tests.entrypoints.http.matrix_calls import answer_to, gather


async def test_every_operation_answers_as_the_matrix_says(api: Api) -> None:
    people = await gather(api)
    answers = {
        called.id: {
            name: await answer_to(api, called, people, credential)
            for name, credential in people.callers.items()
        }
        for called in operations()
    }
    assert answers == MATRIX


def test_the_matrix_is_full() -> None:
    assert MATRIX.keys() == {each.id for each in operations()}
    assert all(row.keys() == set(CALLERS) for row in MATRIX.values())


def test_a_route_that_does_not_say_who_may_call_it_starts_no_application() -> None:
    app = create_app(container_for(load_settings(database_url="memory://")))
    assert isinstance(app, FastAPI)

    @app.get("/api/v1/planted")
    async def planted() -> None: ...

    with pytest.raises(AccessUndeclared, match="/api/v1/planted"):
        require_access_rules(app)
