"""Where values come from: the environment, `.env` in the current folder, files for secrets."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
)

from config.settings.faults import ConfigurationError
from domain.text import is_storable

PREFIX = "DOORWARD_"
# Settings of the test suite; it reads them itself.
TEST_PREFIX = "DOORWARD_TEST_"
FILE_SUFFIX = "_FILE"
FILE_READABLE = frozenset(
    {
        "secret_key",
        "secret_key_previous",
        "database_url",
        "database_read_url",
        "redis_url",
        "smtp_url",
        "mail_api_token",
        "metrics_token",
        "admin_password",
    }
)
# Hosting platforms hand these out under their bare names.
ALSO_UNPREFIXED = frozenset({"database_url", "redis_url"})
LARGEST_SECRET_FILE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Unusable:
    """Stands where a value should: a variable is set, but no text can be had from it."""

    reason: str


@dataclass(frozen=True)
class FoundValues:
    """The values of the settings that are set, and the variable each one came from."""

    values: dict[str, Any] = field(default_factory=dict, repr=False)
    origins: dict[str, str] = field(default_factory=dict)


def variable_name(setting: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + setting.upper()


def read_variables() -> dict[str, str]:
    """The process environment laid over `.env` in the current folder."""
    try:
        dotenv = DotEnvSettingsSource(
            BaseSettings, env_file=".env", env_file_encoding="utf-8", case_sensitive=True
        )
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError((".env: cannot be read as UTF-8 text",)) from None
    written = {name: value for name, value in dotenv.env_vars.items() if value is not None}
    return {**written, **os.environ}


def find_values(settings: Iterable[str], variables: Mapping[str, str]) -> FoundValues:
    """Looks every setting up; an empty variable counts as one that is not set."""
    found = FoundValues()
    for setting in settings:
        hit = _look_up(setting, variables)
        if hit is not None:
            found.origins[setting], found.values[setting] = hit
    return found


def _look_up(setting: str, variables: Mapping[str, str]) -> tuple[str, str | Unusable] | None:
    name = variable_name(setting)
    file_name = name + FILE_SUFFIX
    given = _is_set(name, variables)
    if setting in FILE_READABLE and _is_set(file_name, variables):
        if given:
            return name, Unusable(f"must not be given beside {file_name}; keep one of the two")
        return file_name, _read_secret(Path(variables[file_name]))
    if given:
        return name, _checked(variables[name])
    bare_name = setting.upper()
    if setting in ALSO_UNPREFIXED and _is_set(bare_name, variables):
        return bare_name, _checked(variables[bare_name])
    return None


def _is_set(name: str, variables: Mapping[str, str]) -> bool:
    return bool(variables.get(name, "").strip())


def _checked(text: str) -> str | Unusable:
    # An environment byte that is not UTF-8 arrives as a lone surrogate and fails much later.
    return text if is_storable(text) else Unusable("must be UTF-8 text without NUL")


def _read_secret(path: Path) -> str | Unusable:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_SECRET_FILE_BYTES + 1)
    except FileNotFoundError:
        return Unusable("names a file that does not exist")
    except (OSError, ValueError):
        return Unusable("names a file that cannot be read")
    if len(content) > LARGEST_SECRET_FILE_BYTES:
        return Unusable(f"names a file of more than {LARGEST_SECRET_FILE_BYTES} bytes")
    return _decode_secret(content)


def _decode_secret(content: bytes) -> str | Unusable:
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return Unusable("names a file that is not UTF-8 text")
    if not text.strip():
        return Unusable("names a file that is empty")
    return text if is_storable(text) else Unusable("names a file that is not UTF-8 text")


class VariablesSource(PydanticBaseSettingsSource):
    """Feeds pydantic from the environment, `.env` and the secret files."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Required by the interface; `__call__` finds all values in one pass instead."""
        raise TypeError("values are found in one pass, not field by field")

    def __call__(self) -> dict[str, Any]:
        return find_values(self.settings_cls.model_fields, read_variables()).values
