"""Password hashes, token signatures, sealed secrets and MACs."""
