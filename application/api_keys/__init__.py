"""API keys: making, seeing, replacing and revoking them, and calling with one."""
