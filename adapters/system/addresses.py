"""E-mail syntax as the email-validator library reads it."""

import email_validator

from application.ports.addresses import AddressNormaliser
from domain.addresses import EmailAddress, InvalidEmailAddress


class EmailValidatorNormaliser(AddressNormaliser):
    """RFC 5322 addresses as the web uses them, internationalised ones included; no DNS."""

    def normalise(self, text: str) -> EmailAddress:
        try:
            # globally_deliverable=False admits reserved domains (.test, .local): mail to them is
            # never sent, but accounts may well have them. It also stops asking for a dot.
            parsed = email_validator.validate_email(
                text, check_deliverability=False, globally_deliverable=False
            )
        except (email_validator.EmailNotValidError, UnicodeError):
            raise InvalidEmailAddress from None
        domain = (parsed.ascii_domain or "").lower()
        if "." not in domain:
            raise InvalidEmailAddress
        address = f"{parsed.local_part}@{domain}"
        return EmailAddress(address=address, key=address.casefold())
