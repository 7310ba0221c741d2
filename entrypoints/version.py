"""Which release this is."""

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("doorward")
    except PackageNotFoundError:
        # Run from a source tree that was never installed.
        return "0+unknown"


VERSION = _installed()
