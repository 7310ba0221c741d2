"""E-mail addresses: the stored form and the form that decides uniqueness."""

from dataclasses import dataclass

from domain.errors import ErrorDetail, InvalidField

_RESERVED_TOP_LEVEL = frozenset({"test", "example", "invalid", "localhost"})
_RESERVED_DOMAINS = frozenset({"example.com", "example.net", "example.org"})


@dataclass(frozen=True, kw_only=True)
class EmailAddress:
    """`address` is what mail is sent to: NFC, domain as a lower-case A-label.

    `key` is the whole address casefolded; two accounts never share one.
    """

    address: str
    key: str

    @classmethod
    def of_stored(cls, address: str) -> "EmailAddress":
        """From `address` alone, which was normalised before it was stored."""
        return cls(address=address, key=address.casefold())

    @property
    def is_reserved(self) -> bool:
        """Nobody's, by RFC 2606 and RFC 6761: mail to it could only ever be a mistake."""
        labels = self.key.rpartition("@")[2].split(".")
        return labels[-1] in _RESERVED_TOP_LEVEL or ".".join(labels[-2:]) in _RESERVED_DOMAINS

    @property
    def local_part(self) -> str:
        return self.address.rpartition("@")[0]


class InvalidEmailAddress(InvalidField):
    """The text is not an address that mail could be sent to."""

    def __init__(self) -> None:
        super().__init__(
            ErrorDetail(
                field="email", code="invalid_email", message="This is not an e-mail address."
            )
        )
