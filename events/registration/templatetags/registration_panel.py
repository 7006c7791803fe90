"""What pages of an event show of its registration."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from events import clock
from events.models import Event
from events.registration.drawing import at_the_table, drawing
from events.registration.links import Power, token_for
from events.registration.models import Registration
from events.registration.queries import availability_of, known, open_seats_of

register = template.Library()


def _read(context: template.Context, event: Event) -> Event:
    """Return the event with its registration, read once for all tags of a page."""
    kept, key = context.render_context, f"registration of {event.pk}"
    if key not in kept:
        kept[key] = known(event, places=True)
    found: Event = kept[key]
    return found


@register.inclusion_tag("events/registration/panel.html", takes_context=True)
def registration_panel(context: template.Context, event: Event) -> dict[str, Any]:
    """The state of registration in words, with the one call to action."""
    now = clock.now()
    return {
        "event": event,
        "phase": context.get("phase"),
        "availability": availability_of(_read(context, event), now=now),
        "register_url": reverse("registration:register", args=[event.slug]),
    }


@register.inclusion_tag("events/registration/open_seats.html", takes_context=True)
def open_seats(context: template.Context, event: Event) -> dict[str, Any]:
    """The groups of the note that are missing, if it is wished for."""
    found = open_seats_of(_read(context, event), now=clock.now())
    if found is None:
        return {}
    return {
        "open_seats": found,
        "there": at_the_table(found.places),
        "register_url": reverse("registration:register", args=[event.slug]),
    }


@register.simple_tag(takes_context=True)
def table_from_above(context: template.Context, event: Event) -> SafeString:
    """The table with who is there and who is missing; with every seat alike if that is not told."""
    found = open_seats_of(_read(context, event), now=clock.now())
    return drawing(found.places) if found else render_to_string("components/table.html")


@register.inclusion_tag("events/registration/line.txt")
def registration_line(event: Event, origin: str) -> dict[str, Any]:
    """The state of registration for a page of plain text, with the whole address of the form."""
    now, facts = clock.now(), known(event, places=True)
    return {
        "event": event,
        "availability": availability_of(facts, now=now),
        "open_seats": open_seats_of(facts, now=now),
        "register_url": origin + reverse("registration:register", args=[event.slug]),
    }


@register.simple_tag
def manage_token(registration: Registration) -> str:
    """The token of somebody's own page, for the page of who registered her."""
    return token_for(registration, Power.MANAGE)
