"""Parts of paths that stand for one record."""

from starlette.convertors import StringConvertor, register_url_convertor


class _NotMe(StringConvertor):
    # Otherwise DELETE /users/me would be the deletion of an account whose id is "me".
    regex = r"(?!me(?:/|$))[^/]+"


register_url_convertor("user", _NotMe())

USER_ID = "{user_id:user}"
"""Of any account. `/users/me` is a place of its own, with methods of its own."""
