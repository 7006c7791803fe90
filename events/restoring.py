"""Bringing content back as it was at a moment: agenda, note, facts, a speaker's profile.

Each plan says first what would come of it, and what can't come back, so that
an organiser sees it before anything is written. Bringing back is a change like
any other: it stands in the history, and can itself be taken back. It never
touches a registration.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import FileField, ForeignKey, Model, Q
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.history import Snapshot, as_of, names_for, present, row_as_of
from events.models import AgendaItem, Assignment, ConceptNote, Event, NoteSection, NoteVersion
from events.notes import keep_version
from events.rules import record_change, record_changes
from speakers.models import Speaker


class Part(StrEnum):
    """What of an event can be brought back."""

    AGENDA = "agenda"
    NOTE = "note"
    FACTS = "facts"


PART_NAMES: dict[Part, Promise] = {
    Part.AGENDA: gettext_lazy("the agenda and the people in it"),
    Part.NOTE: gettext_lazy("the concept note"),
    Part.FACTS: gettext_lazy("the event’s own facts"),
}
# A row's identity and its books are nobody's to bring back.
KEPT_AS_IS = frozenset({"id", "uid", "created_at", *Event.BOOKS})


class NothingThere(Exception):
    """At that moment there was nothing to bring back."""


@dataclass
class Plan:
    """What bringing back would write, what it would delete, and what it can't do."""

    write: list[Model] = field(default_factory=list)
    """In the order of writing; a row without a counterpart is made anew."""
    delete: list[Model] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Sentences for the organiser."""
    before: Snapshot = field(default_factory=Snapshot)
    after: Snapshot = field(default_factory=Snapshot)
    coming: set[tuple[type[Model], Any]] = field(default_factory=set)
    """The rows that are there afterwards, by the keys they had then; others may point to them."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.write and not self.delete


def plan(event: Event, part: Part, *, moment: datetime) -> Plan:
    """Return what bringing this part back would do now.

    Raises NothingThere where the event was not there then.
    """
    now, then = present(event.pk), as_of(event.pk, moment)
    if then.event is None or now.event is None:
        raise NothingThere
    planners = {Part.AGENDA: _plan_agenda, Part.NOTE: _plan_note, Part.FACTS: _plan_facts}
    return planners[part](now, then)


def restore(event: Event, part: Part, *, moment: datetime, at: datetime) -> Plan:
    """Bring back one part of an event as it was at ``moment``, and record the change.

    ``at`` is real time. Rows that are still there keep their keys, those that
    were deleted are made again, those that came since are deleted. Raises
    NothingThere where the event was not there then.
    """
    with transaction.atomic():
        Event.objects.select_for_update().get(pk=event.pk)
        found = plan(event, part, moment=moment)
        _write(found, words=f"restore:{part}:{moment.isoformat()}", at=at)
        record_change(event, at=at)
    return found


def plan_speaker(speaker: Speaker, *, moment: datetime) -> Plan:
    """Return what bringing this profile back would do now.

    Raises NothingThere where there was no such profile then.
    """
    now = Speaker.objects.get(pk=speaker.pk)
    then = row_as_of(Speaker, speaker.pk, moment)
    if then is None:
        raise NothingThere
    found = Plan(before=Snapshot(speakers=(now,)))
    row = _merged(now, then, found)
    found.after = Snapshot(speakers=(row,))
    _if_different(found, now, row)
    return found


def restore_speaker(speaker: Speaker, *, moment: datetime, at: datetime) -> Plan:
    """Bring back a profile as it was at ``moment``, and record the change for its events.

    Raises NothingThere where there was no such profile then.
    """
    with transaction.atomic():
        events = Event.objects.filter(agenda_items__assignments__speaker=speaker)
        keys = set(events.values_list("pk", flat=True))
        list(Event.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
        Speaker.objects.select_for_update().get(pk=speaker.pk)
        found = plan_speaker(speaker, moment=moment)
        _write(found, words=f"restore:speaker:{moment.isoformat()}", at=at)
        record_changes(Event.objects.filter(pk__in=keys).order_by("pk"), at=at)
    return found


# What would come of it


def _plan_facts(now: Snapshot, then: Snapshot) -> Plan:
    assert now.event is not None
    found = Plan(before=Snapshot(event=now.event))
    event = _merged(now.event, then.event, found)
    if event.featured and Event.objects.filter(featured=True).exclude(pk=event.pk).exists():
        event.featured = now.event.featured
        found.left_out.append(_("Another event is on the front page now. It stays there."))
    found.after = Snapshot(event=event)
    _if_different(found, now.event, event)
    return found


def _plan_agenda(now: Snapshot, then: Snapshot) -> Plan:
    found = Plan(before=Snapshot(items=now.items, people=now.people))
    items = [_merged(row, was, found) for row, was in _pairs(AgendaItem, now.items, then.items)]
    known = set(
        Speaker.objects.filter(pk__in={person.speaker_id for person in then.people}).values_list(
            "pk", flat=True
        )
    )
    gone = names_for(person for person in then.people if person.speaker_id not in known)
    people = []
    for row, was in _pairs(Assignment, now.people, then.people):
        if was.speaker_id is not None and was.speaker_id not in known:
            name = gone.get((Speaker, was.speaker_id), "")
            found.left_out.append(
                _("The profile of %(name)s was deleted since; the seat is to be announced.")
                % {"name": name or _("somebody")}
            )
            was.speaker_id = None
        people.append(_merged(row, was, found))
    found.after = Snapshot(items=tuple(items), people=tuple(people))
    _differing(found, now.items, items)
    _differing(found, now.people, people)
    return found


def _plan_note(now: Snapshot, then: Snapshot) -> Plan:
    found = Plan(before=Snapshot(notes=now.notes, sections=now.sections))
    by_language = {note.language: note for note in now.notes}
    notes, moved = [], {}
    for was in then.notes:
        # One note per language: its row stays, with the versions that were kept of it.
        row = next((note for note in now.notes if note.pk == was.pk), by_language.get(was.language))
        note = _merged(row, was, found)
        moved[was.pk] = note.pk
        notes.append(note)
    versioned = set(
        NoteVersion.objects.filter(note__in=now.notes).values_list("note_id", flat=True)
    )
    staying = [
        note
        for note in now.notes
        if note.pk not in {kept.pk for kept in notes} and note.pk in versioned
    ]
    for note in staying:
        found.left_out.append(
            _("The note in the language “%(language)s” was added since. It has earlier versions "
              "of its own, so it stays; delete it by hand if you want it gone.")
            % {"language": note.language}
        )  # fmt: skip
    sections = [
        _merged(row, was, found) for row, was in _pairs(NoteSection, now.sections, then.sections)
    ]
    for section in sections:
        section.note_id = moved.get(section.note_id, section.note_id)
    kept = [row for row in now.sections if row.note_id in {note.pk for note in staying}]
    notes, sections = [*notes, *staying], [*sections, *kept]
    found.after = Snapshot(notes=tuple(notes), sections=tuple(sections))
    _differing(found, now.notes, notes)
    _differing(found, now.sections, sections)
    return found


def _pairs(model: Any, now: Iterable[Any], then: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Return each row as it was, beside the same row as it is, or None where it is gone."""
    here = {row.pk: row for row in now}
    return [(here.get(row.pk), row) for row in then]


def _merged(now: Any, then: Any, found: Plan) -> Any:
    """Return a copy of the row now with the contents of then, as far as they can come back.

    A row that is gone comes back whole, without what it can't point to any more.
    """
    if now is None:
        then._state.adding = True
    found.coming.add((type(then), then.pk))
    row = copy(then if now is None else now)
    for kept in then.history.model.tracked_fields:
        if kept.name in KEPT_AS_IS:
            continue
        sentence = _obstacle(kept, now, then, found)
        if not sentence:
            setattr(row, kept.attname, getattr(then, kept.attname))
            continue
        found.left_out.append(sentence)
        if now is None and kept.null:
            setattr(row, kept.attname, None)
    return row


def _obstacle(kept: Any, now: Any, then: Any, found: Plan) -> str:
    """Say why a field's value can't come back, or "" where it can."""
    value = getattr(then, kept.attname)
    if not value or (now and value == getattr(now, kept.attname)):
        return ""
    words = {"field": capfirst(str(kept.verbose_name)), "value": value}
    if kept.name == "slug" and _is_taken(then, value):
        return _("The address “%(value)s” belongs to another page now. The present one stays.") % (
            words
        )
    if isinstance(kept, ForeignKey):
        model: Any = kept.related_model
        if (model, value) in found.coming or model._default_manager.filter(pk=value).exists():
            return ""
        words["value"] = names_for([then]).get((model, value), "")
        return _("%(field)s: “%(value)s” was deleted since and does not come back.") % words
    if isinstance(kept, FileField) and not kept.storage.exists(str(value)):
        return _("%(field)s: the file was deleted since and does not come back.") % words
    return ""


def _is_taken(row: Any, slug: str) -> bool:
    return type(row).objects.filter(Q(slug=slug) & ~Q(pk=row.pk)).exists()


def _values(row: Model) -> dict[str, Any]:
    return {kept.attname: kept.value_to_string(row) for kept in row._meta.concrete_fields}


def _if_different(found: Plan, now: Model, then: Model) -> None:
    if _values(now) != _values(then):
        found.write.append(then)


def _differing(found: Plan, now: Iterable[Any], then: Iterable[Any]) -> None:
    """Plan what brings the rows from one state to the other."""
    here = {row.pk: row for row in now}
    there = {row.pk for row in then}
    for row in then:
        if row.pk in here:
            _if_different(found, here[row.pk], row)
        else:
            found.write.append(row)
    found.delete += [row for row in here.values() if row.pk not in there]


# Doing it


def _write(found: Plan, *, words: str, at: datetime) -> None:
    """Delete what came since, then write, so that no two rows want the same place."""
    # People leave a slot before the slot itself would take them with it unsaid.
    for row in reversed(found.delete):
        row._change_reason = words  # type: ignore[attr-defined]
        row.delete()
    _make_room(found.write)
    renamed: dict[tuple[type[Model], Any], Any] = {}
    replaced = {note.pk: note for note in found.before.notes}
    for row in found.write:
        row._change_reason = words  # type: ignore[attr-defined]
        _write_row(row, renamed)
        # Readers saw the version that goes; the one that comes is current again.
        if isinstance(row, ConceptNote) and (before := replaced.get(row.pk)):
            keep_version(before, version=row.version, at=at)


def _make_room(rows: Iterable[Model]) -> None:
    """Let people who are about to change seats with each other get up first."""
    people = [row.pk for row in rows if isinstance(row, Assignment) and not row._state.adding]
    Assignment.objects.filter(pk__in=people).update(speaker=None)


def _write_row(row: Any, renamed: dict[tuple[type[Model], Any], Any]) -> None:
    """Write a row. One made anew takes its old key, unless somebody else has it by now."""
    if isinstance(row, Assignment):
        row.item_id = renamed.get((AgendaItem, row.item_id), row.item_id)
    elif isinstance(row, NoteSection):
        row.note_id = renamed.get((ConceptNote, row.note_id), row.note_id)
    if not row._state.adding:
        row.save()
        return
    old = row.pk
    if type(row).objects.filter(pk=old).exists():
        row.pk = None
    row.save(force_insert=True)
    renamed[type(row), old] = row.pk
