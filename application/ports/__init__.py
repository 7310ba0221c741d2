"""The interfaces through which the use cases reach everything outside the process's own rules."""
