"""What one client, and all of them together, may take before the application sees a request."""

HEAD_SECONDS = 10.0
"""From the connection, or from the first byte of the next request, to the end of its head."""
BODY_SECONDS = 15.0
"""From the end of the head to the end of the body."""
KEEP_ALIVE_SECONDS = 30.0
"""Between two requests on one connection."""
READING_SECONDS = 30.0
"""For a client that takes nothing of an answer that does not fit into the buffers."""
ANSWER_SECONDS = 300.0
"""For the whole of such an answer, however steadily it is taken."""
LEAVING_SECONDS = 2.0
"""For the client to close as well, once all is sent and the connection is over on our side."""

MAX_HEAD_BYTES = 32 * 1024
MAX_TARGET_BYTES = 8 * 1024
MAX_HEADERS = 100
MAX_PIPELINED = 16
"""Requests that came before the one ahead of them was answered."""

MAX_CONNECTIONS = 1000
"""Of one worker, idle ones included."""
DISPLACED_AFTER_SECONDS = 1.0
"""Who has kept a full worker waiting for this long makes room for a newcomer."""
SWEEP_SECONDS = 0.5
"""Deadlines are looked at this often, for all connections together: a request costs no timer."""
