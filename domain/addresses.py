"""E-mail addresses: the stored form and the form that decides uniqueness."""

from dataclasses import dataclass

from domain.errors import ErrorDetail, InvalidField


@dataclass(frozen=True, kw_only=True)
class EmailAddress:
    """`address` is what mail is sent to: NFC, domain as a lower-case A-label.

    `key` is the whole address casefolded; two accounts never share one.
    """

    address: str
    key: str

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
