"""The rules of accounts and access: pure, standard library only, no I/O, no clock, no chance."""
