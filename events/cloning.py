"""The same roundtable again on another day: a copy of an event, as a draft of its own."""

import re
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Model
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from events import history
from events.models import (
    AgendaItem,
    Assignment,
    ConceptNote,
    Event,
    NoteSection,
    new_uid,
)
from events.rules import record_change
from speakers.addresses import free_address
from speakers.keeping import reason

# What a copy's records say, before the key of what it was copied from.
COPY = "copy:"


class People(StrEnum):
    """Who stands in the copied agenda: an invitation to one event is none to the next."""

    NOBODY = "nobody"
    ROLES = "roles"
    PROPOSED = "proposed"


@dataclass(frozen=True)
class Parts:
    """What of an event goes into its copy."""

    agenda: bool = True
    people: People = People.ROLES
    note: bool = True
    series: bool = True
    venue: bool = True


def clone(
    event: Event,
    *,
    title: str,
    slug: str,
    number: int | None,
    starts_at: datetime,
    zone: str,
    at: datetime,
    parts: Parts | None = None,
) -> Event:
    """Make a copy of an event at another time, and return it.

    It is as long as the event, a draft off the front page, scheduled, with a
    calendar identity of its own, and nobody is registered. Its agenda is a
    draft, its note version 1 without a date. Whoever declined is not asked
    again. ``at`` is real time. Raises ValidationError for what no event may
    be, such as an address that is taken.
    """
    parts = parts or Parts()
    copied = _fresh(event)
    copied.title, copied.slug, copied.number = title, slug, number
    copied.starts_at, copied.zone = starts_at, zone
    copied.ends_at = starts_at.astimezone(UTC) + (event.ends_at - event.starts_at)
    copied.status, copied.agenda_status = Event.Status.SCHEDULED, Event.AgendaStatus.DRAFT
    copied.published = copied.featured = False
    copied.uid, copied.created_at, copied.changed_at = new_uid(), at, at
    copied.sequence = copied.content_version = 0
    copied.calendar_fingerprint = copied.content_fingerprint = ""
    if not parts.series:
        copied.series = None
    if not parts.venue:
        copied.venue = None
    copied.full_clean()
    words = f"{COPY}{event.pk}"
    with transaction.atomic():
        copied._change_reason = words
        copied.save(force_insert=True)
        if parts.agenda:
            _copy_agenda(event, copied, people=parts.people, words=words)
        if parts.note:
            _copy_note(event, copied, words=words)
        record_change(copied, at=at)
    return copied


def _copy_agenda(event: Event, copied: Event, *, people: People, words: str) -> None:
    items = {item.pk: _fresh(item) for item in event.agenda_items.all()}
    for item in items.values():
        item.event = copied
    _create(AgendaItem, list(items.values()), words=words)
    if people == People.NOBODY:
        return
    asked = Assignment.objects.shown().filter(item__event=event).select_related("speaker")
    seats = []
    for assignment in asked.order_by("pk"):
        seat = _fresh(assignment)
        seat.item = items[assignment.item_id]
        seat.status = Assignment.Status.PROPOSED
        speaker = assignment.speaker
        if people == People.ROLES and speaker and not speaker.to_be_announced:
            seat.speaker, seat.presence = None, ""
        seats.append(seat)
    _create(Assignment, seats, words=words)


def _copy_note(event: Event, copied: Event, *, words: str) -> None:
    notes = {note.pk: _fresh(note) for note in event.concept_notes.all()}
    for note in notes.values():
        note.event, note.version, note.dated, note.what_changed = copied, "1", None, ""
    _create(ConceptNote, list(notes.values()), words=words)
    sections = []
    for section in NoteSection.objects.filter(note__event=event).order_by("pk"):
        fresh = _fresh(section)
        fresh.note = notes[section.note_id]
        sections.append(fresh)
    _create(NoteSection, sections, words=words)


@dataclass(frozen=True)
class Leftover:
    """A copied note that still speaks of the event it was copied from."""

    note: ConceptNote
    source: Event

    def __str__(self) -> str:
        return _(
            "The heading lines of the concept note still name the number or the day of “%(event)s”."
        ) % {"event": self.source}


def leftovers(event: Event) -> list[Leftover]:
    """Return the notes whose heading lines name the number or the day of another event.

    Lines that are as they were copied, that is; edited ones are their author's
    business. Asks the database once where the event is no copy.
    """
    copies = {
        record.id: record
        for record in history.records(ConceptNote).filter(
            event_id=event.pk, history_type="+", history_change_reason__contains=f" {COPY}"
        )
    }
    if not copies:
        return []
    found = []
    for note in ConceptNote.objects.filter(pk__in=copies, event=event):
        record = copies[note.pk]
        source = history.last_state(Event, int(record.history_change_reason.split(COPY)[1]))
        if source and note.masthead == record.masthead and _speaks_of(source, note, event):
            found.append(Leftover(note, source))
    return found


def _speaks_of(source: Event, note: ConceptNote, event: Event) -> bool:
    """Whether heading lines hold the number or the day of the source. In any language: digits."""
    lines = [{int(digits) for digits in re.findall(r"\d+", line)}
             for line in note.masthead.splitlines()]  # fmt: skip
    day = source.local_start.date()
    wrong_number = source.number is not None and source.number != event.number
    wrong_day = day != event.local_start.date()
    return any(
        (wrong_number and source.number in line) or (wrong_day and {day.day, day.year} <= line)
        for line in lines
    )


def _fresh(row: Any) -> Any:
    """Return a row with the same contents that is not yet in the database."""
    fresh = copy(row)
    fresh.pk = None
    fresh._state.adding = True
    return fresh


def _create(model: type[Model], rows: list[Any], *, words: str) -> None:
    bulk_create_with_history(rows, model, default_change_reason=reason(words))


def shifted(moment: datetime, *, old: Event, new: Event) -> datetime:
    """Return a moment as far from the new start as it was from the old one.

    As clocks on the wall show it: what opened three weeks before at nine in
    the morning does so again, whether or not the clocks change in between.
    """
    distance = moment.astimezone(old.tzinfo).replace(tzinfo=None) - old.local_start.replace(
        tzinfo=None
    )
    wall = new.local_start.replace(tzinfo=None) + distance
    return wall.replace(tzinfo=new.tzinfo).astimezone(UTC)


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks of the zone ever show this time; an hour is skipped when they go forward."""
    there = wall.replace(tzinfo=zone)
    return there.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def next_number(event: Event) -> int | None:
    """Return the number after the last of the series, or None where the event has none."""
    if event.number is None:
        return None
    rows = Event.objects.filter(series=event.series_id) if event.series_id else Event.objects.none()
    last: int | None = rows.aggregate(last=Max("number"))["last"]
    return max(last or 0, event.number) + 1


def suggested_slug(event: Event, number: int | None) -> str:
    """Return a free address for the next event: “roundtable-2” is followed by “roundtable-3”."""
    if number is not None and event.slug.endswith(f"-{event.number}"):
        return free_address(Event, f"{event.slug.removesuffix(str(event.number))}{number}")
    return free_address(Event, event.slug)
