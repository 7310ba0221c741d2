"""Celery as the way to workers: telling them that there is something to do."""
