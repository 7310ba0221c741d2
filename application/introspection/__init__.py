"""What a token or key is worth at this moment, and giving one up (RFC 7662, RFC 7009)."""
