"""Getting an account back, and proving or changing the address that it has."""
