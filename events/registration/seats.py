"""How seats are given, and whether people can register now. Pure: facts in, answer out.

The policy, in the words of the page "How seats are given":

1.  Each way to take part has its own seats, and they are given in turn: who
    registers first, has one.
2.  Some seats can be kept for a stakeholder group until a stated time. Then at
    least so many people of that group find a seat, if they come by then: what
    the group has not taken yet is held back from everybody else.
3.  From that time on, what is left is anybody's.
4.  A seat can be held for a person whom the organisers invite, until the time
    that her invitation names. It is hers when she says yes; it is free for
    others once she says no, the organisers take the invitation back, or its
    time is up. Where seats are kept for her group it is one of those.
5.  Who finds no seat waits for one, each way to take part with its own list.
    The moment a seat is free, it goes to the first on the list who may have
    it. Only a seat that is kept for a group, or held for somebody invited,
    passes people by who came before.
6.  While a person waits for one way to take part she may hold a seat in
    another. She gives it up the moment she gets what she wants more.

``seats_free`` says for whom a seat is free (1 to 4), ``in_turn`` who gets it
(5), ``may_take_held`` whether an invited person has hers. Everything else asks
these three.

Held seats are there: whoever may have a seat by ``seats_free`` leaves so many
that all who are invited find theirs, since no group goes past what is held,
not even its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from events.models import Event
from events.registration.models import AttendanceMode, RegistrationState


@dataclass(frozen=True)
class Kept:
    """Seats kept for a stakeholder group (by code) until an instant, and how many it took."""

    group: str
    seats: int
    until: datetime
    taken: int = 0


@dataclass(frozen=True)
class Held:
    """Seats held for people invited, of a group (by code) or of none, until an instant."""

    group: str | None
    seats: int
    until: datetime


@dataclass(frozen=True)
class ModeSeats:
    """The seats of one way to take part; ``limit`` None means as many as come."""

    limit: int | None
    taken: int = 0
    kept: Sequence[Kept] = ()
    held: Sequence[Held] = ()


def seats_free(seats: ModeSeats, *, group: str | None, now: datetime) -> int | None:
    """Return how many more people of this group (by code) may have a seat at ``now``.

    None is for no limit. A group without seats kept for it, or no group at
    all, has what is held back for nobody.
    """
    if seats.limit is None:
        return None
    held = held_by_group(seats, now=now)
    kept: dict[str | None, int] = {
        row.group: max(row.seats - row.taken, 0)
        for row in seats.kept
        if now < row.until and row.group != group
    }
    held_back = sum(max(kept.get(code, 0), held.get(code, 0)) for code in {*kept, *held})
    return max(seats.limit - seats.taken - held_back, 0)


def held_by_group(seats: ModeSeats, *, now: datetime) -> dict[str | None, int]:
    """Return how many seats are held at ``now`` for people invited, by group."""
    held: dict[str | None, int] = {}
    for row in seats.held:
        if now < row.until:
            held[row.group] = held.get(row.group, 0) + row.seats
    return held


def with_held(seats: ModeSeats, *, group: str | None, until: datetime) -> ModeSeats:
    """Return the seats as they are once one more is held for somebody of this group."""
    return replace(seats, held=(*seats.held, Held(group, 1, until)))


def without_held(seats: ModeSeats, *, group: str | None, now: datetime) -> ModeSeats:
    """Return the seats as they are once one less is held for people of this group."""
    rows = list(seats.held)
    for place, row in enumerate(rows):
        if row.group == group and row.seats and now < row.until:
            rows[place] = replace(row, seats=row.seats - 1)
            break
    return replace(seats, held=tuple(rows))


def may_take_held(
    seats: ModeSeats, *, held_for: str | None, group: str | None, now: datetime
) -> bool:
    """Whether somebody invited as of one group has the seat held for her, being of ``group``.

    She has it, however full it is. Only one that is also kept for the group she
    was invited as does not go to another, unless one is free for that.
    """
    if group == held_for:
        return True
    left = sum(
        max(kept.seats - kept.taken, 0)
        for kept in seats.kept
        if now < kept.until and kept.group == held_for
    )
    beyond_kept = held_by_group(seats, now=now).get(held_for, 0) > left
    others = without_held(seats, group=held_for, now=now)
    return beyond_kept or seats_free(others, group=group, now=now) != 0


@dataclass(frozen=True)
class Waiting:
    """Somebody's place on a waiting list: her wish (by key), and her group (by code)."""

    request: int
    group: str


def in_turn(seats: ModeSeats, waiting: Iterable[Waiting], *, now: datetime) -> list[Waiting]:
    """Return who of those waiting gets a seat at ``now``. They come in turn, and so they go."""
    given = []
    for one in waiting:
        if seats_free(seats, group=one.group, now=now) != 0:
            given.append(one)
            seats = with_one(seats, group=one.group)
    return given


def with_one(seats: ModeSeats, *, group: str) -> ModeSeats:
    """Return the seats as they are once one more person of this group has one."""
    return _with_more(seats, group=group, more=1)


def without_one(seats: ModeSeats, *, group: str) -> ModeSeats:
    """Return the seats as they were without one person of this group."""
    return _with_more(seats, group=group, more=-1)


def _with_more(seats: ModeSeats, *, group: str, more: int) -> ModeSeats:
    kept = tuple(
        replace(kept, taken=kept.taken + more) if kept.group == group else kept
        for kept in seats.kept
    )
    return replace(seats, taken=seats.taken + more, kept=kept)


def groups_with_a_seat(seats: ModeSeats, *, now: datetime) -> frozenset[str] | None:
    """Return for which groups (by code) a seat is free at ``now``; None: for anybody."""
    if seats_free(seats, group=None, now=now) != 0:
        return None
    return frozenset(kept.group for kept in _kept_for(seats, now=now))


class Reason(StrEnum):
    """Why registration stands as it does; pages choose their words by it."""

    OPEN = "open"
    KEPT = "kept"
    NOT_YET = "not_yet"
    OVER = "over"
    TIME_UP = "time_up"
    STOPPED = "stopped"
    FULL = "full"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    NOT_OFFERED = "not_offered"
    NO_MAIL = "no_mail"
    BY_INVITATION = "by_invitation"


# What an invitation opens that says so. Cancelled, put off and over stay shut for everybody.
OPENED_BY_INVITATION = frozenset(
    {Reason.NOT_YET, Reason.TIME_UP, Reason.STOPPED, Reason.BY_INVITATION}
)


@dataclass(frozen=True)
class Availability:
    """Whether people can register now, why, and for which modes a seat is free.

    ``free`` are the modes with a seat for anybody, ``kept`` those whose last
    seats wait for some groups; for the others that are offered one can wait.
    ``approval``: the organisers decide on each person. ``closes_at`` is the
    last instant, from the settings or the event's start, and never after its
    end.
    """

    state: RegistrationState
    reason: Reason
    offered: tuple[AttendanceMode, ...]
    free: tuple[AttendanceMode, ...]
    opens_at: datetime | None
    closes_at: datetime
    kept: tuple[AttendanceMode, ...] = ()
    approval: bool = False
    gives_seats: bool = False
    """Whether a seat that is free now goes to somebody. So it does after registration has
    closed, but for an event that is off or over, or where new seats are stopped."""
    # Pages say the state, never a count, so the counts are no part of what it is.
    seats: Mapping[AttendanceMode, ModeSeats] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def is_open(self) -> bool:
        """Whether people can register now, be it for the waiting list."""
        return self.state in {RegistrationState.OPEN, RegistrationState.WAITING_LIST}

    def is_open_to_invited(self, *, opens: bool) -> bool:
        """Whether somebody can register who was invited; ``opens``: her invitation says so."""
        return (
            self.is_open
            or self.reason == Reason.BY_INVITATION
            or (opens and self.reason in OPENED_BY_INVITATION)
        )


def with_a_seat_given(
    found: Availability, mode: AttendanceMode, *, group: str, now: datetime
) -> Availability:
    """Return how it stands for the next who comes with somebody (of this group, by code)."""
    seats = {**found.seats, mode: with_one(found.seats[mode], group=group)}
    free = tuple(one for one in found.offered if seats_free(seats[one], group=None, now=now) != 0)
    kept = tuple(one for one in found.offered if one not in free and _kept_for(seats[one], now=now))
    return replace(found, seats=seats, free=free, kept=kept)


@dataclass(frozen=True)
class Facts:
    """What is known of an event's registration, read in one query (see ``queries``)."""

    status: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime | None
    closes_at: datetime | None
    stopped: bool
    seats: Mapping[AttendanceMode, ModeSeats]
    """The modes that are offered, each with its seats."""
    mail_leaves: bool
    approval: bool = False
    by_invitation: bool = False


def availability(facts: Facts, *, now: datetime) -> Availability:
    """Return whether people can register at ``now``.

    The window is half open: registration opens at ``opens_at`` and is closed
    from ``closes_at`` on (from the event's start where none is set, and in any
    case from its end: "closes: that day, midnight" sells no seat at what is over).
    """
    closes_at = min(facts.closes_at or facts.starts_at, facts.ends_at)
    offered = tuple(mode for mode in AttendanceMode if mode in facts.seats)
    free = tuple(
        mode for mode in offered if seats_free(facts.seats[mode], group=None, now=now) != 0
    )
    kept = tuple(
        mode for mode in offered if mode not in free and _kept_for(facts.seats[mode], now=now)
    )
    reason = _reason(facts, closes_at=closes_at, free=bool(free), kept=bool(kept), now=now)
    state = {
        Reason.OPEN: RegistrationState.OPEN,
        Reason.KEPT: RegistrationState.OPEN,
        Reason.FULL: RegistrationState.WAITING_LIST,
        Reason.NOT_YET: RegistrationState.NOT_YET,
    }.get(reason, RegistrationState.CLOSED)
    return Availability(
        state=state,
        reason=reason,
        offered=offered,
        free=free,
        kept=kept,
        approval=facts.approval,
        gives_seats=(
            facts.status == Event.Status.SCHEDULED and now < facts.ends_at and not facts.stopped
        ),
        opens_at=facts.opens_at,
        closes_at=closes_at,
        seats=facts.seats,
    )


def _kept_for(seats: ModeSeats, *, now: datetime) -> list[Kept]:
    """Return for which groups a seat is kept still."""
    return [
        kept
        for kept in seats.kept
        if now < kept.until and seats_free(seats, group=kept.group, now=now)
    ]


def _reason(  # noqa: C901, PLR0911 - one answer a line, in the order they outweigh each other
    facts: Facts, *, closes_at: datetime, free: bool, kept: bool, now: datetime
) -> Reason:
    if facts.status == Event.Status.CANCELLED:
        return Reason.CANCELLED
    if now >= facts.starts_at and now >= closes_at:
        return Reason.OVER
    if facts.status == Event.Status.POSTPONED:
        return Reason.POSTPONED
    if now >= closes_at:
        return Reason.TIME_UP
    if not facts.seats:
        return Reason.NOT_OFFERED
    if facts.stopped:
        return Reason.STOPPED
    if not facts.mail_leaves:
        return Reason.NO_MAIL
    if facts.by_invitation:
        return Reason.BY_INVITATION
    if facts.opens_at and now < facts.opens_at:
        return Reason.NOT_YET
    if free:
        return Reason.OPEN
    return Reason.KEPT if kept else Reason.FULL
