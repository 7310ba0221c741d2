"""All use cases in one container."""

from config.container.access import AccessUseCases
from config.container.accounts import AccountUseCases
from config.container.api_keys import ApiKeyUseCases
from config.container.operations import OperationUseCases
from config.container.records import RecordUseCases
from config.container.roles import RoleUseCases


class Container(
    AccountUseCases,
    AccessUseCases,
    ApiKeyUseCases,
    RoleUseCases,
    RecordUseCases,
    OperationUseCases,
):
    """Every object is made once, on first use, by a sync constructor that does no I/O.

    Tests override a provider, or hand in settings that choose the memory adapters.
    """
