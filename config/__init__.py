"""Settings, logging and the one place where adapters are bound to ports."""
