"""The text of API keys: random parts, a checksum over them, and the digest that is kept."""

import hashlib
import hmac
import secrets
import zlib

from application.ports.api_keys import ApiKeyCodec, MintedKey, PresentedKey
from domain.api_keys import (
    ALPHABET,
    CHECKSUM_LENGTH,
    KEY_FORM,
    KEY_LENGTH,
    KEY_MARK,
    PUBLIC_ID_LENGTH,
    SECRET_LENGTH,
    ApiKey,
)
from domain.sessions import InvalidApiKey


class Base62ApiKeyCodec(ApiKeyCodec):
    """CRC-32 finds what was cut or mistyped, and lets scanners tell keys from look-alikes.

    It proves nothing: the secret does, by its SHA-256 digest.
    """

    def mint(self) -> MintedKey:
        public_id, secret = _random(PUBLIC_ID_LENGTH), _random(SECRET_LENGTH)
        body = f"{KEY_MARK}_{public_id}_{secret}"
        return MintedKey(
            text=f"{body}_{_checksum(body)}", public_id=public_id, secret_digest=_digest(secret)
        )

    def read(self, text: str) -> PresentedKey:
        # The length first: nothing is done with what is longer.
        form = KEY_FORM.fullmatch(text) if len(text) == KEY_LENGTH else None
        if form is None or _checksum(form[1]) != form[4]:
            raise InvalidApiKey
        return PresentedKey(public_id=form[2], secret_digest=_digest(form[3]))

    def belongs_to(self, presented: PresentedKey, key: ApiKey) -> bool:
        return hmac.compare_digest(presented.secret_digest, key.secret_digest)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("ascii")).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode("ascii")), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
