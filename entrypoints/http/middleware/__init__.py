"""What every request passes on its way in and out, as plain ASGI.

From the outside in: shell (id, headers, log line) -> hosts -> CORS -> boundary (no exception gets
past it) -> body limit -> routes.
"""
