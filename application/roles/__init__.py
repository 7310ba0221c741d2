"""Roles and permissions: reading them, and changing what they mean."""
