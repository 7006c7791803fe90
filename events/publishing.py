"""What calendar files need to know of the site that publishes them."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from events.calendar import Publisher
from events.models import AgendaItem, Event


def publisher(event: Event | None) -> Publisher:
    """Return who publishes, from the event and the settings in force."""
    return Publisher(
        origin=settings.ORIGIN,
        contact_email=(event.contact_email if event else "") or settings.CONTACT_EMAIL,
        name=(event.convenor if event else "") or settings.CONTROLLER,
    )


def event_url(event: Event) -> str:
    """Return the event's absolute address, on the site's own origin."""
    return f"{settings.ORIGIN}{event.get_absolute_url()}"


def entry(event: Event) -> dict[str, Any]:
    """Return what every builder of an event's calendar entry takes, by name."""
    return {
        "items": shown_items(event),
        "publisher": publisher(event),
        "event_url": event_url(event),
        "note_url": settings.ORIGIN + reverse("events:concept_note", args=[event.slug]),
    }


def shown_items(event: Event) -> list[AgendaItem]:
    """Return the agenda's slots, or none while it is a draft."""
    return list(event.agenda_items.all()) if event.has_public_agenda else []
