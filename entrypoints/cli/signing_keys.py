"""`doorward signing-keys`: the keys that sign access tokens."""

from typing import Annotated

import typer

from application.signing_keys.lifecycle import (
    ListSigningKeysQuery,
    RetireSigningKeyCommand,
    RevokeSigningKeyCommand,
    RotateSigningKeysCommand,
)
from domain.access import Actor
from domain.instants import write_instant
from domain.signing_keys import SigningKey
from entrypoints.cli.installation import Installation, installation
from entrypoints.cli.options import Yes
from entrypoints.cli.output import AsJson, print_json, print_outcome, print_table
from entrypoints.cli.prompts import confirm_or_refuse

signing_keys = typer.Typer(help="Signing keys.", no_args_is_help=True)

Kid = Annotated[str, typer.Argument(help="The key's id.", show_default=False)]

# A kid may begin with a hyphen.
_TAKES_KID = {"ignore_unknown_options": True}


@signing_keys.command("list")
def list_keys(json: AsJson = False) -> None:
    """List every key there ever was, oldest first."""
    with installation() as found:
        items = [_fields(key) for key in _all_keys(found)]
    if json:
        print_json({"items": items})
    else:
        print_table(list(items[0]) if items else [], [list(item.values()) for item in items])


@signing_keys.command()
def rotate(
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait until everybody knows the next key.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Let the next key take over from the current one, which stays valid for its tokens."""
    with installation() as found:
        command = RotateSigningKeysCommand(actor=Actor.operator(), now=now)
        key = found.run(found.container.rotate_signing_keys().execute(command))
    print_outcome(f"{key.kid} is the current key.", _fields(key), as_json=json)


@signing_keys.command(context_settings=_TAKES_KID)
def retire(kid: Kid, json: AsJson = False) -> None:
    """Replace the next key by a fresh one, of the algorithm that is set now."""
    with installation() as found:
        command = RetireSigningKeyCommand(actor=Actor.operator(), kid=kid)
        changed = found.run(found.container.retire_signing_key().execute(command))
        key = _one_key(found, kid)
    said = f"Retired {kid}." if changed else f"{kid} is {key.status} already: nothing to do."
    print_outcome(said, _fields(key), as_json=json)


@signing_keys.command(context_settings=_TAKES_KID)
def revoke(
    kid: Kid,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Withdraw a key at once: every access token that it signed is refused."""
    with installation() as found:
        confirm_or_refuse(f"Refuse every access token that {kid} signed?", yes=yes)
        command = RevokeSigningKeyCommand(actor=Actor.operator(), kid=kid)
        changed = found.run(found.container.revoke_signing_key().execute(command))
        key = _one_key(found, kid)
    said = f"Revoked {kid}." if changed else f"{kid} is revoked already: nothing to do."
    print_outcome(said, _fields(key), as_json=json)


def _all_keys(found: Installation) -> list[SigningKey]:
    query = ListSigningKeysQuery(actor=Actor.operator())
    return found.run(found.container.list_signing_keys().execute(query))


def _one_key(found: Installation, kid: str) -> SigningKey:
    return next(key for key in _all_keys(found) if key.kid == kid)


def _fields(key: SigningKey) -> dict[str, str | None]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm.value,
        "status": key.status.value,
        "created_at": write_instant(key.created_at),
        "activated_at": write_instant(key.activated_at) if key.activated_at else None,
        "retired_at": write_instant(key.retired_at) if key.retired_at else None,
    }
