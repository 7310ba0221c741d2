"""The ways in: HTTP, command line, background worker. They translate and hold no rules."""
