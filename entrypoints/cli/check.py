"""`doorward check`: everything that would keep the service from working, one line each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from domain.errors import Unavailable
from entrypoints.cli.endings import REFUSED, Refused, cause_of, complain
from entrypoints.cli.installation import Installation, opened, require_current
from entrypoints.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from config.settings import Settings


def check(json: AsJson = False) -> None:
    """Name every fault in the configuration and every dependency that cannot be reached."""
    from config.settings import ConfigurationError

    warnings: list[str] = []
    try:
        faults = list(_faults(warnings))
    except ConfigurationError as error:
        faults = list(error.faults)
    if json:
        print_json({"ok": not faults, "faults": faults, "warnings": warnings})
    else:
        complain(*faults, *(f"warning: {warning}" for warning in warnings))
    if faults:
        raise typer.Exit(REFUSED)
    if not json:
        print("All good.")


def _faults(warnings: list[str]) -> Iterator[str]:
    from config.logging import configure_command_logging
    from config.settings import find_unknown_variables, load_settings

    # First, since a name that is not known is often why a setting is missing.
    warnings += [f"{name}: there is no such setting" for name in find_unknown_variables()]
    settings = load_settings()
    configure_command_logging(settings)
    warnings += _oddities(settings)
    files = list(_faults_of_files(settings))
    yield from files
    with opened(settings) as found:
        if not files:
            yield from _faults_of_database(found)
        yield from _faults_of_redis(found)
        yield from _faults_of_mail(found)


def _oddities(settings: "Settings") -> Iterator[str]:
    by_mail = settings.registration_confirmation == "email"
    if settings.environment == "production" and settings.mailer == "console" and by_mail:
        yield "DOORWARD_MAILER: console sends no mail, so nobody can confirm an address"


def _faults_of_files(settings: "Settings") -> Iterator[str]:
    from config.data_folder import require_data
    from config.settings import ConfigurationError

    try:
        require_data(settings)
    except ConfigurationError as error:
        yield from error.faults
    except OSError as error:
        yield f"DOORWARD_DATA_DIR: cannot be read ({type(error).__name__})"


def _faults_of_database(found: Installation) -> Iterator[str]:
    from config.settings import ConfigurationError

    try:
        require_current(found.run(found.container.storage().schema_state()))
    except ConfigurationError as error:
        yield from error.faults
        return
    except Refused as error:
        yield str(error)
        return
    except Unavailable as error:
        yield f"DOORWARD_DATABASE_URL: the database cannot be reached ({cause_of(error)})"
        return
    except Exception as error:  # noqa: BLE001 - a file that is no database, for one
        yield f"DOORWARD_DATABASE_URL: the database cannot be used ({cause_of(error)})"
        return
    try:
        found.run(found.container.storage().check_replica())
    except Exception as error:  # noqa: BLE001
        yield f"DOORWARD_DATABASE_READ_URL: the replica cannot be used ({cause_of(error)})"


def _faults_of_redis(found: Installation) -> Iterator[str]:
    if found.container.settings().redis_url is None:
        return
    if not found.run(found.container.limiter().healthy()):
        yield "DOORWARD_REDIS_URL: Redis cannot be reached"


def _faults_of_mail(found: Installation) -> Iterator[str]:
    mailer = found.container.settings().mailer
    if not found.run(found.container.mail_route().is_open()):
        name = "SMTP_URL" if mailer == "smtp" else "MAIL_API_URL"
        yield f"DOORWARD_{name}: what takes the mail cannot be reached"
