"""What the machine itself gives: time, identities, the syntax of addresses."""
