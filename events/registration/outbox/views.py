"""The kept mails of a local install, shown as a person would see them.

They hold everybody's personal links. So these pages exist only where nobody
but the person at this machine can open them.
"""

import ipaddress
from collections.abc import Callable
from email.message import EmailMessage
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from events.registration.outbox.models import OutboxMail
from events.registration.outbox.rules import message_of

View = Callable[..., Any]
PER_PAGE = 50
# For a body alone: it may look as it likes, run nothing and fetch nothing.
HTML_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-top-navigation-by-user-activation"],
}
# What proxies and tunnels add. One on this machine would come from loopback.
BY_WAY_OF_OTHERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
HEADERS = ("From", "To", "Reply-To", "Date", "Subject")


def at_this_machine_only(view: View) -> View:
    """Answer 404 to everybody who is not on a local install, at its own machine.

    Nor does it answer to what another program hands on, a tunnel perhaps.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            near = ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback
        except (KeyError, ValueError):
            near = False
        handed_on = any(name in request.headers for name in BY_WAY_OF_OTHERS)
        if not (settings.LOCAL_INSTALL and near) or handed_on:
            raise Http404
        response = view(request, *args, **kwargs)
        patch_cache_control(response, no_store=True, private=True)
        response["Referrer-Policy"] = "no-referrer"
        return response

    return guarded


def kept(pk: int) -> tuple[OutboxMail, EmailMessage]:
    """Return a mail with its message. Raises Http404 where there is none any more."""
    mail = get_object_or_404(OutboxMail, pk=pk)
    message = message_of(mail)
    if message is None:
        raise Http404
    return mail, message


def parts_of(message: EmailMessage) -> list[EmailMessage]:
    """Return the parts that are no container, in the message's own order."""
    return [part for part in message.walk() if not part.is_multipart()]


def text_of(message: EmailMessage | None, kind: str) -> str:
    """Return the first part of this kind that is no attachment, or ""; never raises."""
    for part in parts_of(message) if message else []:
        if part.get_content_type() == f"text/{kind}" and not part.is_attachment():
            try:
                return content_of(part).decode(part.get_content_charset("utf-8"), "replace")
            except LookupError:
                # A character set nobody knows; the signs of English at least are readable.
                return content_of(part).decode("ascii", "replace")
    return ""


def content_of(part: EmailMessage) -> bytes:
    """Return a part's bytes as they were before they were coded for the wire."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def with_policy(response: HttpResponse, **changes: dict[str, list[str]]) -> HttpResponse:
    """Change the content security policy of one response (``update`` or ``replace``)."""
    for kind, directives in changes.items():
        setattr(response, f"_csp_{kind}", directives)
    return response


@require_safe
@at_this_machine_only
def mail_list(request: HttpRequest) -> TemplateResponse:
    page = Paginator(OutboxMail.objects.defer("payload"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    return TemplateResponse(request, "outbox/list.html", {"page": page})


@require_safe
@at_this_machine_only
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(OutboxMail, pk=pk)
    message = message_of(row)
    parts = [
        {
            "number": number,
            "name": part.get_filename() or part.get_content_type(),
            "type": part.get_content_type(),
        }
        for number, part in enumerate(parts_of(message) if message else [])
        if part.is_attachment() or part.get_content_maintype() != "text"
        or part.get_content_subtype() not in {"plain", "html"}
    ]  # fmt: skip
    context = {
        "mail": row,
        "is_purged": message is None,
        "headers": [(name, message[name]) for name in HEADERS if message and message[name]],
        "text": text_of(message, "plain"),
        "has_html": bool(text_of(message, "html")),
        "parts": parts,
    }
    response = TemplateResponse(request, "outbox/mail.html", context)
    return with_policy(response, update={"frame-src": ["'self'"]})


@require_safe
@at_this_machine_only
@xframe_options_sameorigin
def html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML body alone, for the frame: no script runs in it, nothing is fetched."""
    _mail, message = kept(pk)
    body = text_of(message, "html").replace("<head>", '<head><base target="_top">', 1)
    return with_policy(HttpResponse(body), replace=HTML_POLICY)


@require_safe
@at_this_machine_only
def raw(request: HttpRequest, pk: int) -> HttpResponse:
    """The message as it would go over the wire."""
    mail, _message = kept(pk)
    return HttpResponse(bytes(mail.payload or b""), content_type="text/plain; charset=utf-8")


@require_safe
@at_this_machine_only
def part(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One part to download, with the type it says."""
    _mail, message = kept(pk)
    parts = parts_of(message)
    if number >= len(parts):
        raise Http404
    found = parts[number]
    response = HttpResponse(content_of(found), content_type=found["Content-Type"])
    name = found.get_filename() or "part"
    response.headers["Content-Disposition"] = f'attachment; filename="{ascii_name(name)}"'
    return response


def ascii_name(name: str) -> str:
    """Return a file name that can stand in a header."""
    plain = name.encode("ascii", "ignore").decode()
    return "".join(sign for sign in plain if sign.isalnum() or sign in "._-") or "part"
