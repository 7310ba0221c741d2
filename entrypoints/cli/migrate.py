"""`doorward migrate`: the data folder and the schema, brought to where this release needs them."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from application.ports.storage import SchemaState
from entrypoints.cli.installation import opened, require_current, settings_of_command
from entrypoints.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from config.settings import Settings

_TOLD = {
    SchemaState.EMPTY: "Created the schema.",
    SchemaState.BEHIND: "Brought the schema up to date.",
    SchemaState.CURRENT: "The schema is current.",
}


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if there is something to do.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Prepare the data folder and bring the database to the current schema."""
    settings = settings_of_command()
    made, before = ((), _check(settings)) if check else _migrate(settings)
    if json:
        print_json({"made": list(made), "schema": {"before": before, "now": SchemaState.CURRENT}})
        return
    for thing in made:
        print(f"Made the {thing}.")
    print(_TOLD[before])


def _check(settings: "Settings") -> SchemaState:
    from config.data_folder import require_database_file

    require_database_file(settings)
    with opened(settings) as found:
        state: SchemaState = found.run(found.container.storage().schema_state())
    require_current(state)
    return state


def _migrate(settings: "Settings") -> tuple[tuple[str, ...], SchemaState]:
    from config.data_folder import prepare_data_folder

    # Whatever is created from here on is its owner's alone.
    os.umask(0o077)
    made = prepare_data_folder(settings)
    with opened(settings) as found:
        storage = found.container.storage()
        before = found.run(storage.schema_state())
        found.run(storage.migrate())
    return made, before
