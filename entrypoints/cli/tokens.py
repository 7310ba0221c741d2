"""`doorward tokens inspect`: what a token or key grants, or why it does not work."""

import typer

from application.introspection.introspect import ActiveToken, IntrospectTokenQuery
from domain.access import Actor
from domain.instants import write_instant
from entrypoints.cli.endings import Refused
from entrypoints.cli.installation import installation
from entrypoints.cli.output import AsJson, print_record
from entrypoints.cli.prompts import read_token

tokens = typer.Typer(help="Access tokens, refresh tokens, API keys.", no_args_is_help=True)


@tokens.callback()
def _tokens() -> None:
    """Access tokens, refresh tokens, API keys."""


@tokens.command()
def inspect(json: AsJson = False) -> None:
    """Read a token or key from standard input and say what it grants, or why it does not work."""
    with installation() as found:
        query = IntrospectTokenQuery(actor=Actor.operator(), token=read_token())
        found.run(found.container.key_ring_keeper().refresh())
        active = found.run(found.container.introspect_token().execute(query))
        if active is None:
            raise Refused(found.run(found.container.explain_token().execute(query)))
    print_record(_fields(active), as_json=json)


def _fields(token: ActiveToken) -> dict[str, object]:
    return {
        "token_type": token.token_type,
        "sub": token.subject,
        "username": token.username,
        "client_id": token.client_id,
        "scope": sorted(token.scope),
        "iat": write_instant(token.issued_at),
        "exp": write_instant(token.expires_at),
    }
