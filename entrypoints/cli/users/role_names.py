"""The roles that a command is given."""

from domain.roles import UnknownRole

_LONGEST = 32


def role_names(given: list[str] | None) -> frozenset[str]:
    """Raises UnknownRole for a name that no role can have: PostgreSQL would not even look it up."""
    if any(len(name) > _LONGEST for name in given or ()):
        raise UnknownRole
    return frozenset(given or ())
