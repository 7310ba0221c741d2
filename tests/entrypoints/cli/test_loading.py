"""What a server leaves out while it loads is there for who asks for it afterwards."""

import os
import subprocess
import sys

import pytest
from pydantic import BaseModel

from entrypoints.cli.loading import _NOT_FOR_SERVING, _WHEN_USED, lean_loading
from tests.architecture.tree import ROOT

LOADED_LEAN = """
import gc, sys
from entrypoints.cli.loading import lean_loading
with lean_loading():
    import dependency_injector.providers, fastapi, jwt, structlog, uvicorn
    import sqlalchemy.dialects.postgresql
assert gc.isenabled() and gc.get_freeze_count() > 50_000
"""
"""Everything that would load what a server has no use for."""

USES = {
    "cryptography.x509": "from cryptography import x509; x509.CertificateBuilder()",
    "logging.config": "import logging.config; logging.config.dictConfig({'version': 1})",
    "sqlalchemy.dialects.postgresql.pg8000": (
        "from sqlalchemy.dialects.postgresql import pg8000; pg8000.dialect()"
    ),
    "sqlalchemy.dialects.postgresql.psycopg2": (
        "from sqlalchemy.dialects.postgresql import psycopg2; psycopg2.dialect()"
    ),
    "sqlalchemy.dialects.postgresql.psycopg2cffi": (
        "from sqlalchemy.dialects.postgresql import psycopg2cffi; psycopg2cffi.dialect()"
    ),
}


def run(program: str, **variables: str) -> None:
    environment = {name: it for name, it in os.environ.items() if not name.startswith("OTEL_")}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_every_module_that_waits_for_its_use_has_one() -> None:
    assert USES.keys() == _WHEN_USED


def test_modules_that_wait_run_when_they_are_used() -> None:
    looks = "".join(
        f"name = {name!r}\n"
        "assert type(sys.modules[name]).__name__ == '_LazyModule', name\n"
        f"{use}\n"
        "assert type(sys.modules[name]).__name__ == 'module', name\n"
        for name, use in USES.items()
    )
    run(LOADED_LEAN + looks)


def test_modules_that_were_left_out_are_found_again() -> None:
    # Not all are installed everywhere.
    names = [name for name in _NOT_FOR_SERVING if name not in ("flask", "yaml", "werkzeug")]
    looks = "".join(f"assert {name!r} not in sys.modules\nimport {name}\n" for name in names)
    run("import warnings; warnings.simplefilter('ignore')\n" + LOADED_LEAN + looks)


REDIS_LOADED_LEAN = """
import sys
from entrypoints.cli.loading import lean_loading
with lean_loading():
    import redis.asyncio
loaded = "opentelemetry.sdk" in sys.modules
import opentelemetry.sdk.trace
"""


def test_tracing_is_loaded_where_it_may_be_switched_on() -> None:
    run(REDIS_LOADED_LEAN + "assert not loaded")
    run(REDIS_LOADED_LEAN + "assert loaded", OTEL_TRACES_EXPORTER="otlp")


def test_modules_that_nobody_has_looked_for_are_found() -> None:
    run(LOADED_LEAN + "import colorsys, wsgiref.validate, sqlalchemy.orm, entrypoints.cli.commands")


MANY_MADE_AND_KEPT = """
before = gc.get_stats()
kept = [[] for _ in range(8_000)]
assert gc.get_stats() == before, "collected"
kept += [[] for _ in range(8_000)]
assert gc.get_stats() != before, "not collected"
"""


def test_what_requests_are_made_of_is_not_searched_for_rubbish() -> None:
    run(LOADED_LEAN + MANY_MADE_AND_KEPT)


MODELS_LOADED_LEAN = """
from entrypoints.cli.loading import lean_loading
with lean_loading():
    from fastapi.openapi.models import OpenAPI
from pydantic import BaseModel
assert type(OpenAPI.__pydantic_validator__).__name__ == "MockValSer"
OpenAPI(openapi="3.1.0", info={"title": "-", "version": "-"})
assert type(OpenAPI.__pydantic_validator__).__name__ == "SchemaValidator"
class Model(BaseModel): pass
assert type(Model.__pydantic_validator__).__name__ == "SchemaValidator"
"""


def test_models_of_libraries_are_made_ready_when_they_are_used() -> None:
    run(MODELS_LOADED_LEAN)


def test_a_failure_while_loading_leaves_python_as_it_was() -> None:
    finders, modules, config = list(sys.meta_path), set(sys.modules), BaseModel.model_config
    with pytest.raises(ZeroDivisionError), lean_loading():
        raise ZeroDivisionError
    assert sys.meta_path == finders
    assert set(sys.modules) == modules
    assert BaseModel.model_config is config
