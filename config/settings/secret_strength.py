"""Which server secrets anyone could guess."""

import re

SHORTEST_SECRET_BYTES = 32
FEWEST_DISTINCT_CHARACTERS = 6
LONGEST_REPEATED_PIECE = 8
# Texts that only stand in examples; compared without punctuation and capitals.
GIVEAWAYS = (
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "replacewith",
    "placeholder",
    "insecure",
    "yoursecret",
    "yourkey",
    "donotuse",
    "notasecret",
)
# Words that example secrets are made of from end to end ("my-super-secret-key").
FILLER = re.compile(
    r"(a|app|default|dev|development|doorward|example|for|here|is|jwt|key|long|my|not|only|"
    r"password|please|production|random|sample|secret|secure|server|string|super|test|testing|"
    r"the|this|token|top|use|value|very|your)+"
)


def weakness(secret: str) -> str | None:
    """Why a secret must not protect anything, or None."""
    if len(secret.encode()) < SHORTEST_SECRET_BYTES:
        return f"must be at least {SHORTEST_SECRET_BYTES} bytes long"
    if _is_repetitive(secret) or _is_placeholder(secret):
        return "must be random, not a placeholder or a repeated pattern"
    return None


def _is_repetitive(secret: str) -> bool:
    if len(set(secret)) < FEWEST_DISTINCT_CHARACTERS:
        return True
    pieces = (secret[:length] for length in range(1, LONGEST_REPEATED_PIECE + 1))
    return any((piece * len(secret)).startswith(secret) for piece in pieces)


def _is_placeholder(secret: str) -> bool:
    words = re.sub(r"[\W_]", "", secret.lower())
    if any(giveaway in words for giveaway in GIVEAWAYS):
        return True
    return FILLER.fullmatch(re.sub(r"\d", "", words)) is not None
