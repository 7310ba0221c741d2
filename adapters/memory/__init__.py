"""Every port in memory: for tests of ours and of others, never for production."""
