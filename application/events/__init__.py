"""The audit log: reading it, and following it as it grows."""
