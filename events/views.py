"""The public pages of events and their calendar files. They set no cookie and read none."""

from collections.abc import Iterable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import http_date
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from events import calendar, clock, paper
from events.agenda import TimedItem, timed
from events.models import ConceptNote, Event, Series
from events.publishing import entry, event_url, publisher
from events.rules import Phase, join_link, last_change, phase
from speakers.models import Speaker


def visible_event(request: HttpRequest, slug: str) -> Event:
    """Return the published event of this address; an organiser sees drafts as well.

    The session is not read for published pages, so they depend on no cookie.
    It is read for all others, so that the 404 of a draft is that of an address
    nobody ever used. Raises Http404 for both.
    """
    event = Event.objects.with_place().filter(slug=slug).first()
    if event and event.published:
        return event
    if request.user.has_perm("events.view_event") and event:
        return event
    raise Http404


def page(request: HttpRequest, event: Event, template: str, **context: object) -> TemplateResponse:
    """Return a page of one event, with what every such page shows."""
    now = clock.now()
    response = TemplateResponse(
        request,
        template,
        {
            "event": event,
            "now": now,
            "phase": phase(event, now=now),
            "join_link": join_link(event, now=now),
            **context,
        },
    )
    if not event.published:
        patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    event = Event.objects.published().with_place().in_front(clock.now()).first()
    if event is None:
        return TemplateResponse(request, "events/no_event.html")
    return event_page(request, event)


@require_safe
def event(request: HttpRequest, slug: str) -> TemplateResponse:
    return event_page(request, visible_event(request, slug))


def event_page(request: HttpRequest, event: Event) -> TemplateResponse:
    slots = slots_of(event)
    return page(
        request,
        event,
        "events/event.html",
        slots=slots,
        note=note_of(event),
        speakers=speakers_in(slots),
    )


def slots_of(event: Event) -> list[TimedItem]:
    """Return the running order with its people, or nothing while it is a draft."""
    return timed(event, event.agenda_items.with_people()) if event.has_public_agenda else []


def speakers_in(slots: list[TimedItem]) -> list[Speaker]:
    """Return whom the agenda shows, each once, in the running order."""
    people = [assignment.person for slot in slots for assignment in slot.people]
    return list({speaker.pk: speaker for speaker in people if speaker}.values())


def note_of(event: Event, *with_rows: str) -> ConceptNote | None:
    """Return the note in the reader's language, else in English, else in any.

    Its sections come with it, and what else of its rows is named.
    """
    found = event.concept_notes.prefetch_related("sections", *with_rows)
    notes = {note.language: note for note in found}
    return notes.get(get_language() or "en") or notes.get("en") or next(iter(notes.values()), None)


@require_safe
def concept_note(request: HttpRequest, slug: str) -> TemplateResponse:
    event = visible_event(request, slug)
    return page(request, event, "events/concept_note.html", note=note_of(event, "versions"))


@require_safe
def agenda(request: HttpRequest, slug: str) -> TemplateResponse:
    event = visible_event(request, slug)
    return page(request, event, "events/agenda.html", slots=slots_of(event))


@require_safe
def plain_text(request: HttpRequest, slug: str) -> TemplateResponse:
    """The whole event as one page of text, for a line or a device that carries no more."""
    event = visible_event(request, slug)
    response = page(request, event, "events/plain.txt", slots=slots_of(event), note=note_of(event))
    response["Content-Type"] = "text/plain; charset=utf-8"
    return response


@require_safe
def speakers(request: HttpRequest, slug: str) -> TemplateResponse:
    event = visible_event(request, slug)
    return page(request, event, "events/speakers.html", speakers=speakers_in(slots_of(event)))


@require_safe
def event_list(request: HttpRequest) -> TemplateResponse:
    now = clock.now()
    published = Event.objects.published().with_place()
    past = list(published.past(now))
    return TemplateResponse(
        request,
        "events/event_list.html",
        {
            "upcoming": published.upcoming(now),
            "past": past,
            "past_by_series": by_series(past),
            "now": now,
        },
    )


def by_series(events: Iterable[Event]) -> list[tuple[Series | None, list[Event]]]:
    """Return events under the series they belong to, in the order they came."""
    groups: dict[Series | None, list[Event]] = {}
    for event in events:
        groups.setdefault(event.series, []).append(event)
    return list(groups.items())


@require_safe
def invite_ics(request: HttpRequest, slug: str) -> HttpResponse:
    event = visible_event(request, slug)
    link = join_link(event, now=clock.now())
    content = calendar.invitation(event, **entry(event), join_url=link)
    return calendar_file(content, event, f"{event.slug}.ics")


@require_safe
def agenda_ics(request: HttpRequest, slug: str) -> HttpResponse:
    event = visible_event(request, slug)
    if not event.has_public_agenda:
        raise Http404
    content = calendar.agenda(
        event,
        timed_items=timed(event, event.agenda_items.all()),
        publisher=publisher(event),
        event_url=event_url(event),
    )
    return calendar_file(content, event, f"{event.slug}-agenda.ics")


@require_safe
def concept_note_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    event = visible_event(request, slug)
    note = note_of(event)
    if note is None:
        raise Http404
    url = settings.ORIGIN + reverse("events:concept_note", args=[slug])
    return pdf_file(paper.concept_note(event, note, url=url), event, "concept-note")


@require_safe
def agenda_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    event = visible_event(request, slug)
    slots = slots_of(event)
    if not slots:
        raise Http404
    over = phase(event, now=clock.now()) == Phase.AFTER
    url = settings.ORIGIN + reverse("events:agenda", args=[slug])
    return pdf_file(paper.agenda(event, slots, url=url, over=over), event, "agenda")


@require_safe
def card_png(request: HttpRequest, slug: str) -> HttpResponse:
    """The picture that goes with a link to the event."""
    event = visible_event(request, slug)
    response = HttpResponse(paper.card(event), content_type="image/png")
    if not event.published:
        patch_cache_control(response, private=True, no_store=True)
    return response


def pdf_file(content: bytes, event: Event, name: str) -> HttpResponse:
    """Return a document that the browser shows, and saves by a name that tells what it is."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{event.slug}-{name}.pdf"'
    if not event.published:
        patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def feed_ics(request: HttpRequest) -> HttpResponse:
    events = list(Event.objects.published().with_place().order_by("starts_at", "pk"))
    now = clock.now()
    content = calendar.feed(
        events,
        publisher=publisher(None),
        url_for=event_url,
        name=str(events[0].series or events[0]) if events else "",
        join_url_for=lambda event: join_link(event, now=now),
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    return response


def calendar_file(content: bytes, event: Event, filename: str) -> HttpResponse:
    """Return a calendar file to download, with the time of the event's last change."""
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Last-Modified"] = http_date(last_change(event, now=clock.now()).timestamp())
    if not event.published:
        patch_cache_control(response, private=True, no_store=True)
    return response
