"""Signing keys: keeping every worker's ring in step, and moving keys through their lives."""
