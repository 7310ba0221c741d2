"""The background worker: the same use cases, called by Celery."""
