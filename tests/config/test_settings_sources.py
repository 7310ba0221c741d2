"""Where settings come from: environment, .env, secret files and bare names."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import ConfigurationError, Settings, find_unknown_variables, load_settings
from config.settings.variables import FILE_READABLE

SetVariables = Callable[..., None]
FindFaults = Callable[..., list[str]]


def revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def test_environment_wins_over_the_env_file(tmp_path: Path, set_variables: SetVariables) -> None:
    (tmp_path / ".env").write_text("DOORWARD_PORT=1111\nDOORWARD_WORKERS=2\nOTHER=x\n")
    set_variables(PORT="2222")
    settings = load_settings()
    assert (settings.port, settings.workers) == (2222, 2)


def test_env_file_may_point_to_a_secret_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    (tmp_path / ".env").write_text("DOORWARD_SECRET_KEY_FILE=secret\n")
    assert revealed(load_settings().secret_key) == "from a file"


def test_unreadable_env_file_is_a_fault(tmp_path: Path, find_faults: FindFaults) -> None:
    (tmp_path / ".env").write_bytes(b"DOORWARD_SECRET_KEY=\xff\xfe\n")
    assert find_faults() == [".env: cannot be read as UTF-8 text"]


def test_empty_variables_are_not_set(set_variables: SetVariables) -> None:
    names = {name.upper(): "" for name in Settings.model_fields}
    files = {f"{name.upper()}_FILE": " " for name in FILE_READABLE}
    expected = load_settings()
    set_variables(**names, **files)
    assert load_settings() == expected


def test_names_are_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("doorward_port", "1111")
    assert load_settings().port == 8000
    assert find_unknown_variables() == ["doorward_port"]


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_bare_names_are_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bare, prefixed = ("postgres://bare/x", "postgres://own/x")
    if name == "REDIS_URL":
        bare, prefixed = ("redis://bare", "redis://own")
    monkeypatch.setenv(name, bare)
    assert revealed(getattr(load_settings(), name.lower())) == bare
    monkeypatch.setenv(f"DOORWARD_{name}", prefixed)
    assert revealed(getattr(load_settings(), name.lower())) == prefixed


def test_secret_file_wins_over_a_bare_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_variables: SetVariables
) -> None:
    (tmp_path / "url").write_text("redis://own")
    monkeypatch.setenv("REDIS_URL", "redis://bare")
    set_variables(REDIS_URL_FILE="url")
    assert revealed(load_settings().redis_url) == "redis://own"


def test_faults_of_a_bare_name_name_it(
    monkeypatch: pytest.MonkeyPatch, find_faults: FindFaults
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://h/db")
    assert find_faults() == ["DATABASE_URL: must be a postgresql://, sqlite:/// or memory:// URL"]


FILE_VALUES = {
    "secret_key": "a secret, with a comma",
    "secret_key_previous": "one",
    "database_url": "postgresql://u:p@h/db",
    "database_read_url": "postgresql://u:p@r/db",
    "redis_url": "redis://h",
    "smtp_url": "smtp://h",
    "mail_api_token": "token",
    "metrics_token": "token",
    "admin_password": " spaces stay ",
}


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_every_secret_comes_from_a_file(
    end: str, tmp_path: Path, set_variables: SetVariables
) -> None:
    for name, value in FILE_VALUES.items():
        (tmp_path / name).write_bytes((value + end).encode())
        set_variables(**{f"{name.upper()}_FILE": str(tmp_path / name)})
    settings = load_settings()
    for name, value in FILE_VALUES.items():
        found = getattr(settings, name)
        assert revealed(found[0] if isinstance(found, tuple) else found) == value


def test_settings_that_hold_secrets_are_those_that_files_may_hold() -> None:
    secret = {name for name, it in Settings.model_fields.items() if "SecretStr" in repr(it)}
    assert secret == FILE_READABLE == FILE_VALUES.keys()


@pytest.mark.parametrize("written", ["one,two", "one\ntwo\n", " one ,\r\ntwo\n", '["one", "two"]'])
def test_previous_secrets_by_comma_or_line(
    written: str, tmp_path: Path, set_variables: SetVariables
) -> None:
    (tmp_path / "previous").write_text(written)
    set_variables(SECRET_KEY_PREVIOUS_FILE="previous")
    found = load_settings().secret_key_previous
    assert [revealed(secret) for secret in found] == ["one", "two"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "names a file that does not exist"),
        (b"", "names a file that is empty"),
        (b" \n", "names a file that is empty"),
        (b"\xff\xfe", "names a file that is not UTF-8 text"),
        (b"a\x00b", "names a file that is not UTF-8 text"),
        (b"x" * 65537, "names a file of more than 65536 bytes"),
    ],
)
def test_unusable_secret_files(
    content: bytes | None, fault: str, tmp_path: Path, find_faults: FindFaults
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    assert find_faults(SECRET_KEY_FILE="secret") == [f"DOORWARD_SECRET_KEY_FILE: {fault}"]


def test_a_folder_is_no_secret_file(tmp_path: Path, find_faults: FindFaults) -> None:
    assert find_faults(METRICS_TOKEN_FILE=str(tmp_path)) == [
        "DOORWARD_METRICS_TOKEN_FILE: names a file that cannot be read"
    ]


def test_a_secret_file_may_be_a_pipe(set_variables: SetVariables) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"from a pipe\n")
    os.close(writer)
    set_variables(SECRET_KEY_FILE=f"/dev/fd/{reader}")
    assert revealed(load_settings().secret_key) == "from a pipe"
    os.close(reader)


@pytest.mark.parametrize("name", sorted(FILE_READABLE))
def test_value_and_file_together_are_a_fault(
    name: str, tmp_path: Path, find_faults: FindFaults
) -> None:
    (tmp_path / "secret").write_text(FILE_VALUES[name])
    faults = find_faults(**{name.upper(): FILE_VALUES[name], f"{name.upper()}_FILE": "secret"})
    assert faults == [
        f"DOORWARD_{name.upper()}: must not be given beside "
        f"DOORWARD_{name.upper()}_FILE; keep one of the two"
    ]


def test_values_that_are_no_text(monkeypatch: pytest.MonkeyPatch, find_faults: FindFaults) -> None:
    monkeypatch.setitem(os.environ, "DOORWARD_ADMIN_PASSWORD", "a\udcffb")
    assert find_faults() == ["DOORWARD_ADMIN_PASSWORD: must be UTF-8 text without NUL"]


def test_a_rule_blames_the_variable_that_was_set(
    tmp_path: Path, find_faults: FindFaults, set_variables: SetVariables
) -> None:
    (tmp_path / "secret").write_text("short")
    set_variables(ENVIRONMENT="production", REGISTRATION_CONFIRMATION="none")
    assert find_faults(SECRET_KEY_FILE="secret") == [
        "DOORWARD_SECRET_KEY_FILE: must be at least 32 bytes long"
    ]


def test_unknown_variables_are_found(tmp_path: Path, set_variables: SetVariables) -> None:
    (tmp_path / ".env").write_text("DOORWARD_WORKER=2\nOTHER=1\n")
    set_variables(PROT="1", PORT_FILE="x", TEST_DATABASE_URL="x", PORT="1", REDIS_URL_FILE="x")
    assert find_unknown_variables() == ["DOORWARD_PORT_FILE", "DOORWARD_PROT", "DOORWARD_WORKER"]
    assert find_unknown_variables({"DOORWARD_X": "", "PATH": "", "DATABASE_URL": ""}) == [
        "DOORWARD_X"
    ]


def test_the_error_carries_all_lines() -> None:
    error = ConfigurationError(("A: one", "B: two"))
    assert (error.faults, str(error)) == (("A: one", "B: two"), "A: one\nB: two")
