"""Writing messages and sending them: console, SMTP, HTTP mail service."""
