"""Where mail goes first, by the settings."""

from urllib.parse import urlsplit

from adapters.memory.mail_route import MemoryMailRoute
from adapters.system.mail_route import TcpMailRoute
from application.ports.mail_route import MailRoute
from config.settings import Settings

_PORTS = {"smtp": 25, "smtps": 465, "http": 80, "https": 443}


def mail_route(settings: Settings) -> MailRoute:
    """One that is always open where no mail is sent."""
    if settings.mailer == "smtp" and settings.smtp_url is not None:
        return _route_to(settings.smtp_url.get_secret_value())
    if settings.mailer == "http" and settings.mail_api_url is not None:
        return _route_to(_next_hop(settings.mail_api_url))
    return MemoryMailRoute()


def _route_to(url: str) -> MailRoute:
    parts = urlsplit(url)
    return TcpMailRoute(parts.hostname or "", parts.port or _PORTS[parts.scheme])


def _next_hop(url: str) -> str:
    """The proxy that the environment names for it, if it does: as the HTTP client sees it."""
    # Much to load, for a question that few installations have.
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass(parts.netloc):
        return url
    return proxy if urlsplit(proxy).scheme in ("http", "https") else url
