"""Shared state between workers on Redis."""
