"""`doorward openapi`: the API's contract as a file."""

import json

from config.container import container_for
from config.settings import load_settings
from entrypoints.http.app import create_app


def openapi() -> None:
    """Print the OpenAPI document. Needs no data and no configuration."""
    # Memory storage: the document describes the program, not one installation.
    settings = load_settings(database_url="memory://", workers=1, environment="development")
    print(json.dumps(create_app(container_for(settings)).openapi(), indent=2))
