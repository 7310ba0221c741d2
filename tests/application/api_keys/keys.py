"""What tests of API keys do over and over: sign somebody in, make them a key, call with it."""

from typing import Any

from application.api_keys.authentication import AuthenticateApiKeyQuery
from application.api_keys.issuing import (
    CreateApiKeyCommand,
    IssuedApiKey,
    RotateApiKeyCommand,
)
from application.api_keys.revoking import RevokeApiKeyCommand
from domain.access import Actor
from domain.api_keys import ApiKey
from domain.users import User
from tests.application.people import ORIGIN, ROOT
from tests.worlds import World


async def at_home(world: World, user: User) -> Actor:
    """The user in a session that exists, their password just given."""
    tokens = await world.sign_in(user.email.address)
    return await world.authenticate(tokens.access_token)


async def create(world: World, actor: Actor, *scopes: str, **fields: Any) -> IssuedApiKey:
    command = CreateApiKeyCommand(
        actor=actor, **{"name": "Report", "scopes": frozenset(scopes), **fields}
    )
    return await world.container.create_api_key().execute(command)


async def make_key(world: World, owner: User, *scopes: str, **fields: Any) -> IssuedApiKey:
    """As an operator makes one, which takes no session."""
    return await create(world, ROOT, *scopes, owner_id=owner.id, **fields)


async def call_with(world: World, text: str) -> Actor:
    query = AuthenticateApiKeyQuery(api_key=text, origin=ORIGIN)
    return await world.container.authenticate_api_key().execute(query)


async def rotate(world: World, actor: Actor, key: ApiKey, **fields: Any) -> IssuedApiKey:
    command = RotateApiKeyCommand(actor=actor, key_id=key.id, **fields)
    return await world.container.rotate_api_key().execute(command)


async def revoke(world: World, actor: Actor, key: ApiKey) -> None:
    command = RevokeApiKeyCommand(actor=actor, key_id=key.id)
    await world.container.revoke_api_key().execute(command)


async def stored_key(world: World, key: ApiKey) -> ApiKey | None:
    async with world.container.uow().reading() as uow:
        found: ApiKey | None = await uow.api_keys.get(key.id)
        return found
