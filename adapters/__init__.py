"""The ports made real: one folder per technology, none of which knows another."""
