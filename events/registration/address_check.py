"""Who is asked to confirm her address, reminded, and loses her seat. Pure: facts in, answer out.

A seat that an address nobody reads holds is lost to everybody. The rule is the
event's (``AddressCheck``):

1.  Never: nobody is asked, nobody loses a seat.
2.  Once somebody waits: who holds a seat that one of those waiting could have
    is asked. Seats are released to no more people than then get one, the
    longest asked first; where nobody waits any more nothing is released.
3.  Before a seat counts: whoever holds one is asked, and loses it in any case.

She has 48 hours from when the mail left us, and 24 of them after one reminder.
Hours in which our mail had not left do not count against her.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from events.registration.models import AddressCheck
from events.registration.seats import (
    ModeSeats,
    Waiting,
    in_turn,
    seats_free,
    with_one,
    without_one,
)

REMINDED_AFTER = timedelta(hours=24)
RELEASED_AFTER = timedelta(hours=48)


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a seat (her request, by key) and has not confirmed her address.

    ``asked`` and ``reminded`` say that such a mail was written for this seat,
    ``…_left`` when it left us, in real time; None while it has not.
    """

    request: int
    group: str
    asked: bool = False
    asked_left: datetime | None = None
    reminded: bool = False
    reminded_left: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """What is to be done now, each a list of seat requests by key."""

    ask: tuple[int, ...] = ()
    remind: tuple[int, ...] = ()
    release: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ask or self.remind or self.release)


def groups_that_help(
    seats: ModeSeats, groups: Iterable[str], waiting: Collection[str], *, now: datetime
) -> frozenset[str]:
    """Return those groups (by code) a seat of which could go to somebody of those waiting."""
    return frozenset(
        group
        for group in groups
        if any(
            seats_free(without_one(seats, group=group), group=other, now=now) != 0
            for other in waiting
        )
    )


def plan(
    rule: str,
    holders: Sequence[Holder],
    *,
    seats: ModeSeats,
    waiting: Sequence[Waiting],
    now: datetime,
    at: datetime,
) -> Plan:
    """Return who is asked, reminded and released at this instant, of one way to take part.

    ``holders`` come in the order in which they lose their seats, ``waiting``
    in their turn. ``now`` is domain time, ``at`` real time.
    """
    if rule == AddressCheck.NEVER:
        return Plan()
    if rule == AddressCheck.WHEN_WAITING:
        groups = {holder.group for holder in holders}
        help_them = groups_that_help(seats, groups, {one.group for one in waiting}, now=now)
        holders = [holder for holder in holders if holder.group in help_them]
    due = [holder for holder in holders if _is_over(holder, at=at)]
    if rule == AddressCheck.WHEN_WAITING:
        due = _taken_over(due, seats=seats, waiting=waiting, now=now)
    return Plan(
        ask=tuple(holder.request for holder in holders if not holder.asked),
        remind=tuple(holder.request for holder in holders if _is_reminded(holder, at=at)),
        release=tuple(holder.request for holder in due),
    )


def _is_reminded(holder: Holder, *, at: datetime) -> bool:
    """Whether it is time for her one reminder."""
    left = holder.asked_left
    return not holder.reminded and left is not None and at >= left + REMINDED_AFTER


def _is_over(holder: Holder, *, at: datetime) -> bool:
    """Whether she had her time, the last 24 hours of it with the reminder."""
    if holder.asked_left is None or holder.reminded_left is None:
        return False
    return at >= max(
        holder.asked_left + RELEASED_AFTER,
        holder.reminded_left + (RELEASED_AFTER - REMINDED_AFTER),
    )


def _taken_over(
    due: Iterable[Holder], *, seats: ModeSeats, waiting: Sequence[Waiting], now: datetime
) -> list[Holder]:
    """Return those whose seat goes to somebody at once, one for one."""
    given = []
    for holder in due:
        without = without_one(seats, group=holder.group)
        if not (next_ones := in_turn(without, waiting, now=now)):
            continue
        given.append(holder)
        seats = without
        for one in next_ones:
            seats = with_one(seats, group=one.group)
        waiting = [one for one in waiting if one not in next_ones]
    return given
