"""What stands between the forms and robots, floods and other people's websites.

None of it needs a cookie, a picture puzzle or a script, and none of it costs a
person what she typed: a form that is turned back comes again as it was.
"""

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

SALT = "registration.form"
# Nobody fills in a page faster; a robot does.
LEAST_SECONDS = 2


@dataclass(frozen=True)
class FormToken:
    """A form's identity and age. It never expires: slow people are people too."""

    submission: str
    seconds_old: float


def new_form_token() -> str:
    """Return a signed token for a fresh form."""
    signed = {"submission": secrets.token_urlsafe(16), "at": timezone.now().timestamp()}
    return signing.dumps(signed, salt=SALT)


def read_form_token(token: str) -> FormToken | None:
    """Return what the token says, or None where it is not ours."""
    try:
        signed = signing.loads(token, salt=SALT)
        age = timezone.now().timestamp() - float(signed["at"])
        return FormToken(submission=str(signed["submission"]), seconds_old=age)
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None


def comes_from_our_page(request: HttpRequest, *, secret_address: bool = False) -> bool:
    """Whether a post was sent from a page of this site, as far as the browser tells.

    ``Origin`` reads "null" where the page sends no referrer, so the browser's
    own ``Sec-Fetch-Site`` (Fetch Metadata) is asked first. A client that sends
    neither is no browser and carries nobody's powers. Old phones, and every
    browser on a site without https, send "null" alone: that is believed where
    the address itself is a secret which no other page can name.
    """
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site:
        return fetch_site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    if origin == "null":
        return secret_address
    try:
        return urlsplit(origin).netloc == request.get_host()
    except ValueError:
        return False


def client_address(request: HttpRequest) -> str:
    """Return the client's address, believing as many proxies as the settings name."""
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    chain = [part for part in chain if part] + [request.META.get("REMOTE_ADDR", "")]
    trusted = min(settings.TRUSTED_PROXIES, len(chain) - 1)
    return chain[-1 - trusted]


def household(address: str) -> str:
    """Return whom an address stands for: a whole /64 in IPv6, where one line has so many.

    A server that listens on both writes IPv4 as "::ffff:203.0.113.7", and all
    of IPv4 is in that one /64.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed, 64), strict=False))


def over_the_limit(request: HttpRequest, *, scope: str, limit: int) -> bool:
    """Count one more post from this address in this hour; whether it is over ``limit``.

    Addresses are kept as hashes and for an hour. The count is not exact under
    load and need not be: it stops floods.
    """
    hour = int(timezone.now().timestamp()) // 3600
    sender = household(client_address(request))
    digest = hashlib.sha256(f"{settings.SECRET_KEY}{sender}".encode()).hexdigest()
    key = f"posts:{scope}:{hour}:{digest[:32]}"
    count = cache.get(key, 0) + 1
    if count <= limit:
        cache.set(key, count, 3600)
    return count > limit
