"""What differs between two states of content, in an organiser's words. Pure.

It takes rows as they were and as they are, asks no database and no clock, and
works from the models' own fields: a field that is added later is compared from
that day on, under its own name.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Field, FileField, ForeignKey, Model, TextField
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_countries.fields import Country

from events.models import (
    AgendaItem,
    Assignment,
    ConceptNote,
    Event,
    NoteSection,
    Series,
    Venue,
)
from speakers.models import Speaker

# The name of any row that another one points to.
Names = Mapping[tuple[type[Model], Any], str]

# Rows in an order of their own: the field by which each knows whose row it is.
PARENTS: dict[type[Model], str] = {
    AgendaItem: "event_id",
    NoteSection: "note_id",
    Assignment: "item_id",
}
# Books, and what the heading of a change says already.
UNSAID = frozenset({"id", "uid", "created_at", *Event.BOOKS, "position", "event", "note"})
# Beyond this many comparisons a text is shown as a whole, before and after.
MOST_COMPARISONS = 2_000_000
# Lines that stay the same, shown around those that don't.
CONTEXT = 1
ALIKE = 0.4
# What the name of a row that came or went says already.
NAMING: dict[type[Model], frozenset[str]] = {
    AgendaItem: frozenset({"title"}),
    NoteSection: frozenset({"heading"}),
    Assignment: frozenset({"item", "role", "speaker"}),
}


class Kind(StrEnum):
    """What became of a row."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Word(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True)
class Line:
    """A line of a changed text in its pieces; no pieces stand for lines left out."""

    pieces: tuple[tuple[Word, str], ...] = ()


@dataclass(frozen=True)
class FieldChange:
    """A field with its value before and after, as people read it; "" is nothing."""

    label: str
    before: str
    after: str
    lines: tuple[Line, ...] = ()
    """Of a long text: what differs, line by line."""

    @property
    def is_spacing(self) -> bool:
        """Whether nothing but blanks and empty lines differ."""
        return self.before.split() == self.after.split()


@dataclass(frozen=True)
class Change:
    """What became of one row."""

    kind: Kind
    thing: str
    fields: tuple[FieldChange, ...] = ()
    moved: tuple[int, int] | None = None
    """Its place in the order before and after, counted from 1."""


def moves(before: Sequence[Any], after: Sequence[Any]) -> dict[Any, tuple[int, int]]:
    """Return which members changed their place among the others, with both places from 1.

    As few as explain the new order: who only made room is not among them.
    """
    place = {member: number for number, member in enumerate(after)}
    common = [member for member in before if member in place]
    stay = _longest_rising([place[member] for member in common])
    return {
        member: (before.index(member) + 1, place[member] + 1)
        for member in common
        if place[member] not in stay
    }


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """Return the members of a longest rising subsequence of different numbers."""
    ends: list[int] = []
    previous: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(ends, number)
        previous[number] = ends[at - 1] if at else None
        ends[at : at + 1] = [number]
    found: set[int] = set()
    member = ends[-1] if ends else None
    while member is not None:
        found.add(member)
        member = previous[member]
    return found


def in_order(rows: Iterable[Any]) -> list[Any]:
    """Return rows that have a position, in their order."""
    return sorted(rows, key=lambda row: (row.position, row.pk))


def difference(
    before: Model | None,
    after: Model | None,
    *,
    names: Names,
    zone: ZoneInfo,
    moved: tuple[int, int] | None = None,
) -> Change | None:
    """Return what became of a row, or None where nothing did. None stands for no row."""
    row = after or before
    if row is None:
        return None
    kind = Kind.CHANGED if before and after else Kind.ADDED if after else Kind.REMOVED
    fields = tuple(_field_changes(before, after, names=names, zone=zone))
    if kind == Kind.CHANGED and not fields and not moved:
        return None
    # Somebody renamed is called by the name he had, since the change tells the new one.
    return Change(kind, thing(before or row, names), fields, moved)


def differences(
    before: Iterable[Model], after: Iterable[Model], *, names: Names, zone: ZoneInfo
) -> list[Change]:
    """Return what became of rows of one model, in the order of ``after``; what went, last."""
    old = {row.pk: row for row in before}
    new = {row.pk: row for row in after}
    places = _all_moves(old, new)
    found = [
        difference(old.get(pk), new.get(pk), names=names, zone=zone, moved=places.get(pk))
        for pk in [*new, *(pk for pk in old if pk not in new)]
    ]
    return [change for change in found if change]


def _all_moves(old: dict[Any, Any], new: dict[Any, Any]) -> dict[Any, tuple[int, int]]:
    parent = next((PARENTS.get(type(row)) for row in new.values()), None)
    found: dict[Any, tuple[int, int]] = {}
    if parent is None:
        return found
    for whose in {getattr(row, parent) for row in new.values()}:
        orders = [
            [row.pk for row in in_order(rows.values()) if getattr(row, parent) == whose]
            for rows in (old, new)
        ]
        found.update(moves(*orders))
    return found


def thing(row: Any, names: Names) -> str:
    """Return what a row is called in a history: its kind, and its name where it has one."""
    kind = capfirst(str(row._meta.verbose_name))
    match row:
        case Venue() | Series() | Speaker():
            kind = f"{kind}: {row}"
        case ConceptNote():
            kind = _("Note") if row.language == "en" else f"{_('Note')} ({row.language})"
        case NoteSection():
            kind = _("Note: section “%(name)s”") % {"name": row}
        case AgendaItem():
            kind = _("Agenda: “%(name)s”") % {"name": row}
        case Assignment():
            slot = names.get((AgendaItem, row.item_id), "")
            who = names.get((Speaker, row.speaker_id)) or _("to be announced")
            kind = _("Agenda: %(role)s %(who)s in “%(slot)s”") % {
                "slot": slot, "role": row.get_role_display().lower(), "who": who,
            }  # fmt: skip
    return kind


def _field_changes(
    before: Model | None, after: Model | None, *, names: Names, zone: ZoneInfo
) -> Iterable[FieldChange]:
    row = after or before
    assert row is not None
    for field in row._meta.concrete_fields:
        if field.name in UNSAID:
            continue
        if not (before and after) and field.name in NAMING.get(type(row), ()):
            continue
        old, new = (_raw(field, state) for state in (before, after))
        if old == new:
            continue
        texts = [
            shown(field, state, names=names, zone=zone) if state else ""
            for state in (before, after)
        ]
        if not any(texts):
            continue
        long = isinstance(field, TextField)
        lines = text_difference(*texts) if long else ()
        yield FieldChange(capfirst(str(field.verbose_name)), texts[0], texts[1], lines)


def _raw(field: Field, row: Model | None) -> Any:
    """Return the value to compare: what the database would hold. No row has no value."""
    if row is None:
        return None
    value = getattr(row, field.attname)
    if isinstance(field, TextField) and value is not None:
        # Browsers send a carriage return with each line break.
        return "\n".join(value.splitlines())
    return str(value) if isinstance(value, Country) or isinstance(field, FileField) else value


def shown(field: Field, row: Model, *, names: Names, zone: ZoneInfo) -> str:
    """Return a field's value as people read it, times on the clock of ``zone``; "" for none."""
    value = getattr(row, field.attname)
    if value is None or value == "":
        return ""
    if isinstance(field, ForeignKey):
        model: Any = field.related_model
        return names.get((model, value)) or _("deleted since")
    if isinstance(value, Country):
        return str(value.name)
    if field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    return _plain(value, zone)


def _plain(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return moment_text(value, zone)
    if isinstance(value, date):
        return date_format(value)
    return str(value)


def moment_text(moment: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """Return a moment as people read it, with the short name of its zone."""
    local = moment.astimezone(zone)
    exactly = local.strftime(":%S") if seconds else ""
    return f"{date_format(local, 'DATETIME_FORMAT')}{exactly} {local:%Z}"


def text_difference(before: str, after: str) -> tuple[Line, ...]:
    """Return what differs between two texts, line by line and word by word.

    Lines that stay the same are left out, but for those next to a change.
    """
    old, new = before.splitlines(), after.splitlines()
    if len(old) * len(new) > MOST_COMPARISONS:
        return (*_whole(Word.GONE, old), *_whole(Word.NEW, new))
    found: list[Line] = []
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (step, i, j, k, m) in enumerate(steps):
        if step == "equal":
            found += _context(old[i:j], first=number == 0, last=number == len(steps) - 1)
        else:
            found += _replaced(old[i:j], new[k:m])
    return tuple(found)


def _whole(what: Word, lines: Iterable[str]) -> list[Line]:
    return [Line(((what, line),)) for line in lines if line.strip()]


def _context(lines: list[str], *, first: bool, last: bool) -> list[Line]:
    lines = [line for line in lines if line.strip()]
    head = [] if first else lines[:CONTEXT]
    tail = [] if last else lines[len(head) :][-CONTEXT:]
    gap = [Line()] if len(lines) > len(head) + len(tail) else []
    return [*_whole(Word.SAME, head), *gap, *_whole(Word.SAME, tail)]


def _replaced(old: list[str], new: list[str]) -> list[Line]:
    old, new = ([line for line in lines if line.strip()] for lines in (old, new))
    pairs = min(len(old), len(new))
    found: list[Line] = []
    for gone, come in zip(old[:pairs], new[:pairs], strict=True):
        found += _reworded(gone, come)
    return [*found, *_whole(Word.GONE, old[pairs:]), *_whole(Word.NEW, new[pairs:])]


def _reworded(old: str, new: str) -> list[Line]:
    """Return one line with the words that changed, or two where little is alike."""
    was, now = (re.findall(r"\s+|[^\s]+", text) for text in (old, new))
    if len(was) * len(now) > MOST_COMPARISONS:
        return [*_whole(Word.GONE, [old]), *_whole(Word.NEW, [new])]
    matcher = SequenceMatcher(None, was, now, autojunk=False)
    if matcher.ratio() < ALIKE:
        return [*_whole(Word.GONE, [old]), *_whole(Word.NEW, [new])]
    pieces: list[tuple[Word, str]] = []
    for step, i, j, k, m in matcher.get_opcodes():
        if step == "equal":
            pieces.append((Word.SAME, "".join(was[i:j])))
            continue
        gone, come = "".join(was[i:j]), "".join(now[k:m])
        pieces += [piece for piece in ((Word.GONE, gone), (Word.NEW, come)) if piece[1]]
    return [Line(tuple(pieces))]
