"""What needs an organiser's attention in an agenda.

``attention`` is pure: it takes an event, its slots and what else was booked,
and answers with findings. ``findings`` fetches all that with a fixed number of
queries. ``notices`` puts findings of one kind into one plain sentence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from django.db.models import Prefetch
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.agenda import TimedItem, minutes_left, timed
from events.models import AgendaItem, Assignment, Event
from speakers.models import Speaker, StakeholderGroup

# Who sits on the panel. Opening remarks and taking notes are done beside it.
PANEL = frozenset(
    {
        Assignment.Role.CHAIR,
        Assignment.Role.MODERATOR,
        Assignment.Role.PANELLIST,
        Assignment.Role.DISCUSSANT,
    }
)
NEEDS_NOBODY = frozenset({AgendaItem.Kind.BREAK, AgendaItem.Kind.FLOOR})
NOT_CONFIRMED = frozenset({Assignment.Status.PROPOSED, Assignment.Status.INVITED})
# Of a slot's title, in characters: enough to know it by.
LONGEST_TITLE = 50
# An agenda that began longer ago than this is over.
LONGEST = timedelta(days=7)


class Kind(StrEnum):
    """What may be amiss, the most pressing first."""

    OVERRUN = "overrun"
    BUSY = "busy"
    DECLINED = "declined"
    EMPTY = "empty"
    OPEN_ROLE = "open_role"
    UNCONFIRMED = "unconfirmed"
    MISSING_GROUP = "missing_group"
    GAP = "gap"


@dataclass(frozen=True)
class Finding:
    """One thing amiss, with what it is about.

    ``minutes`` belong to overrun and gap. ``assignment`` is the person or role
    in ``slot``; ``elsewhere`` is the slot of another event at the same time,
    whose event is ``elsewhere.item.event``.
    """

    kind: Kind
    minutes: int = 0
    slot: TimedItem | None = None
    assignment: Assignment | None = None
    elsewhere: TimedItem | None = None
    group: StakeholderGroup | None = None

    @property
    def name(self) -> str:
        """What or who it is about, in a few words."""
        if self.group:
            return self.group.label
        title = Truncator(self.slot.item.title).chars(LONGEST_TITLE) if self.slot else ""
        slot = _("“%(title)s”") % {"title": title} if title else ""
        if self.assignment is None:
            return slot
        words = {"person": _person(self.assignment), "slot": slot}
        if self.elsewhere is None:
            return _("%(person)s in %(slot)s") % words
        words["event"] = str(self.elsewhere.item.event)
        words["start"] = f"{self.elsewhere.starts_at:%H:%M}"
        words["end"] = f"{self.elsewhere.ends_at:%H:%M %Z}"
        return _("%(person)s in %(slot)s (%(event)s, %(start)s – %(end)s)") % words


@dataclass(frozen=True)
class Notice:
    """All findings of one kind: a sentence that ends where their names would follow."""

    kind: Kind
    text: str
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        names = ", ".join(finding.name for finding in self.findings if finding.name)
        return f"{self.text} {names}." if names else self.text


def attention(
    event: Event,
    slots: Sequence[TimedItem],
    *,
    elsewhere: Iterable[TimedItem] = (),
    groups: Iterable[StakeholderGroup] = (),
) -> list[Finding]:
    """Return what needs attention, the most pressing kind first. Pure.

    ``slots`` is the event's running order with everybody in it, those who
    declined as well; ``elsewhere`` the slots of other events, with their
    people; ``groups`` those that the concept note names. An agenda without
    any slot has no findings: there is nothing yet to look after.
    """
    if not slots:
        return []
    found = [*_minutes(event, slots)]
    for slot in slots:
        found += _people(slot)
    found += _busy(slots, elsewhere)
    found += _groups(slots, groups)
    rank = list(Kind)
    return sorted(found, key=lambda finding: rank.index(finding.kind))


def findings(event: Event) -> list[Finding]:
    """Return what needs attention in the event's agenda as it is saved.

    Asks the database five times at most, however long the agenda is.
    """
    people = Assignment.objects.select_related("speaker__group")
    everybody: Any = Prefetch("assignments", queryset=people)
    items = event.agenda_items.prefetch_related(everybody)
    slots = with_everybody(event, items)
    return attention(
        event,
        slots,
        elsewhere=slots_elsewhere(event, slots),
        groups=StakeholderGroup.objects.filter(in_note=True) if slots else (),
    )


def with_everybody(event: Event, items: Iterable[AgendaItem]) -> list[TimedItem]:
    """Return the slots in time with all their people, also those whom pages don't show."""
    return [
        TimedItem(slot.item, slot.starts_at, slot.ends_at, tuple(slot.item.assignments.all()))
        for slot in timed(event, items)
    ]


def slots_elsewhere(event: Event, slots: Sequence[TimedItem]) -> list[TimedItem]:
    """Return slots of other events, drafts too, that hold one of these people. Two queries.

    What was cancelled or postponed holds nobody. Their times follow from their
    own running orders, so all slots of those events are read.
    """
    people = {person.pk for slot in slots for person in _named(slot)}
    if not people:
        return []
    others = Event.objects.filter(
        status=Event.Status.SCHEDULED,
        starts_at__lt=slots[-1].ends_at,
        starts_at__gt=slots[0].starts_at - LONGEST,
        agenda_items__assignments__speaker__in=people,
    ).exclude(pk=event.pk)
    held = Assignment.objects.filter(speaker__in=people).shown().select_related("speaker")
    items = (
        AgendaItem.objects.filter(event__in=others)
        .select_related("event")
        .order_by("event_id", "position", "pk")
        .prefetch_related(Prefetch("assignments", queryset=held))
    )
    found: list[TimedItem] = []
    for _key, rows in groupby(items, key=lambda item: item.event_id):
        agenda = list(rows)
        found += with_everybody(agenda[0].event, agenda)
    return [slot for slot in found if slot.people]


def notices(found: Iterable[Finding]) -> list[Notice]:
    """Return one notice for each kind among the findings, in their order."""
    by_kind = groupby(found, key=lambda finding: finding.kind)
    return [_notice(kind, tuple(group)) for kind, group in by_kind]


def sum_of_minutes(event: Event, items: Iterable[AgendaItem]) -> str:
    """Say how the slots together stand against the event's length."""
    items = list(items)
    planned, left = sum(item.minutes for item in items), minutes_left(event, items)
    return SUM[(left > 0) - (left < 0)]().format(
        planned=planned, length=event.minutes, minutes=abs(left)
    )


# The sentences are templates: the page's script fills them in while somebody types.
SUM = {
    0: lambda: _("The slots take {planned} min, exactly the event's length."),
    1: lambda: _("The slots take {planned} of {length} min: {minutes} min are free at the end."),
    -1: lambda: _("The slots take {planned} of {length} min: {minutes} min too many."),
}


def _minutes(event: Event, slots: Sequence[TimedItem]) -> list[Finding]:
    left = minutes_left(event, (slot.item for slot in slots))
    if left == 0:
        return []
    return [Finding(Kind.GAP if left > 0 else Kind.OVERRUN, minutes=abs(left))]


def _people(slot: TimedItem) -> list[Finding]:
    """Look at who is in a slot: nobody, people who have not agreed, people who said no."""
    found = []
    status = Assignment.Status
    here = [person for person in slot.people if person.status != status.DECLINED]
    if not here and slot.item.kind not in NEEDS_NOBODY:
        found.append(Finding(Kind.EMPTY, slot=slot))
    for assignment in slot.people:
        if assignment.status == status.DECLINED:
            kind = Kind.DECLINED
        elif assignment.speaker is None or assignment.speaker.to_be_announced:
            kind = Kind.OPEN_ROLE
        elif assignment.status in NOT_CONFIRMED:
            kind = Kind.UNCONFIRMED
        else:
            continue
        found.append(Finding(kind, slot=slot, assignment=assignment))
    return found


def _busy(slots: Sequence[TimedItem], elsewhere: Iterable[TimedItem]) -> list[Finding]:
    """Find people who are in two events at one moment. Slots that only touch don't overlap."""
    other_slots: dict[int, list[TimedItem]] = {}
    for other in elsewhere:
        for person in _named(other):
            other_slots.setdefault(person.pk, []).append(other)
    return [
        Finding(Kind.BUSY, slot=slot, assignment=assignment, elsewhere=other)
        for slot in slots
        for assignment in slot.people
        if assignment.speaker and assignment.speaker in _named(slot)
        if assignment.status != Assignment.Status.DECLINED
        for other in other_slots.get(assignment.speaker.pk, ())
        if _overlap(slot, other)
    ]


def _overlap(one: TimedItem, other: TimedItem) -> bool:
    """Whether two slots share a moment. In UTC: two times of one zone compare by the wall clock."""
    starts_at = max(slot.starts_at.astimezone(UTC) for slot in (one, other))
    return starts_at < min(slot.ends_at.astimezone(UTC) for slot in (one, other))


def _groups(slots: Sequence[TimedItem], groups: Iterable[StakeholderGroup]) -> list[Finding]:
    """Find groups of the note without a place on the panel. A role kept for one is a place."""
    present = {
        assignment.speaker.group_id
        for slot in slots
        for assignment in slot.people
        if assignment.speaker
        and assignment.role in PANEL
        and assignment.status != Assignment.Status.DECLINED
    }
    return [Finding(Kind.MISSING_GROUP, group=group) for group in groups if group.pk not in present]


def _named(slot: TimedItem) -> list[Speaker]:
    """Return the persons who have not declined; a role to be announced is no person yet."""
    return [
        assignment.speaker
        for assignment in slot.people
        if assignment.speaker
        and not assignment.speaker.to_be_announced
        and assignment.status != Assignment.Status.DECLINED
    ]


def _person(assignment: Assignment) -> str:
    return assignment.speaker.name if assignment.speaker else assignment.get_role_display()


def _notice(kind: Kind, found: tuple[Finding, ...]) -> Notice:
    return Notice(kind, _sentence(kind, found), found)


def _sentence(kind: Kind, found: tuple[Finding, ...]) -> str:
    number = len(found)
    if kind in {Kind.OVERRUN, Kind.GAP}:
        minutes = found[0].minutes
        text = (
            ngettext(
                "The running order is %(minutes)d minute longer than the event.",
                "The running order is %(minutes)d minutes longer than the event.",
                minutes,
            )
            if kind == Kind.OVERRUN
            else ngettext(
                "%(minutes)d minute is free at the end.",
                "%(minutes)d minutes are free at the end.",
                minutes,
            )
        )
        return text % {"minutes": minutes}
    return {
        Kind.BUSY: _("In another event at that time:"),
        Kind.DECLINED: _("Declined, but still in the running order:"),
        Kind.EMPTY: ngettext(
            "Nobody is in this slot yet:", "Nobody is in these slots yet:", number
        ),
        Kind.OPEN_ROLE: _("Still to be announced:"),
        Kind.UNCONFIRMED: _("Not confirmed yet:"),
        Kind.MISSING_GROUP: ngettext(
            "The concept note names this group, and nobody of it is on the panel:",
            "The concept note names these groups, and nobody of them is on the panel:",
            number,
        ),
    }[kind]
