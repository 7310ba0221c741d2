"""`doorward openapi`: the API's contract as a file."""

import json


def openapi() -> None:
    """Print the OpenAPI document. Needs no data and no configuration."""
    # Imported here: commands that serve nothing start without the web framework.
    from pydantic import SecretStr

    from config.container import container_for
    from config.settings import Settings
    from entrypoints.http.app import create_app

    # Defaults alone, whatever is configured: the document describes the program, not one
    # installation. Memory storage needs no data.
    settings = Settings.model_construct(database_url=SecretStr("memory://"))
    print(json.dumps(create_app(container_for(settings)).openapi(), indent=2))
