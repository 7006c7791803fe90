"""Public pages, kept and answered from their keys.

A public page is a pure function of its address, its language and a *stamp*:
every fact that it depends on besides, read in one query. A key holds all
three, so nothing has to be told to forget; a page whose facts changed simply
has another key. The entity tag is a hash of the body, so that it is the same
in every process, before and after a restart (RFC 9110, 8.8.3).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import parse_http_date_safe, quote_etag
from django.utils.translation import get_language

from events.models import Event
from events.registration.queries import availability_of, open_seats_of, with_registration
from events.rules import join_link, phase
from speakers.models import Speaker

# Pages of one event; the others show something of every published event.
EVENT_PAGES = frozenset(
    {
        "events:event", "events:concept_note", "events:agenda", "events:speakers",
        "events:plain_text", "events:concept_note_pdf", "events:agenda_pdf", "events:invite_ics",
        "events:agenda_ics", "events:card",
    }
)  # fmt: skip
SITE_PAGES = frozenset(
    {"events:event_list", "events:feed_ics", "sitemap", "privacy", "accessibility"}
)
FRONT_PAGE = "events:home"
PROFILE = "speakers:speaker"

KEPT_HEADERS = ("Content-Type", "Content-Disposition", "Last-Modified", "Link")


@dataclass(frozen=True)
class KeptPage:
    """A page as first rendered: its body and the headers that belong to it."""

    content: bytes
    headers: dict[str, str]
    etag: str


def is_public(view_name: str) -> bool:
    """Whether this address is a public page, the same for everybody."""
    return view_name in EVENT_PAGES | SITE_PAGES | {FRONT_PAGE, PROFILE}


def stamp(view_name: str, slug: str | None, *, now: datetime) -> str | None:
    """Return every fact the page depends on besides address and language, in one query.

    None where nothing published stands behind the address: the view then
    answers by itself, and nothing is kept.
    """
    if view_name == PROFILE:
        return profile_stamp(slug)
    events = with_registration(Event.objects.published().with_place(), places=True)
    if view_name in EVENT_PAGES:
        rows = list(events.filter(slug=slug))
    elif view_name == FRONT_PAGE:
        rows = list(events.in_front(now)[:1])
    else:
        rows = list(events.order_by("pk"))
    if not rows and view_name not in SITE_PAGES:
        return None
    facts = [
        (
            row.pk,
            row.content_version,
            phase(row, now=now),
            join_link(row, now=now),
            availability_of(row, now=now),
            open_seats_of(row, now=now),
        )
        for row in rows
    ]
    return repr(facts)


def profile_stamp(slug: str | None) -> str | None:
    """Return every fact a profile's page depends on, in one query: its own and its events'.

    It asks the profile itself, since one that stands in no event has no
    ``record_change`` to tell of it.
    """
    fields = [field.attname for field in Speaker._meta.concrete_fields]
    event = "assignments__item__event"
    rows = (
        Speaker.objects.published()
        .filter(slug=slug)
        .order_by(f"{event}__pk", "assignments__pk")
        .values_list(*fields, "group__label", f"{event}__pk", f"{event}__content_version")
    )
    return repr(list(dict.fromkeys(rows))) if rows else None


def answer(request: HttpRequest, *, stamp: str, render: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the page for this request, rendering it only if no process-mate has.

    Answers 304 where the reader's copy is still right (RFC 9110, 13.1). Only a
    plain 200 that sets no cookie and depends on none is kept.
    """
    facts = f"{request.get_host()}\n{request.path}\n{get_language()}\n{stamp}"
    key = hashlib.sha256(facts.encode()).hexdigest()
    kept = caches["pages"].get(key)
    if kept is None:
        response = render()
        if response.status_code != 200 or response.cookies or response.has_header("Vary"):
            return response
        headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
        etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:32])
        kept = KeptPage(response.content, headers, etag)
        caches["pages"].set(key, kept)
    response = HttpResponse(kept.content, headers=kept.headers)
    response["ETag"] = kept.etag
    response["Cache-Control"] = "public, no-cache"
    # Set here already, so that a 304 says it too (RFC 9110, 15.4.5).
    patch_vary_headers(response, ["Accept-Encoding"])
    modified = kept.headers.get("Last-Modified")
    conditional = get_conditional_response(
        request,
        etag=kept.etag,
        last_modified=parse_http_date_safe(modified) if modified else None,
        response=response,
    )
    return conditional or response
