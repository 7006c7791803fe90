"""The running order in time: each start follows from the minutes before it. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from events.models import AgendaItem, Assignment, Event


@dataclass(frozen=True)
class TimedItem:
    """A slot with its start and end, in the place's own time."""

    item: AgendaItem
    starts_at: datetime
    ends_at: datetime
    people: tuple[Assignment, ...] = ()


def timed(event: Event, items: Iterable[AgendaItem]) -> list[TimedItem]:
    """Return the slots in running order, each with the time it begins and ends.

    Items that were fetched ``with_people`` bring those that pages show; others
    come without people. Instants are added up in UTC, so a clock change during
    the event shifts nothing.
    """
    slots = []
    start = event.starts_at.astimezone(UTC)
    for item in items:
        end = start + timedelta(minutes=item.minutes)
        people: tuple[Assignment, ...] = tuple(getattr(item, "shown_assignments", ()))
        slots.append(
            TimedItem(item, start.astimezone(event.tzinfo), end.astimezone(event.tzinfo), people)
        )
        start = end
    return slots


def minutes_left(event: Event, items: Iterable[AgendaItem]) -> int:
    """Return the event's minutes that the agenda leaves free; below 0, it runs over."""
    return event.minutes - sum(item.minutes for item in items)


def by_number(numbers: Sequence[float], stood: Sequence[float]) -> list[int]:
    """Return the places of rows in the order of the numbers typed for them.

    ``stood`` has the number that each row showed before, NaN for a new one. A
    row gets the place typed for it: where one stands there already, a row that
    is new or moves up goes before it, and one that moves down behind it. Else
    equal numbers keep their order. A row without a number (NaN) follows the row
    before it; infinity is for rows that come last.
    """
    known: list[tuple[float, int]] = []
    for number, before in zip(numbers, stood, strict=True):
        if math.isnan(number):
            known.append(known[-1] if known else (-math.inf, 0))
        else:
            # No number equals NaN or is more, so a new row goes before.
            known.append((number, (number == before) + 2 * (number > before)))
    return sorted(range(len(known)), key=known.__getitem__)
