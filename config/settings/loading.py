"""Builds the settings, or says everything that is wrong with them at once."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import InitSettingsSource

from config.settings.faults import ConfigurationError, RuleFaults, SettingFault
from config.settings.model import Settings
from config.settings.variables import (
    FILE_READABLE,
    FILE_SUFFIX,
    PREFIX,
    TEST_PREFIX,
    find_values,
    read_variables,
    variable_name,
)


def load_settings(**overrides: Any) -> Settings:
    """The settings from the environment, `.env` and secret files.

    `overrides` are settings by name that win over every source; None leaves one as it was found.
    Raises ConfigurationError with every fault there is: one line each, which names the variable
    and never holds its value.
    """
    unknown = overrides.keys() - Settings.model_fields.keys()
    if unknown:
        raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
    given = {name: value for name, value in overrides.items() if value is not None}
    wanted = [name for name in Settings.model_fields if name not in given]
    found = find_values(wanted, read_variables())
    values = {**found.values, **given}
    try:
        return _build(values)
    except ValidationError as error:
        faults = dict(_setting_faults(error))
    lines = [*faults.items(), *_rule_faults(values, faults.keys())]
    raise ConfigurationError(
        tuple(f"{found.origins.get(name, variable_name(name))}: {why}" for name, why in lines)
    )


def find_unknown_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """DOORWARD_* names that no setting knows; None looks at the environment and `.env`."""
    known = {variable_name(setting) for setting in Settings.model_fields}
    known |= {variable_name(setting) + FILE_SUFFIX for setting in FILE_READABLE}
    variables = read_variables() if environ is None else environ
    # Names are matched in capitals only; one in other letters is as unknown as a wrong one.
    ours = (name for name in variables if name.upper().startswith(PREFIX))
    return sorted(name for name in ours if name not in known and not name.startswith(TEST_PREFIX))


def _build(values: dict[str, Any]) -> Settings:
    """Builds from these values alone: the sources are read once, as a file may be a pipe."""
    build: Callable[..., Settings] = Settings
    return build(_build_sources=((InitSettingsSource(Settings, values),), {}))


def _setting_faults(error: ValidationError) -> Iterator[tuple[str, str]]:
    for details in error.errors(include_input=False, include_url=False):
        # A derived default is left out after any fault before it; that is no fault of its own.
        if details["loc"] and details["type"] != "default_factory_not_called":
            name = str(details["loc"][0])
            fault = details.get("ctx", {}).get("error")
            # Other texts come from libraries and may quote the value.
            safe = isinstance(fault, SettingFault)
            yield name, str(fault) if safe else _expectation(Settings.model_fields[name])


def _rule_faults(values: dict[str, Any], unreadable: AbstractSet[str]) -> list[tuple[str, str]]:
    """Judges what can be judged: every rule that names no setting which could not be read."""
    try:
        _build({name: value for name, value in values.items() if name not in unreadable})
    except ValidationError as error:
        faults = (details.get("ctx", {}).get("error") for details in error.errors())
        broken = (
            rule for fault in faults if isinstance(fault, RuleFaults) for rule in fault.broken
        )
        return [(names[0], why) for names, why in broken if unreadable.isdisjoint(names)]
    return []


def _expectation(field: FieldInfo) -> str:
    """What a setting takes, read from its declaration."""
    if get_origin(field.annotation) is Literal:
        return f"must be one of {', '.join(get_args(field.annotation))}"
    if field.annotation is bool:
        return "must be true or false"
    if field.annotation in (int, float):
        kind = "an integer" if field.annotation is int else "a number"
        return f"must be {kind} {_bounds(field)}"
    return "cannot be used"


def _bounds(field: FieldInfo) -> str:
    limits = {
        name: getattr(constraint, name)
        for constraint in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(constraint, name)
    }
    if "gt" in limits:
        return f"above {limits['gt']} and at most {limits['le']}"
    return f"between {limits['ge']} and {limits['le']}"
