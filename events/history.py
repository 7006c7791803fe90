"""What content was, and who changed it when: an event read as of any moment. It only reads.

``speakers.keeping`` makes a record of every row that is written. Here the
records of an event, its series and venue, note, agenda and the people in it
are put together: as snapshots, which can be compared and brought back, and as
saves, each with what one request or one command did.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db.models import ForeignKey, Model, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from events.differences import (
    PARENTS,
    Change,
    Names,
    difference,
    differences,
    moves,
)
from events.models import (
    AgendaItem,
    Assignment,
    ConceptNote,
    Event,
    NoteSection,
    Series,
    Venue,
)
from speakers.keeping import REQUEST
from speakers.models import Speaker

# In the order in which a save's changes are told.
KEPT: tuple[type[Model], ...] = (
    Event, Series, Venue, ConceptNote, NoteSection, AgendaItem, Assignment, Speaker,
)  # fmt: skip
DELETED = "-"
# Records without a mark are one save while they follow each other so closely.
ONE_SAVE = timedelta(seconds=5)


def records(model: Any) -> QuerySet[Any]:
    """Return all records of a model, the earliest first."""
    return model.history.order_by("history_date", "history_id")


def row_of(record: Any) -> Any:
    """Return the row as the record has it, without asking the database."""
    model = record.instance_type
    row = model(**{kept.attname: getattr(record, kept.attname) for kept in record.tracked_fields})
    row._state.adding = False
    return row


# An event as of a moment


@dataclass(frozen=True)
class Snapshot:
    """An event with all that belongs to it, at one moment."""

    event: Event | None = None
    series: tuple[Series, ...] = ()
    venues: tuple[Venue, ...] = ()
    notes: tuple[ConceptNote, ...] = ()
    sections: tuple[NoteSection, ...] = ()
    items: tuple[AgendaItem, ...] = ()
    people: tuple[Assignment, ...] = ()
    speakers: tuple[Speaker, ...] = ()

    def rooms(self) -> Iterator[tuple[Model, ...]]:
        """Give the rows, model by model, in the order of KEPT."""
        yield (self.event,) if self.event else ()
        yield from (
            self.series, self.venues, self.notes, self.sections,
            self.items, self.people, self.speakers,
        )  # fmt: skip

    def rows(self) -> list[Model]:
        """Return all rows."""
        return [row for room in self.rooms() for row in room]


Reader = Callable[[Any, Q], tuple[Any, ...]]


def present(event_id: int) -> Snapshot:
    """Return the event as it stands now, from its own tables."""
    return _snapshot(event_id, lambda model, which: tuple(model.objects.filter(which)))


def as_of(event_id: int, moment: datetime) -> Snapshot:
    """Return the event as it stood at a moment, with what was written right then."""

    def read(model: Any, which: Q) -> tuple[Any, ...]:
        last = (
            model.history.filter(id=OuterRef("id"), history_date__lte=moment)
            .order_by("-history_date", "-history_id")
            .values("history_id")[:1]
        )
        found = records(model).filter(which, history_id=Subquery(last))
        return tuple(row_of(record) for record in found.exclude(history_type=DELETED))

    return _snapshot(event_id, read)


def _snapshot(event_id: int, read: Reader) -> Snapshot:
    event = next(iter(read(Event, Q(id=event_id))), None)
    if event is None:
        return Snapshot()
    notes = read(ConceptNote, Q(event_id=event_id))
    items = read(AgendaItem, Q(event_id=event_id))
    people = read(Assignment, Q(item_id__in=[item.pk for item in items]))
    return Snapshot(
        event=event,
        series=read(Series, Q(id=event.series_id)),
        venues=read(Venue, Q(id=event.venue_id)),
        notes=notes,
        sections=read(NoteSection, Q(note_id__in=[note.pk for note in notes])),
        items=items,
        people=people,
        speakers=read(Speaker, Q(id__in={person.speaker_id for person in people})),
    )


def compare(before: Snapshot, after: Snapshot, *, zone: ZoneInfo) -> list[Change]:
    """Return everything that differs between two states of an event."""
    names = names_for([*before.rows(), *after.rows()])
    found: list[Change] = []
    for old, new in zip(before.rooms(), after.rooms(), strict=True):
        found += differences(old, new, names=names, zone=zone)
    return found


def row_as_of(model: Any, pk: Any, moment: datetime) -> Any:
    """Return one row as it stood at a moment, or None where it was not there."""
    record = records(model).filter(id=pk, history_date__lte=moment).last()
    return row_of(record) if record and record.history_type != DELETED else None


def last_state(model: Any, pk: Any) -> Any:
    """Return a row as it was last, deleted or not, or None where there never was one."""
    record = records(model).filter(id=pk).last()
    return row_of(record) if record else None


def names_for(rows: Iterable[Model]) -> Names:
    """Return the names of all that these rows point to.

    Called as today; what was deleted since, as it was called last.
    """
    wanted: dict[type[Model], set[Any]] = {}
    for row in rows:
        for kept in row._meta.concrete_fields:
            value = getattr(row, kept.attname)
            if isinstance(kept, ForeignKey) and value is not None:
                model: Any = kept.related_model
                wanted.setdefault(model, set()).add(value)
    names: dict[tuple[type[Model], Any], str] = {}
    for target, keys in wanted.items():
        # The note's and the event's own names say nothing within their history.
        if target in {Event, ConceptNote}:
            continue
        found = {row.pk: str(row) for row in target._default_manager.filter(pk__in=keys)}
        missing = keys - found.keys()
        if missing and hasattr(target, "history"):
            last = {record.id: record for record in records(target).filter(id__in=missing)}
            found |= {pk: str(row_of(record)) for pk, record in last.items()}
        names |= {(target, pk): name for pk, name in found.items()}
    return names


# Who changed what, save by save


@dataclass(frozen=True)
class Mark:
    """A record without its content."""

    model: type[Model]
    history_id: int
    date: datetime
    user_id: int | None
    reason: str
    pk: int
    deleted: bool
    whose: tuple[Any, ...]
    """The fields in ``WHOSE``: what the row belonged to, and its place there."""


@dataclass
class Save:
    """What one request, or one command, did."""

    marks: list[Mark]
    by: str = ""
    changes: list[Change] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        """When the last of it was written."""
        return self.marks[-1].date

    @property
    def moment(self) -> str:
        """Its time as an address can hold it."""
        return self.at.isoformat()

    @property
    def rooms(self) -> list[str]:
        """Of what kinds the rows are that it wrote, in a few words and without asking.

        The desk writes the event itself with whatever stands on its page.
        """
        models = {mark.model for mark in self.marks} - {Event}
        found = [str(model._meta.verbose_name_plural) for model in KEPT if model in models]
        return found or [str(Event._meta.verbose_name)]

    @property
    def words(self) -> str:
        """What the save says of itself, such as what it brought back."""
        return next((said for mark in self.marks if (said := mark.reason.partition(" ")[2])), "")


# What a light reading of a model's records takes along.
WHOSE: dict[type[Model], tuple[str, ...]] = {
    Event: ("series_id", "venue_id"),
    NoteSection: ("note_id", "position"),
    AgendaItem: ("event_id", "position"),
    Assignment: ("item_id", "position", "speaker_id"),
}


def _marks(model: Any, which: Q) -> list[Mark]:
    found = records(model).filter(which).values_list(
        "history_id", "history_date", "history_user_id", "history_change_reason",
        "id", "history_type", *WHOSE.get(model, ()),
    )  # fmt: skip
    return [
        Mark(model, number, date, user, reason or "", pk, kind == DELETED, tuple(whose))
        for number, date, user, reason, pk, kind, *whose in found
    ]


def _ever(model: Any, which: Q) -> Q:
    """Choose all records of rows that ever were such, wherever they are now."""
    return Q(id__in=model.history.filter(which).values("id"))


class Trail:
    """The saves that touched an event, or one row, the latest first."""

    def __init__(
        self,
        marks: Iterable[Mark],
        *,
        event_id: int | None = None,
        elsewhere: Iterable[Mark] = (),
    ) -> None:
        """``elsewhere`` are records of the same rows that are no part of this history."""
        self.event_id = event_id
        self._marks = sorted(marks, key=_written)
        self._known = sorted([*self._marks, *elsewhere], key=_written)

    @cached_property
    def saves(self) -> list[Save]:
        """All of it, without contents; ``fill`` adds them to those on a page."""
        return list(reversed(_saves(self._marks)))

    def sign(self, saves: Iterable[Save]) -> None:
        """Add to these saves who made them."""
        saves = list(saves)
        users = get_user_model().objects.in_bulk({save.marks[0].user_id for save in saves} - {None})
        for save in saves:
            save.by = _who(save, users)

    def fill(self, saves: Iterable[Save], *, zone: ZoneInfo) -> None:
        """Add to these saves who made them and what changed in them."""
        saves = list(saves)
        self.sign(saves)
        befores = self._befores()
        touched = [(save, *_last_of_each(save)) for save in saves]
        rows = _read_rows(
            {mark for _save, lasts, _firsts in touched for mark in lasts if not mark.deleted}
            | {befores[first] for _s, _l, firsts in touched for first in firsts if first in befores}
        )
        names = names_for(rows.values())
        places = self._places({id(save) for save in saves})
        for save, lasts, firsts in touched:
            for last, first in sorted(
                zip(lasts, firsts, strict=True), key=lambda pair: KEPT.index(pair[0].model)
            ):
                before = self._own(rows.get(befores.get(first)))
                after = None if last.deleted else self._own(rows.get(last))
                moved = places.get((id(save), last.model, last.pk))
                change = difference(before, after, names=names, zone=zone, moved=moved)
                if change:
                    save.changes.append(change)

    def _own(self, row: Any) -> Any:
        """Return the row, or None where it belonged to another event then."""
        elsewhere = self.event_id is not None and (
            isinstance(row, AgendaItem | ConceptNote) and row.event_id != self.event_id
        )
        return None if elsewhere else row

    def _befores(self) -> dict[Mark, Mark]:
        """Return of each record the one before it, unless the row was not there."""
        last: dict[tuple[type[Model], int], Mark] = {}
        found = {}
        for mark in self._known:
            before = last.get((mark.model, mark.pk))
            if before and not before.deleted:
                found[mark] = before
            last[mark.model, mark.pk] = mark
        return found

    def _places(self, wanted: set[int]) -> dict[tuple[int, type[Model], int], tuple[int, int]]:
        """Return which rows changed their place in which of the wanted saves.

        The order is rebuilt from the first save on, since a place follows from
        all rows beside it.
        """
        stand: dict[type[Model], dict[int, tuple[Any, ...]]] = {model: {} for model in PARENTS}
        found = {}
        for save in reversed(self.saves):
            ordered = [mark for mark in save.marks if mark.model in PARENTS]
            asked = {(mark.model, mark.whose[0]) for mark in ordered if id(save) in wanted}
            before = {key: _order(stand[key[0]], key[1]) for key in asked}
            for mark in ordered:
                if mark.deleted:
                    stand[mark.model].pop(mark.pk, None)
                else:
                    stand[mark.model][mark.pk] = mark.whose
            for key, old in before.items():
                for pk, place in moves(old, _order(stand[key[0]], key[1])).items():
                    found[id(save), key[0], pk] = place
        return found


def _written(mark: Mark) -> tuple[datetime, int, int]:
    return mark.date, KEPT.index(mark.model), mark.history_id


def _order(stand: dict[int, tuple[Any, ...]], whose: Any) -> list[int]:
    own = [(values[1], pk) for pk, values in stand.items() if values[0] == whose]
    return [pk for _position, pk in sorted(own)]


def _saves(marks: Iterable[Mark]) -> list[Save]:
    """Put records together that one request wrote, or that follow each other closely."""
    saves: list[Save] = []
    known: dict[str, Save] = {}
    loose: Save | None = None
    for mark in marks:
        request = mark.reason.partition(" ")[0]
        if request.startswith(REQUEST):
            if request in known:
                known[request].marks.append(mark)
            else:
                known[request] = Save([mark])
                saves.append(known[request])
            continue
        if (
            loose is None
            or mark.date - loose.at > ONE_SAVE
            or (mark.user_id, mark.reason) != (loose.marks[0].user_id, loose.marks[0].reason)
        ):
            loose = Save([])
            saves.append(loose)
        loose.marks.append(mark)
    return sorted(saves, key=lambda save: save.at)


def _last_of_each(save: Save) -> tuple[list[Mark], list[Mark]]:
    """Return the last record of each row in this save, and beside it the first."""
    firsts: dict[tuple[type[Model], int], Mark] = {}
    lasts: dict[tuple[type[Model], int], Mark] = {}
    for mark in save.marks:
        firsts.setdefault((mark.model, mark.pk), mark)
        lasts[mark.model, mark.pk] = mark
    return [lasts[key] for key in firsts], list(firsts.values())


def _read_rows(marks: Iterable[Mark]) -> dict[Any, Any]:
    by_number = {(mark.model, mark.history_id): mark for mark in marks}
    rows: dict[Any, Any] = {}
    for model in KEPT:
        numbers = [number for kind, number in by_number if kind is model]
        if numbers:
            for record in records(model).filter(history_id__in=numbers):
                rows[by_number[model, record.history_id]] = row_of(record)
    return rows


def _who(save: Save, users: dict[int, Any]) -> str:
    first = save.marks[0]
    user = users.get(first.user_id) if first.user_id else None
    if user:
        return str(user.get_full_name() or user.email or user.get_username())
    if first.user_id or first.reason.startswith(REQUEST):
        return _("Somebody whose account is gone")
    return _("Loaded by a command")


def of_event(event_id: int) -> Trail:
    """Return the history of an event and all that stood on its pages at the time.

    A venue, series or profile that other events share counts from when it came
    to this one until it left.
    """
    events = _marks(Event, Q(id=event_id))
    notes = _marks(ConceptNote, _ever(ConceptNote, Q(event_id=event_id)))
    items = _marks(AgendaItem, _ever(AgendaItem, Q(event_id=event_id)))
    sections = _marks(NoteSection, _ever(NoteSection, Q(note_id__in={mark.pk for mark in notes})))
    people = _marks(Assignment, _ever(Assignment, Q(item_id__in={mark.pk for mark in items})))
    here: list[Mark] = []
    elsewhere: list[Mark] = []
    for model, spans in (
        (Series, _spans(events, 0)),
        (Venue, _spans(events, 1)),
        (Speaker, _spans(people, 2)),
    ):
        for mark in _marks(model, Q(id__in=set(spans))):
            within = any(
                begin <= mark.date and (end is None or mark.date <= end)
                for begin, end in spans[mark.pk]
            )
            (here if within else elsewhere).append(mark)
    own = [*events, *notes, *sections, *items, *people]
    return Trail([*own, *here], event_id=event_id, elsewhere=elsewhere)


def _spans(marks: Iterable[Mark], at: int) -> dict[int, list[tuple[datetime, datetime | None]]]:
    """Return from when until when rows pointed to each other row, by its key."""
    chains: dict[int, list[Mark]] = {}
    for mark in marks:
        chains.setdefault(mark.pk, []).append(mark)
    spans: dict[int, list[tuple[datetime, datetime | None]]] = {}
    for chain in chains.values():
        ends: list[datetime | None] = [*(mark.date for mark in chain[1:]), None]
        for mark, end in zip(chain, ends, strict=True):
            if mark.whose[at] is not None and not mark.deleted:
                spans.setdefault(mark.whose[at], []).append((mark.date, end))
    return spans


def of_row(row: Any) -> Trail:
    """Return the history of one row with the rows within it."""
    own = _marks(type(row), Q(id=row.pk))
    match row:
        case ConceptNote():
            own += _marks(NoteSection, _ever(NoteSection, Q(note_id=row.pk)))
        case AgendaItem():
            own += _marks(Assignment, _ever(Assignment, Q(item_id=row.pk)))
    return Trail(own)


@dataclass(frozen=True)
class Deleted:
    """An event that is gone: what it was called, who deleted it, when."""

    pk: int
    name: str
    by: str
    at: datetime
    zone: ZoneInfo


def deleted_events() -> list[Deleted]:
    """Return the events that were deleted, the latest first."""
    found = list(records(Event).filter(history_type=DELETED).reverse())
    users = get_user_model().objects.in_bulk({record.history_user_id for record in found} - {None})
    return [
        Deleted(
            pk=record.id,
            name=str(row := row_of(record)),
            by=_who(Save([_mark_of(record)]), users),
            at=record.history_date,
            zone=row.tzinfo,
        )
        for record in found
    ]


def _mark_of(record: Any) -> Mark:
    return Mark(
        Event, record.history_id, record.history_date, record.history_user_id,
        record.history_change_reason or "", record.id, True, (),
    )  # fmt: skip
