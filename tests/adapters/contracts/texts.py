"""Strings that every storage must give back as they were."""

from hypothesis import strategies as st

AWKWARD = [
    "100%",
    "_",
    "%s %(name)s :name $1 ?",
    'O\'Neill "quoted" `ticked` \\ backslash',
    "'; DROP TABLE users; --",
    "👩‍🚀 🏳️‍🌈",
    "שלום \u202e עולם",
    "e\u0301 is not \u00e9",
    "ǅ ß İ \u0131",
    "\u2028\u200b\ufeff",
    "\U0010ffff",
    "{}[],\x7f\t\n",
    "a,b",
    " ",
    "null",
]


def texts(max_size: int) -> st.SearchStrategy[str]:
    """Any text that counts as such, awkward ones more often than chance would have it."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    awkward = [text for text in AWKWARD if len(text) <= max_size]
    return st.sampled_from(awkward) | st.text(characters, min_size=1, max_size=max_size)
