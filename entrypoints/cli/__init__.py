"""The command line: the same use cases, for whoever runs the service."""
