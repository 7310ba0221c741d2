"""Reading e-mail addresses."""

from abc import ABC, abstractmethod

from domain.addresses import EmailAddress


class AddressNormaliser(ABC):
    """Turns what people type into the one form that is stored."""

    @abstractmethod
    def normalise(self, text: str) -> EmailAddress:
        """Syntax only, no DNS look-up: NFC, domain as lower-case A-label, key casefolded.

        Reserved domains (RFC 2606) are addresses too. Raises InvalidEmailAddress.
        """
