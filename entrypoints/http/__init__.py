"""The REST API: parse, ask a use case, render."""
