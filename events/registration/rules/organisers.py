"""What organisers decide about a person: a seat, a correction, an address, erasing her."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext

from events.models import Event
from events.registration import access, emails, history
from events.registration.history import Actor
from events.registration.models import (
    AttendanceMode,
    Consent,
    HistoryEntry,
    Invitation,
    Registration,
    SeatRequest,
)
from events.registration.outbox import rules as outbox
from events.registration.queries import availability_of
from events.registration.rules import accepting, answers, giving
from events.registration.rules.answers import DETAILS, Details
from events.registration.rules.giving import Obstacle, Refused
from events.registration.seats import Reason, seats_free
from speakers.models import StakeholderGroup

What = HistoryEntry.What
Why = HistoryEntry.Why
Status = SeatRequest.Status
# The group of whoever was entered without one. It is offered in no form and wished for by nobody.
NOT_TOLD = "not_told"


def enter(
    event: Event,
    *,
    name: str,
    by: Actor,
    now: datetime,
    at: datetime,
    mode: AttendanceMode | None = None,
    group: StakeholderGroup | None = None,
    country: str = "",
    county: str = "",
    organisation: str = "",
    phone: str = "",
    email: str | None = None,
    language: str = "en",
    consents: Mapping[str, bool] | None = None,
    submission: str | None = None,
) -> Registration:
    """Write down a person who came on paper or by phone; return her registration.

    Of what is not told, ``mode`` is the first that is offered, ``country`` that
    of the venue, and ``group`` NOT_TOLD. Registration may be closed or not yet
    open: the organisers decide. Where no seat is free she waits for one; so she
    does where people wait while no seats are given. With an address she gets the
    mail that everybody gets, without one a short code. ``consents`` are only what
    she agreed to. An invitation to her address is accepted by it, and a seat held by
    that is hers. The same form sent twice counts once.

    Raises Refused where the address is registered for this event already, where
    the way to take part is not offered, and for an event that is cancelled or over.
    """
    with transaction.atomic():
        event = giving.lock(event)
        if answers.was_sent(submission):
            return Registration.objects.with_details().get(submission=submission)
        _require_event(event, now=now)
        if email and Registration.objects.filter(event=event).with_address(email).exists():
            raise Refused(Obstacle.ADDRESS_TAKEN)
        found = giving.move_up(event, now=now, at=at)
        mode = mode or next(iter(found.offered), None)
        if mode is None or mode not in found.offered:
            raise Refused(Reason.NOT_OFFERED)
        if not found.gives_seats:
            # What is free stays free for those who wait, until seats are given again.
            found = giving.promised(event, found)
        invited = accepting.look(event, email=email, link=None, now=now)
        group = group or next((row.group for row in invited.rows if row.group), None)
        registration = Registration(
            event=event,
            email=email or None,
            code=None if email else answers.unused_code(),
            submission=submission,
            language=language,
            created_at=at,
        )
        details = Details(
            name=name,
            mode=mode,
            country=country or (event.venue.country.code if event.venue else ""),
            group=group or _not_told(),
            phone=phone,
            organisation=organisation,
            county=county,
            consents=consents or {},
        )
        answers.write(registration, details, channel=Consent.Channel.ADMIN, at=at)
        taking = accepting.take(invited, found, mode=mode, group=registration.group, now=now)
        accepting.settle(invited, registration)
        giving.ask(
            registration,
            mode,
            taking.found,
            what=What.REGISTERED,
            held=taking.held,
            by=by,
            now=now,
            at=at,
        )
        if taking.frees:
            giving.move_up(event, now=now, at=at)
        registration = giving.read(registration)
        tell = partial(emails.send_confirmation, returned=False, now=now)
        giving.tell_seat(registration, tell, at=at)
        return registration


def _not_told() -> StakeholderGroup:
    group, _made = StakeholderGroup.objects.get_or_create(
        code=NOT_TOLD,
        defaults={"label": gettext("Not told"), "offered": False, "position": 999},
    )
    return group


def confirm(
    registration: Registration, *, by: Actor, now: datetime, at: datetime, mode: str | None = None
) -> bool:
    """Give a person the seat she waits for; return False where she has it already.

    ``mode`` None is the seat she wants first of those not decided yet, or the
    one that was declined. Once she has it, a seat she held in another mode is
    given up. Somebody who waits for the organisers' word and finds no seat free
    is on the waiting list from then on, in the turn in which she came.
    Registration may be closed: the organisers decide.

    Raises Refused where no seat is free (``seats`` says how many are taken)
    or kept for others, where she gave it up herself or never asked for it, and
    for an event that is cancelled or over.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        registration = giving.read(registration)
        request = _to_confirm(registration, mode)
        if request.status == Status.CONFIRMED:
            return False
        if request.status == Status.CANCELLED:
            raise Refused(Obstacle.GAVE_UP)
        try:
            _require_seat(event, request.mode, group=registration.group, now=now)
        except Refused as refusal:
            if request.status != Status.PENDING or refusal.seats is None:
                raise
            why = Why.KEPT if refusal.reason == Reason.KEPT else Why.FULL
            giving.decide(request, What.APPROVED, to_status=Status.WAITING, why=why, by=by, at=at)
            giving.touch(registration, calendar=False, at=at)
            emails.send_waiting(giving.read(registration), mode=AttendanceMode(request.mode))
            return True
        moves = registration.seat is not None
        giving.drop_wanted_less(registration, rank=request.rank, by=by, at=at)
        giving.decide(request, What.CONFIRMED, to_status=Status.CONFIRMED, by=by, at=at)
        giving.touch(registration, calendar=True, at=at)
        registration = giving.read(registration)
        changed = partial(emails.send_changed, now=now)
        confirmed = partial(emails.send_confirmation, returned=False, now=now)
        giving.tell_seat(registration, changed if moves else confirmed, at=at)
        giving.move_up(event, now=now, at=at)
        return True


def decline(
    registration: Registration,
    *,
    by: Actor,
    now: datetime,
    at: datetime,
    mode: str | None = None,
    reason: str = "",
) -> bool:
    """Refuse a person a seat, or take back the one she has; return False where it was so already.

    ``mode`` None is every seat she holds or waits for. One mail tells her,
    with the reason where one is given; her calendar takes the entry out where
    she held a seat and has no other. She gets no seat by registering again.

    Raises Refused where she gave it up herself or never asked for it.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        registration = giving.read(registration)
        asked = [request for request in registration.seat_requests.all()
                 if mode is None or request.mode == mode]  # fmt: skip
        live = [request for request in asked if request.is_live]
        if not live:
            if any(request.status == Status.DECLINED for request in asked):
                return False
            raise Refused(Obstacle.GAVE_UP if asked else Obstacle.NOT_ASKED)
        held = any(request.status == Status.CONFIRMED for request in live)
        for request in live:
            giving.decide(
                request, What.DECLINED, to_status=Status.DECLINED, reason=reason, by=by, at=at
            )
        giving.touch(registration, calendar=held, at=at)
        registration = giving.read(registration)
        emails.send_declined(
            registration,
            modes=[AttendanceMode(request.mode) for request in live],
            reason=reason,
            out_of_calendar=held and registration.seat is None,
        )
        giving.move_up(event, now=now, at=at)
        return True


def correct(registration: Registration, *, now: datetime, at: datetime, by: Actor = None) -> None:
    """Write an organiser's corrections of a person's details, but not of her address.

    Whom seats are kept for may find one by it.
    """
    names = [*DETAILS, "interpretation", "language"]
    with transaction.atomic():
        event = giving.lock(registration.event)
        before = giving.read(registration)
        fields = [name for name in names if getattr(before, name) != getattr(registration, name)]
        registration.changed_at = at
        registration.save(update_fields=[*names, "changed_at"])
        if fields:
            history.record(registration, What.CORRECTED, fields=fields, by=by, at=at)
        giving.move_up(event, now=now, at=at)


def correct_address(
    registration: Registration, email: str | None, *, by: Actor, now: datetime, at: datetime
) -> bool:
    """Let a registration use another address, or none; return False where it does already.

    Links that went to the earlier address stop working, hers and those of the
    people she registered, so that whoever reads that mail has no more power
    here. Whether she confirmed the earlier one says nothing about the new one.
    The new address gets her new link and the invitation. The earlier one
    is told only that it is used no longer: it may be a stranger's, or it may be
    hers and the new one the mistake.

    Raises Refused where the address is registered for this event already.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        registration = giving.read(registration)
        old, new = registration.email or "", email or ""
        if old == new:
            return False
        others = Registration.objects.filter(event=event).exclude(pk=registration.pk)
        if new and others.with_address(new).exists():
            raise Refused(Obstacle.ADDRESS_TAKEN)
        registration.email = new or None
        moved = old.lower() != new.lower()
        if moved:
            _renew_links(registration)
            for companion in registration.companions.all():
                _renew_links(companion)
                companion.save(update_fields=["link_version", "code"])
            registration.address_confirmed_at = None
            registration.address_asked_at = None
            registration.address_reminded_at = None
        registration.changed_at = at
        registration.save(
            update_fields=[
                "email", "link_version", "code", "changed_at",
                "address_confirmed_at", "address_asked_at", "address_reminded_at",
            ]
        )  # fmt: skip
        history.record(
            registration, What.ADDRESS_CORRECTED, old_address=old, new_address=new, by=by, at=at
        )
        if moved:
            _tell_addresses(giving.read(registration), old=old, now=now, at=at)
        if new:
            # Who is registered needs no invitation any more, nor what it holds.
            mine = Invitation.objects.filter(event=event).unanswered().to_address(new)
            if mine.update(registration=registration):
                giving.move_up(event, now=now, at=at)
        return True


def _renew_links(registration: Registration) -> None:
    """Make what opened a person's page useless: her links and her code.

    She gets another code, unless she has an address of her own. The row is not saved yet.
    """
    registration.link_version += 1
    registration.code = None if registration.email else answers.unused_code()


def _tell_addresses(registration: Registration, *, old: str, now: datetime, at: datetime) -> None:
    """Tell the earlier address and the new one, which also gets the links of her companions."""
    if old:
        emails.send_address_left(registration, to=old)
    if registration.email:
        giving.tell_seat(registration, partial(emails.send_new_address, now=now), at=at)
        for companion in registration.companions.with_details().filter(email__isnull=True):
            emails.send_link_anyway(companion)


def erase(registration: Registration, *, now: datetime, at: datetime, by: Actor = None) -> None:
    """Remove a person with all she entrusted us with. Her seat goes to whoever is next.

    The mails to her address go with her, read or not, and those to an earlier
    address that nobody else uses. That somebody was erased is noted, and not who.

    Raises ProtectedError while others get their mails by way of her address.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        moved = registration.history.filter(what=What.ADDRESS_CORRECTED)
        earlier = set(moved.exclude(old_address="").values_list("old_address", flat=True))
        earlier |= set(registration.invitations.values_list("email", flat=True))
        registration.delete()
        if registration.email:
            invitations = Invitation.objects.filter(event=event)
            invitations.to_address(registration.email).delete()
            outbox.forget(registration.email)
        for address in earlier:
            if not Registration.objects.with_address(address).exists():
                outbox.forget(address)
        access.record_erased(by=by, event=event, at=at)
        giving.move_up(event, now=now, at=at)


def _require_event(event: Event, *, now: datetime) -> None:
    """Refuse what is for an event that takes place still."""
    if event.status == Event.Status.CANCELLED:
        raise Refused(Reason.CANCELLED)
    if now >= event.ends_at:
        raise Refused(Reason.OVER)


def _require_seat(event: Event, mode: str, *, group: StakeholderGroup, now: datetime) -> None:
    """Refuse a seat there is not, whether or not people can register now."""
    _require_event(event, now=now)
    seats = availability_of(event, now=now).seats.get(AttendanceMode(mode))
    if seats is None:
        raise Refused(Reason.NOT_OFFERED)
    if seats_free(seats, group=group.code, now=now) == 0:
        full = seats.limit is not None and seats.taken >= seats.limit
        raise Refused(Reason.FULL if full else Reason.KEPT, seats=seats)


def _to_confirm(registration: Registration, mode: str | None) -> SeatRequest:
    """Return the wish to decide on. Raises Refused where there is none."""
    asked = [request for request in registration.seat_requests.all()
             if mode is None or request.mode == mode]  # fmt: skip
    if not asked:
        raise Refused(Obstacle.NOT_ASKED)
    # Not decided yet, then what she has, then what was declined, then what she gave up.
    order = [Status.PENDING, Status.WAITING, Status.CONFIRMED, Status.DECLINED, Status.CANCELLED]
    undecided = order[:2]
    return min(
        asked,
        key=lambda request: (
            0 if request.status in undecided else order.index(Status(request.status)),
            request.rank,
            request.pk,
        ),
    )
