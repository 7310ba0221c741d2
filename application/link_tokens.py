"""Links as mail carries them: made from the link's id when it is sent, and never stored."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from application.ports.macs import MessageAuthenticator
from domain.links import InvalidLink

_PURPOSE = "link"
_ID_BYTES = 16
_TOKEN_LENGTH = 64


class LinkTokens:
    """Id and MAC: without the server secret, who reads the database cannot make one."""

    def __init__(self, *, macs: MessageAuthenticator) -> None:
        self._macs = macs

    def encode(self, link_id: UUID) -> str:
        return urlsafe_b64encode(link_id.bytes + self._macs.tag(_PURPOSE, link_id.bytes)).decode()

    def decode(self, token: str) -> UUID:
        """Without a look-up. Raises InvalidLink for anything that `encode` did not make."""
        if len(token) != _TOKEN_LENGTH:
            raise InvalidLink
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except ValueError:
            raise InvalidLink from None
        # Base64 passes over what is not of its alphabet; only what was handed out counts.
        if urlsafe_b64encode(raw).decode() != token:
            raise InvalidLink
        if not self._macs.verify(_PURPOSE, raw[:_ID_BYTES], raw[_ID_BYTES:]):
            raise InvalidLink
        return UUID(bytes=raw[:_ID_BYTES])
