"""How a seat changes hands. What every rule of this room ends in.

All of it happens behind the lock of the event's row (on SQLite the IMMEDIATE
transaction is the lock), within the transaction of the rule that calls it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from django.db.models import F, Max, Q

from events.models import Event
from events.registration import emails, history
from events.registration.history import Actor
from events.registration.models import (
    AttendanceMode,
    HistoryEntry,
    Registration,
    SeatRequest,
)
from events.registration.queries import availability_of
from events.registration.seats import (
    Availability,
    ModeSeats,
    Reason,
    Waiting,
    groups_with_a_seat,
    in_turn,
    seats_free,
)
from speakers.models import StakeholderGroup

# So many people move up in one transaction, a mail to each: the event's row is locked for about a
# second. Where a quota was raised for a long list, the worker gives the rest, round by round.
MOST_MOVED_UP = 100
What = HistoryEntry.What
Why = HistoryEntry.Why
Status = SeatRequest.Status


class Obstacle(StrEnum):
    """Why a person's seat or address stays as it is, where it is not for want of a seat."""

    DECLINED = "declined"
    GAVE_UP = "gave_up"
    NOT_ASKED = "not_asked"
    ADDRESS_TAKEN = "address_taken"


class Refused(Exception):
    """What was asked can't be done; ``reason`` says why, ``seats`` how many are taken."""

    def __init__(self, reason: Reason | Obstacle | str, *, seats: ModeSeats | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.seats = seats


def lock(event: Event) -> Event:
    """Return the event read anew, its row locked until the transaction ends."""
    return Event.objects.select_for_update().get(pk=event.pk)


def read(registration: Registration) -> Registration:
    """Return the registration as it stands now, behind the lock."""
    return Registration.objects.with_details().get(pk=registration.pk)


def move_up(event: Event, *, now: datetime, at: datetime) -> Availability:
    """Give free seats in turn until nobody waits for one she may have; return how it stands then.

    Behind the lock. A seat in one mode may free one in another, so it looks
    again after each round. Each person is told once, by how she stands at the end.
    Of very many the first MOST_MOVED_UP get theirs; what is free still is then
    promised to those who wait, and free for nobody who comes now.
    """
    told: dict[int, None] = {}
    while True:
        found = availability_of(event, now=now)
        given = _next(event, found, now=now) if found.gives_seats else []
        if not given:
            break
        room = MOST_MOVED_UP - len(told)
        if room <= 0:
            found = promised(event, found)
            break
        for request in given[:room]:
            _give(request, found, now=now, at=at)
            told[request.registration_id] = None
    for registration in Registration.objects.with_details().filter(pk__in=told).order_by("pk"):
        tell_seat(registration, partial(emails.send_moved_up, now=now), at=at)
    return found


def line_up_the_undecided(event: Event, *, now: datetime, at: datetime) -> list[int]:
    """Put those on the waiting lists whom nobody decides on any more; return their wishes' keys.

    The organisers look at each person no longer, so each waits in the turn in
    which she came. MOST_MOVED_UP at a time; the worker does the rest.
    """
    found = availability_of(event, now=now)
    if found.approval or not found.gives_seats:
        return []
    undecided = SeatRequest.objects.filter(event=event, status=Status.PENDING).order_by("pk")
    lined_up = []
    for request in undecided.select_related("registration")[:MOST_MOVED_UP]:
        decide(request, What.APPROVED, to_status=Status.WAITING, why=Why.NO_APPROVAL, at=at)
        touch(request.registration, calendar=False, at=at)
        lined_up.append(request.pk)
    return lined_up


def promised(event: Event, found: Availability) -> Availability:
    """Return how it stands for who comes now, while the seats people wait for are being given."""
    waiting = SeatRequest.objects.waiting(event).order_by()
    modes = set(waiting.values_list("mode", flat=True).distinct())
    seats = {
        mode: replace(these, limit=these.taken) if mode in modes else these
        for mode, these in found.seats.items()
    }
    return replace(found, seats=seats)


def _next(event: Event, found: Availability, *, now: datetime) -> list[SeatRequest]:
    """Return the wishes that are granted next, all of one mode. One query, none if all is taken."""
    wanted = Q()
    for mode, seats in found.seats.items():
        groups = groups_with_a_seat(seats, now=now)
        if groups is None:
            wanted |= Q(mode=mode)
        elif groups:
            wanted |= Q(mode=mode, registration__group__code__in=groups)
    if not wanted:
        return []
    waiting = SeatRequest.objects.waiting(event).filter(wanted)
    rows = {row.pk: row for row in waiting.select_related("registration__group")}
    for mode, seats in found.seats.items():
        line = [Waiting(row.pk, row.registration.group.code)
                for row in rows.values() if row.mode == mode]  # fmt: skip
        given = in_turn(seats, line, now=now)
        if given:
            return [rows[one.request] for one in given]
    return []


def _give(request: SeatRequest, found: Availability, *, now: datetime, at: datetime) -> None:
    """Give somebody who waited the seat, and note by which part of the policy."""
    seats = found.seats[AttendanceMode(request.mode)]
    why = Why.IN_TURN if seats_free(seats, group=None, now=now) != 0 else Why.OF_HER_GROUP
    drop_wanted_less(request.registration, rank=request.rank, at=at)
    decide(request, What.MOVED_UP, to_status=Status.CONFIRMED, why=why, at=at)
    touch(request.registration, calendar=True, at=at)


def drop_wanted_less(
    registration: Registration, *, rank: int, at: datetime, by: Actor = None
) -> None:
    """Give up what a person holds, and waits for but wants less than this.

    Before she gets it: a person has one seat at most.
    """
    others = SeatRequest.objects.filter(
        Q(rank__gt=rank) | Q(status=Status.CONFIRMED),
        registration=registration,
        status__in=SeatRequest.LIVE,
    )
    for other in others.select_related("registration"):
        decide(other, What.GAVE_UP, to_status=Status.CANCELLED, why=Why.WANTED_LESS, by=by, at=at)


def require_open(found: Availability, mode: str, *, registered: bool = False) -> None:
    """Raise Refused where nobody can register now, or not for this mode.

    Who is ``registered`` changes her mind where others come by invitation only.
    """
    if not (found.is_open or (registered and found.reason == Reason.BY_INVITATION)):
        raise Refused(found.reason)
    if mode not in found.offered:
        raise Refused(Reason.FULL)


def is_free(
    found: Availability, mode: AttendanceMode, group: StakeholderGroup, *, now: datetime
) -> bool:
    """Whether a seat of this mode is free for somebody of this group."""
    seats = found.seats.get(mode)
    return seats is not None and seats_free(seats, group=group.code, now=now) != 0


def decide(
    request: SeatRequest,
    what: str,
    *,
    to_status: str,
    at: datetime,
    by: Actor = None,
    why: str = "",
    reason: str = "",
) -> None:
    """Write what becomes of one wish, and that in the history."""
    history.record_decision(
        request, what, to_status=to_status, why=why, reason=reason, by=by, at=at
    )
    SeatRequest.objects.filter(pk=request.pk).update(status=to_status, changed_at=at)


def touch(registration: Registration, *, calendar: bool, at: datetime) -> None:
    """Note that something changed; ``calendar`` raises the SEQUENCE of her entry."""
    registration.calendar_revision += calendar
    registration.changed_at = at
    registration.save(update_fields=["calendar_revision", "changed_at"])


def tell_seat(
    registration: Registration, tell: Callable[[Registration], object], *, at: datetime
) -> None:
    """Tell her of the seat she has now, with its invitation.

    Where a seat counts only once she has confirmed her address she is asked to
    do that instead, and told once she has (``confirm_address``).
    """
    if registration.seat is not None and registration.must_confirm_first:
        ask_address(registration, at=at)
    else:
        tell(registration)


def ask_address(registration: Registration, *, at: datetime) -> None:
    """Ask her to confirm her address; the 48 hours begin when the mail has left."""
    before = registration.address_asked_at
    # The instant names the mail: asked twice in one transaction, she gets two.
    registration.address_asked_at = max(at, before + timedelta.resolution) if before else at
    registration.address_reminded_at = None
    registration.save(update_fields=["address_asked_at", "address_reminded_at"])
    emails.send_address_check(registration, reminder=False)


def status_of(registration: Registration, mode: str) -> str:
    """Return how her wish for a mode stands; empty where she has none."""
    found = (row.status for row in registration.seat_requests.all() if row.mode == mode)
    return next(found, "")


def ask(
    registration: Registration,
    mode: AttendanceMode,
    found: Availability,
    *,
    what: str,
    now: datetime,
    at: datetime,
    last: bool = False,
    by: Actor = None,
    held: bool = False,
) -> SeatRequest:
    """Note that a person wants a seat of this mode; return it, given or waited for.

    Unless it is wanted ``last`` she wants it more than all she asked for
    before. ``found`` is how it stands, behind the lock. Where she has to wait,
    what she holds is hers still. A seat that was ``held`` for her is hers at once.
    Whom a colleague enters (``by``) needs no approval after that.
    """
    if held:
        status, why = Status.CONFIRMED, Why.INVITED
    elif found.approval and by is None:
        status, why = Status.PENDING, Why.APPROVAL
    elif is_free(found, mode, registration.group, now=now):
        status, why = Status.CONFIRMED, Why.FREE
    else:
        full = mode not in found.kept
        status, why = Status.WAITING, Why.FULL if full else Why.KEPT
    wishes = SeatRequest.objects.filter(registration=registration)
    # A row of its own, so that her turn is that of now.
    wishes.filter(mode=mode).delete()
    if last:
        rank = (wishes.aggregate(last=Max("rank"))["last"] or 0) + 1
    else:
        wishes.update(rank=F("rank") + 1)
        rank = 1
    if status == Status.CONFIRMED:
        drop_wanted_less(registration, rank=rank, by=by, at=at)
    request = SeatRequest.objects.create(
        registration=registration, mode=mode, rank=rank, status=status, created_at=at, changed_at=at
    )
    history.record(registration, what, mode=mode, to_status=status, why=why, by=by, at=at)
    return request
