"""Pages of the whole site: notices, refusals, and what machines ask for."""

import logging
import sys
from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from psycopg_pool import PoolTimeout

from events.models import Event
from events.registration.rules import NOTICE_VERSION
from roundtable import organisers
from roundtable.accounts import factors
from roundtable.desk import NoRole

log = logging.getLogger(__name__)

DATABASE_IS_AWAY = (OperationalError, InterfaceError, PoolTimeout)


@require_safe
def privacy(request: HttpRequest) -> TemplateResponse:
    """The notice, from the settings in force."""
    return TemplateResponse(request, "site/privacy.html", {"notice_version": NOTICE_VERSION})


@require_safe
def accessibility(request: HttpRequest) -> TemplateResponse:
    """The statement on what works for whom, and how to reach us where it does not."""
    return TemplateResponse(request, "site/accessibility.html")


class FirstOrganiserForm(forms.Form):
    """The one thing asked of the first organiser."""

    email = forms.EmailField(
        label=_("Your email address"),
        max_length=254,
        help_text=_("You sign in with it. It is not shown to anybody else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_organiser(request: HttpRequest, token: str) -> HttpResponse:
    """Set up the first organiser. Opening the link changes nothing; the button does."""
    try:
        organisers.check_link(token)
        form = FirstOrganiserForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            user = organisers.make_first_organiser(token=token, email=form.cleaned_data["email"])
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            factors.note_sign_in(request, "link")
            # On to a second factor, and from there to the desk.
            return redirect("mfa_index")
    except organisers.LinkRefused:
        used = TemplateResponse(request, "site/link_used.html", status=404)
        used["Referrer-Policy"] = "no-referrer"
        return used
    response = TemplateResponse(request, "site/first_organiser.html", {"form": form})
    response["Referrer-Policy"] = "same-origin"
    return response


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Whether this process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether the site can do its work: 503 while the database does not answer with events."""
    try:
        Event.objects.exists()
    except (DatabaseError, *DATABASE_IS_AWAY):
        return HttpResponse("database away\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def robots_txt(request: HttpRequest) -> HttpResponse:
    """What search engines leave alone (RFC 9309)."""
    lines = [
        "User-agent: *",
        "Disallow: /accounts/",
        "Disallow: /admin/",
        "Disallow: /registrations/",
        f"Sitemap: {settings.ORIGIN}/sitemap.xml",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> TemplateResponse:
    """The public pages, for search engines (sitemaps.org 0.9)."""
    events = Event.objects.published().order_by("-starts_at", "pk")
    return TemplateResponse(
        request, "site/sitemap.xml", {"events": events}, content_type="application/xml"
    )


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a weakness (RFC 9116). There is no such file without a contact."""
    if not settings.CONTACT_EMAIL:
        return HttpResponseNotFound("", content_type="text/plain")
    expires = (timezone.now() + timedelta(days=180)).replace(microsecond=0)
    lines = [
        f"Contact: mailto:{settings.CONTACT_EMAIL}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Canonical: {settings.ORIGIN}/.well-known/security.txt",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 and 413: told by what was wrong, in words."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return _plain_page(request, "413.html", 413)
    if isinstance(exception, DisallowedHost):
        return _plain_page(request, "400.html", 400, {"wrong_host": True})
    return _plain_page(request, "400.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: at the organisers' desk told by what the account lacks."""
    match = request.resolver_match
    at_desk = match is not None and "admin" in match.namespaces
    context: dict[str, object] = {"at_desk": at_desk, "no_role": isinstance(exception, NoRole)}
    response = _plain_page(request, "403.html", 403, context)
    if at_desk:
        # The page has a button, and what a page without referrer sends is refused.
        response["Referrer-Policy"] = "same-origin"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came without its cookie: told how to go on."""
    return _plain_page(request, "403.html", 403, {"csrf": True})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _plain_page(request, "404.html", 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 with the typed form kept where the database can't be reached.

    Django calls this while it handles the exception, so it can be asked for.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, DATABASE_IS_AWAY):
        return _plain_page(request, "500.html", 500)
    log.error("The database can't be reached: %s", error)
    typed = _typed(request)
    response = _plain_page(
        request, "503.html", 503, {"typed": typed, "address": request.get_full_path()}
    )
    response["Retry-After"] = "30"
    if typed:
        # A page without referrer sends its form as from nowhere, which is refused.
        response["Referrer-Policy"] = "same-origin"
    return response


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What the person typed, to be sent again by one button; nothing where it can't be read."""
    if request.method != "POST":
        return []
    try:
        request.POST  # noqa: B018 - read here, for the first time perhaps
    except (SuspiciousOperation, BadRequest, MultiPartParserError, OSError):
        return []
    return [(name, value) for name, values in request.POST.lists() for value in values]


def _plain_page(
    request: HttpRequest, template: str, status: int, context: dict[str, object] | None = None
) -> HttpResponse:
    """Render a refusal without database or session, which may be what failed.

    Its address may hold somebody's personal link, so it is told to nobody.
    """
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
