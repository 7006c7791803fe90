"""The running order in time: each start follows from the minutes before it. Pure."""

from collections.abc import Iterable
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
