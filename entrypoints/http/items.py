"""Items over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from application.idempotency import Once
from application.items.queries import GetItemQuery, ListItemsQuery
from application.items.writing import CreateItemCommand, DeleteItemCommand, UpdateItemCommand
from domain.errors import NotFound, StaleVersion
from domain.items import Item
from domain.pages import DEFAULT_LIMIT, InvalidCursor
from domain.roles import ITEMS_ADMIN, ITEMS_READ, ITEMS_WRITE
from entrypoints.http.conditional import (
    NOT_MODIFIED,
    IfMatch,
    IfNoneMatch,
    expected_version,
    render_versioned,
)
from entrypoints.http.dependencies import Caller, Services
from entrypoints.http.idempotency import KEY_FAILURES, Keyed
from entrypoints.http.json_route import json_router
from entrypoints.http.operations import API_PREFIX, VALIDATION, holder_of, operation, owner_with
from entrypoints.http.pagination import Cursor, Limit, render_page
from entrypoints.http.schemas.items import (
    CreateItemBody,
    ItemBody,
    ItemPageBody,
    TitlePrefix,
    UpdateItemBody,
)

router = json_router(f"{API_PREFIX}/items", "items")

_READERS = owner_with(ITEMS_READ, others=ITEMS_ADMIN)
_WRITERS = owner_with(ITEMS_WRITE, others=ITEMS_ADMIN)


@router.post(
    "",
    operation_id="createItem",
    summary="Create an item",
    response_model=ItemBody,
    status_code=201,
    **operation(holder_of(ITEMS_WRITE), *KEY_FAILURES, has_body=True),
)
async def create_item(
    request: Request, body: CreateItemBody, actor: Caller, services: Services, keyed: Keyed
) -> Response:
    """It belongs to the caller's account, and ends with it. Needs `items:write`."""

    async def act(once: Once[Item]) -> Item:
        return await services.create_item().execute(
            CreateItemCommand(actor=actor, title=body.title, data=body.data, once=once)
        )

    def render(item: Item) -> Response:
        location = f"{request.scope['path']}/{item.id}"
        return render_versioned(ItemBody.of(item), item.version, status=201, location=location)

    return await keyed.answer(actor, body, act, render)


@router.get(
    "",
    operation_id="listItems",
    summary="List items, newest first",
    response_model=ItemPageBody,
    **operation(_READERS, InvalidCursor, VALIDATION),
)
async def list_items(
    request: Request,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    title_prefix: Annotated[
        TitlePrefix | None,
        Query(
            description="What the title begins with, upper and lower case told apart. No character "
            "stands for others."
        ),
    ] = None,
    owner_id: Annotated[
        UUID | None,
        Query(description="Whose. One's own if left out; another account's needs `items:admin`."),
    ] = None,
) -> Response:
    """One's own, unless `owner_id` says otherwise. Needs `items:read`."""
    page = await services.list_items().execute(
        ListItemsQuery(
            actor=actor, owner_id=owner_id, title_prefix=title_prefix, limit=limit, cursor=cursor
        )
    )
    return render_page(request, page, ItemPageBody, ItemBody.of)


@router.get(
    "/{item_id}",
    operation_id="getItem",
    summary="Get an item",
    response_model=ItemBody,
    **operation(
        _READERS,
        NotFound,
        VALIDATION,
        responses=NOT_MODIFIED,
    ),
)
async def get_item(
    item_id: UUID, actor: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> Response:
    """Its owner with `items:read`, and holders of `items:admin`. To others it does not exist."""
    item = await services.get_item().execute(GetItemQuery(actor=actor, item_id=item_id))
    return render_versioned(ItemBody.of(item), item.version, if_none_match=if_none_match)


@router.patch(
    "/{item_id}",
    operation_id="updateItem",
    summary="Change an item",
    response_model=ItemBody,
    **operation(_WRITERS, NotFound, StaleVersion, has_body=True),
)
async def update_item(
    item_id: UUID,
    body: UpdateItemBody,
    actor: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> Response:
    """Its owner with `items:write`, and holders of `items:admin`. `data` is replaced as a whole."""
    item = await services.update_item().execute(
        UpdateItemCommand(
            actor=actor,
            item_id=item_id,
            title=body.title,
            data=body.data,
            if_version=expected_version(if_match),
        )
    )
    return render_versioned(ItemBody.of(item), item.version)


@router.delete(
    "/{item_id}",
    operation_id="deleteItem",
    summary="Delete an item",
    status_code=204,
    response_class=Response,
    **operation(_WRITERS, NotFound, StaleVersion, VALIDATION),
)
async def delete_item(
    item_id: UUID, actor: Caller, services: Services, if_match: IfMatch = None
) -> Response:
    """Its owner with `items:write`, and holders of `items:admin`."""
    await services.delete_item().execute(
        DeleteItemCommand(actor=actor, item_id=item_id, if_version=expected_version(if_match))
    )
    return Response(status_code=204)
