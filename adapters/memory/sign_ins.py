"""What a sign-in asks, in memory."""

from adapters.memory.records import MemoryDatabase
from application.ports.passwords import PasswordLogin
from application.ports.sign_ins import SignInFacts, SignInLookup


class MemorySignInLookup(SignInLookup):
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def find(self, email_key: str, tag: bytes) -> SignInFacts:
        records = self._database.committed
        user = next((u for u in records.users.values() if u.email.key == email_key), None)
        login = None
        if user is not None:
            credential = records.credentials.get(user.id)
            login = PasswordLogin(
                user=user, password_hash=credential.password_hash if credential else None
            )
        return SignInFacts(login=login, failed=records.sign_in_failures.get(tag))
