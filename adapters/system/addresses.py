"""E-mail syntax as the email-validator library reads it."""

import re
from functools import lru_cache

from application.ports.addresses import AddressNormaliser
from domain.addresses import EmailAddress, InvalidEmailAddress

_PLAIN = re.compile(
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}", re.ASCII
)
"""Most addresses: in order by any standard, and their own stored form."""
_PLAIN_LENGTH = 64
"""Within each of the limits, whatever part of the address it is that is so long."""


class EmailValidatorNormaliser(AddressNormaliser):
    """RFC 5322 addresses as the web uses them, internationalised ones included; no DNS."""

    def normalise(self, text: str) -> EmailAddress:
        # The library takes longer than all else that is done to read a request, and says the same.
        if len(text) <= _PLAIN_LENGTH and _PLAIN.fullmatch(text):
            return EmailAddress(address=text, key=text)
        return _normalise(text)


# A request asks for the same address twice: for its limit, and for what it came for.
@lru_cache(maxsize=128)
def _normalise(text: str) -> EmailAddress:
    # With the first address: the library works for a while on what letters there are.
    import email_validator

    # Its documented switch for reserved domains (.test, .local): mail to them is never sent,
    # but accounts may well have them.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    try:
        # Strict: the local part has at most 64 characters (RFC 5321, 4.5.3.1.1).
        parsed = email_validator.validate_email(text, check_deliverability=False, strict=True)
    except (email_validator.EmailNotValidError, UnicodeError):
        raise InvalidEmailAddress from None
    address = f"{parsed.local_part}@{parsed.ascii_domain.lower()}"
    return EmailAddress(address=address, key=address.casefold())
