"""Making an installation ready to serve: folder, schema, first key, first administrator."""

import os
import secrets
import sys
from pathlib import Path

from application.setup import EnsureAdministratorCommand
from config.container import Container
from config.data_folder import prepare_data_folder, write_private_file
from config.settings import ConfigurationError
from domain.addresses import InvalidEmailAddress
from domain.errors import Invalid
from entrypoints.cli.endings import describe

_PASSWORD_FILE = "admin_password"  # noqa: S105 - a file's name
_PASSWORD_BYTES = 18


async def set_up(container: Container) -> None:
    """Creates what is missing and leaves what is there; safe to run at once in several places."""
    # Whatever is created from here on is its owner's alone.
    os.umask(0o077)
    prepare_data_folder(container.settings())
    # Refuses a URL that it could not use; connects to nothing.
    container.limiter()
    await container.storage().migrate()
    await _ensure_signing_keys(container)
    await _ensure_administrator(container)


async def _ensure_signing_keys(container: Container) -> None:
    await container.ensure_signing_keys().execute()
    await container.key_ring_keeper().refresh()
    if not container.key_ring().can_sign():
        raise ConfigurationError(
            (
                "DOORWARD_SECRET_KEY: the current signing key was sealed under another server "
                "secret; name that in DOORWARD_SECRET_KEY_PREVIOUS",
            )
        )


async def _ensure_administrator(container: Container) -> None:
    settings, ensure = container.settings(), container.ensure_administrator()
    if not await ensure.is_needed():
        return
    given = settings.admin_password
    password = given.get_secret_value() if given else secrets.token_urlsafe(_PASSWORD_BYTES)
    command = EnsureAdministratorCommand(email=settings.admin_email, password=password)
    try:
        created = await ensure.execute(command)
    except InvalidEmailAddress as error:
        raise ConfigurationError((f"DOORWARD_ADMIN_EMAIL: {describe(error)}",)) from None
    except Invalid as error:
        raise ConfigurationError((f"DOORWARD_ADMIN_PASSWORD: {describe(error)}",)) from None
    if created and given is None:
        _hand_over(settings.admin_email, password, settings.data_dir)


def _hand_over(email: str, password: str, folder: Path) -> None:
    """Shown once on a terminal; where nobody is looking, a file that only its owner reads."""
    if sys.stderr.isatty():
        print(
            f"\n  First administrator: {email}\n  Password: {password}\n"
            "  This is shown once. Sign in and keep it in a safe place.\n",
            file=sys.stderr,
        )
        return
    path = folder / _PASSWORD_FILE
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    write_private_file(path, password)
    print(f"First administrator: {email}; the password is in {path}", file=sys.stderr)
