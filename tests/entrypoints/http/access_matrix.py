"""What each operation answers to each kind of caller."""

Row = dict[str, int]

OF_OWNER = ("owner's key", "owner's bare key")
OF_ADMINISTRATOR = ("administrator's key", "administrator's bare key")
KEYS = OF_OWNER + OF_ADMINISTRATOR
BARE_KEYS = ("owner's bare key", "administrator's bare key")
"""One without scopes; the other has all that its owner holds."""

CALLERS = ("anonymous", "owner", "other", "administrator", "disabled", *KEYS)
"""The columns."""


def anyone(status: int) -> Row:
    """Credentials are not looked at."""
    return dict.fromkeys(CALLERS, status)


def anyone_or_caller(status: int) -> Row:
    """Nobody needs a credential; a bad one is refused."""
    return anyone(status) | {"disabled": 401}


def any_credential(status: int) -> Row:
    return anyone(status) | {"anonymous": 401, "disabled": 401}


def all_of(columns: tuple[str, ...], status: int) -> Row:
    return dict.fromkeys(columns, status)


def own_session(status: int) -> Row:
    """An act on the caller's own account, whoever that is, but never with a key."""
    return any_credential(status) | all_of(KEYS, 403)


def own_record(status: int) -> Row:
    """A record of the owner's, for nobody else, and with a session only."""
    return own_session(status) | {"other": 404, "administrator": 404}


def self_or_holder(status: int) -> Row:
    """The account sees itself, whatever it calls with."""
    return any_credential(status) | {"other": 404, "administrator's bare key": 404}


def holder_of_list(status: int) -> Row:
    """Whoever lacks the permission is told so."""
    refused = ("owner", "other", *OF_OWNER, "administrator's bare key")
    return any_credential(status) | all_of(refused, 403)


def holder_of_record(status: int) -> Row:
    """Whoever may not see it is told that it does not exist."""
    refused = ("owner", "other", *OF_OWNER, "administrator's bare key")
    return any_credential(status) | all_of(refused, 404)


def act_on_account(status: int) -> Row:
    """The account sees itself, so it learns that it may not do this; to others it is not there."""
    return holder_of_record(status) | all_of(("owner", *OF_OWNER), 403)


def everybody_holds(status: int) -> Row:
    """What every account may do, and a key that has the scope."""
    return any_credential(status) | all_of(BARE_KEYS, 403)


def own_list_or_holder(status: int) -> Row:
    """The owner's list: others hold the permission for those of all, or are told."""
    return everybody_holds(status) | {"other": 403}


def own_item_or_holder(status: int) -> Row:
    """The owner's record: it exists for the owner's keys, whether or not they may use it."""
    return everybody_holds(status) | {"other": 404, "administrator's bare key": 404}


def own_keys_or_holder(status: int) -> Row:
    """A key sees no others of its account, nor that there are any, without the permission."""
    return any_credential(status) | all_of((*OF_OWNER, "administrator's bare key"), 403)


MATRIX: dict[str, Row] = {
    "registerUser": anyone_or_caller(201),
    "listUsers": holder_of_list(200),
    "getMe": any_credential(200),
    "updateMe": own_session(200),
    "deleteMe": own_session(204) | {"administrator": 409},
    "changeMyEmail": own_session(202),
    "getUser": self_or_holder(200),
    "updateUser": act_on_account(200),
    "deleteUser": act_on_account(204),
    "setUserRoles": act_on_account(200),
    "listUserSessions": act_on_account(200),
    "endUserSessions": act_on_account(204),
    "listRoles": holder_of_list(200),
    "createRole": holder_of_list(201),
    "getRole": holder_of_record(200),
    "updateRole": holder_of_record(200),
    "deleteRole": holder_of_record(204),
    "listPermissions": holder_of_list(200),
    "createPermission": holder_of_list(201),
    "deletePermission": holder_of_record(204),
    "login": anyone(200),
    "refresh": anyone(200),
    "reauthenticate": own_session(204),
    "logout": own_session(204),
    "changePassword": own_session(204),
    "forgotPassword": anyone(202),
    "resetPassword": anyone(400),
    "verifyEmail": anyone(400),
    "resendVerification": own_session(202),
    "listSessions": own_session(200),
    "endOtherSessions": own_session(204),
    "endSession": own_record(204),
    "createApiKey": own_session(201),
    "listApiKeys": own_keys_or_holder(200),
    "getApiKey": own_keys_or_holder(200) | {"other": 404},
    "revokeApiKey": own_keys_or_holder(204) | {"other": 404},
    "rotateApiKey": own_record(201),
    "listUserApiKeys": act_on_account(200),
    "createItem": everybody_holds(201),
    "listItems": own_list_or_holder(200),
    "getItem": own_item_or_holder(200),
    "updateItem": own_item_or_holder(200),
    "deleteItem": own_item_or_holder(204),
    "listEvents": holder_of_list(200),
    "oauthToken": anyone(200),
    "oauthIntrospect": holder_of_list(200),
    "oauthRevoke": anyone(200),
    "getJwks": anyone(200),
    "getServerMetadata": anyone(200),
    "getHealth": anyone(200),
    "getLiveness": anyone(200),
    "getReadiness": anyone(200),
}
"""What each operation answers to each caller, given a request that is right in every other way.

Links from mails are secret: whoever calls, an unknown one is 400.
"""
