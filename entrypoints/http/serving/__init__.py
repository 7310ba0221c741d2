"""The server under the application: what clients may cost it, and how it leaves."""
