"""What is true of an event now, and what happens when its content changes."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from events.models import Assignment, Event, Venue

# Fields that keep the books of a row; they are not content.
BOOKKEEPING = frozenset({"id", "uid", "created_at", "featured", *Event.BOOKS})

# Where to go, or how to join. The country counts by its code, which is the
# same in every language.
CALENDAR_FACTS_OF_VENUE = (
    "name", "address", "town", "country", "latitude", "longitude", "join_url", "join_audience",
)  # fmt: skip


class NotPublished(Exception):
    """A draft can't be where everybody would see it."""


class Phase(StrEnum):
    """Where the event stands in time."""

    BEFORE = "before"
    LIVE = "live"
    AFTER = "after"


def phase(event: Event, *, now: datetime) -> Phase:
    """Return the event's phase at ``now``; it is live from its start up to its end."""
    if now < event.starts_at:
        return Phase.BEFORE
    return Phase.LIVE if now < event.ends_at else Phase.AFTER


def join_link(event: Event, *, now: datetime, has_seat: bool = False) -> str:
    """Return the link to join from afar, or "" while this reader may not see it.

    It is shown from the set minutes before the start until the end, to
    everybody or to people with a seat, as the venue says.
    """
    venue = event.venue
    if venue is None or not venue.join_url:
        return ""
    opens_at = event.starts_at - timedelta(minutes=venue.join_minutes_before)
    may_see = has_seat or venue.join_audience == Venue.JoinAudience.EVERYBODY
    return venue.join_url if may_see and opens_at <= now < event.ends_at else ""


def last_change(event: Event, *, now: datetime) -> datetime:
    """Return when what everybody may read last changed, for Last-Modified (RFC 9110, 8.8.2).

    A link to join that is open to everybody comes and goes by the clock.
    """
    moments = [event.changed_at]
    venue = event.venue
    if venue and venue.join_url and venue.join_audience == Venue.JoinAudience.EVERYBODY:
        opens_at = event.starts_at - timedelta(minutes=venue.join_minutes_before)
        moments += [moment for moment in (opens_at, event.ends_at) if moment <= now]
    return max(moments)


def record_change(event: Event, *, at: datetime) -> bool:
    """Compare the event with what was last recorded, and record what changed.

    Call it after any public content was written: the event, its series,
    venue, note, agenda, or the profile of somebody in the agenda. ``at`` is
    real time. A changed calendar fact (start, end, venue, join link, status)
    raises SEQUENCE (RFC 5545, 3.8.7.4); a change of anything public raises the
    content version and the time of the last change. Returns whether anything
    changed; ``event`` is brought up to date.

    This is the only writer of these fields, and page cache, ETag and calendar
    files read nothing else.
    """
    with transaction.atomic():
        row = Event.objects.select_for_update(of=("self",)).with_place().get(pk=event.pk)
        content = _fingerprint(_content_facts(row))
        changed = content != row.content_fingerprint
        if changed:
            calendar = _fingerprint(_calendar_facts(row))
            if row.calendar_fingerprint not in {"", calendar}:
                row.sequence += 1
            row.calendar_fingerprint = calendar
            row.content_fingerprint = content
            row.content_version += 1
            row.changed_at = max(at, row.changed_at) if row.content_version > 1 else at
            books = {name: getattr(row, name) for name in Event.BOOKS}
            Event.objects.filter(pk=row.pk).update(**books)
    for field in ("sequence", "content_version", "changed_at"):
        setattr(event, field, getattr(row, field))
    return changed


def record_changes(events: Iterable[Event], *, at: datetime) -> None:
    """Record what changed for several events, as when a shared venue or profile did."""
    for event in events:
        record_change(event, at=at)


def put_in_front(event: Event, *, at: datetime) -> Event | None:
    """Give the front page to this event, in one step; return the one that had it, if any.

    ``at`` is real time. Raises NotPublished for a draft, which nobody would see there.
    """
    with transaction.atomic():
        rows = Event.objects.select_for_update().order_by("pk")
        locked = {
            row.pk: row for row in rows.filter(models.Q(featured=True) | models.Q(pk=event.pk))
        }
        row = locked.pop(event.pk)
        if not row.published:
            raise NotPublished
        for before in locked.values():
            before.featured = False
            before.save()
        if not row.featured:
            row.featured = True
            row.save()
        record_changes([*locked.values(), row], at=at)
    return next(iter(locked.values()), None)


def put_on_site(event: Event, *, at: datetime) -> None:
    """Publish a draft. ``at`` is real time."""
    with transaction.atomic():
        row = Event.objects.select_for_update().get(pk=event.pk)
        if not row.published:
            row.published = True
            row.save()
            record_change(row, at=at)


def take_off_site(event: Event, *, at: datetime) -> None:
    """Make the event a draft again, off the front page too. ``at`` is real time."""
    with transaction.atomic():
        row = Event.objects.select_for_update().get(pk=event.pk)
        if row.published or row.featured:
            row.published = row.featured = False
            row.save()
            record_change(row, at=at)


def _facts(row: models.Model | None) -> dict[str, Any] | None:
    """Return a row's own fields; new ones count from the day they are added."""
    if row is None:
        return None
    return {
        field.attname: field.value_to_string(row)
        for field in row._meta.concrete_fields
        if field.attname not in BOOKKEEPING
    }


def _calendar_facts(event: Event) -> dict[str, Any]:
    # Nothing known of the venue is nothing, with or without a row for it.
    venue = _facts(event.venue or Venue()) or {}
    return {
        "start": event.starts_at,
        "end": event.ends_at,
        "zone": event.zone,
        "status": event.status,
        "venue": {name: venue[name] for name in CALENDAR_FACTS_OF_VENUE},
    }


def _content_facts(event: Event) -> dict[str, Any]:
    items, people = event.agenda_items.all(), Assignment.objects.none()
    if event.has_public_agenda:
        people = Assignment.objects.filter(item__event=event).shown().select_related("speaker")
    else:
        items = items.none()
    return {
        "event": _facts(event),
        "series": _facts(event.series),
        "venue": _facts(event.venue),
        "notes": [
            [
                _facts(note),
                [_facts(section) for section in note.sections.all()],
                [_facts(version) for version in note.versions.all()],
            ]
            for note in event.concept_notes.prefetch_related("sections", "versions")
        ],
        "agenda": [_facts(item) for item in items],
        "people": [[_facts(assignment), _facts(assignment.speaker)] for assignment in people],
    }


def _fingerprint(facts: dict[str, Any]) -> str:
    text = json.dumps(facts, cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
