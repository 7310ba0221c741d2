"""The metrics of a worker: it serves nothing else, so the page has a port of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from application.ports.telemetry import MetricsPage
from config.container import container_for
from config.metrics_access import may_see_metrics
from config.metrics_folder import sharing_metrics
from config.settings import Settings

_PATIENCE_SECONDS = 5


@contextmanager
def serving_metrics(settings: Settings, port: int) -> Iterator[None]:
    """Of all processes that are forked in this block. Raises OSError if the port is taken."""
    with sharing_metrics():
        page = container_for(settings).telemetry()
        server = ThreadingHTTPServer((settings.host, port), _handler(settings, page))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()


def _handler(settings: Settings, page: MetricsPage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_SECONDS

        def do_GET(self) -> None:
            allowed = may_see_metrics(settings, self.headers.get("Authorization", ""))
            if self.path != "/metrics" or not allowed:
                self.send_error(404)
                return
            # How deep the outbox is, the serving processes tell.
            content = page.render(None)
            self.send_response(200)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def version_string(self) -> str:
            return "doorward"

        def log_message(self, *_: object) -> None:
            """Not a line for every scrape."""

    return Handler
