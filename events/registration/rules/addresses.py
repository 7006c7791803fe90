"""Whether her address reaches a person: she confirms it, or her seat goes to somebody else."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from events.models import Event
from events.registration import emails, history
from events.registration.address_check import (
    RELEASED_AFTER,
    REMINDED_AFTER,
    Holder,
    Plan,
    groups_that_help,
    plan,
)
from events.registration.history import Actor
from events.registration.models import (
    AddressCheck,
    HistoryEntry,
    Registration,
    RegistrationSettings,
    SeatRequest,
    SeatRequestQuerySet,
)
from events.registration.outbox import rules as outbox
from events.registration.queries import availability_of
from events.registration.rules import giving
from events.registration.seats import Waiting
from speakers.models import StakeholderGroup

# So many people are asked, reminded or lose their seat in one transaction, a mail to each.
MOST_CHECKED = 100
What = HistoryEntry.What
Why = HistoryEntry.Why
Status = SeatRequest.Status


def confirm_address(
    registration: Registration, *, now: datetime, at: datetime, by: Actor = None
) -> bool:
    """Note that her address reaches her; return False where it is known, or not her own.

    She said so by the link that went there, or a colleague did (``by``). Where
    a seat counts only from then on, the mail with the invitation goes out now.
    Nobody is told where the event is over.
    """
    if not registration.email or registration.address_confirmed_at:
        return False
    with transaction.atomic():
        event = giving.lock(registration.event)
        registration = giving.read(registration)
        if not registration.email or registration.address_confirmed_at:
            return False
        counts_now = registration.seat is not None and registration.must_confirm_first
        registration.address_confirmed_at = at
        registration.save(update_fields=["address_confirmed_at"])
        history.record(registration, What.ADDRESS_CONFIRMED, by=by, at=at)
        if counts_now and now < event.ends_at:
            emails.send_confirmation(registration, returned=False, now=now)
        return True


def check_addresses(event: Event, *, now: datetime, at: datetime) -> None:
    """Ask people to confirm their addresses, remind them, release the seats of those who did not.

    As the event's rule says (see ``address_check``), of all MOST_CHECKED people
    at most; the next round goes on. A seat that is released goes to whoever is
    next at once. Somebody without an address of her own is left alone: who
    registers others by her own page has confirmed hers by that, and a slip in
    an address that is corrected later must not cost them their seats.
    """
    # Without the lock first: mostly there is nothing to do.
    if not _to_do(event, now=now, at=at):
        return
    with transaction.atomic():
        event = giving.lock(event)
        found = _to_do(event, now=now, at=at)
        for request in _requests(found.release):
            _release(request, at=at)
        for request in _requests(found.remind):
            _remind(giving.read(request.registration), at=at)
        for request in _requests(found.ask):
            giving.ask_address(giving.read(request.registration), at=at)
        if found.release:
            giving.move_up(event, now=now, at=at)


def _requests(keys: Iterable[int]) -> SeatRequestQuerySet:
    requests: SeatRequestQuerySet = SeatRequest.objects.filter(pk__in=keys)
    return requests.select_related("registration").order_by("pk")


def _remind(registration: Registration, *, at: datetime) -> None:
    registration.address_reminded_at = at
    registration.save(update_fields=["address_reminded_at"])
    emails.send_address_check(registration, reminder=True)


def _release(request: SeatRequest, *, at: datetime) -> None:
    """Take back a seat. What else she waits for stays hers; she may come back by her link."""
    giving.decide(request, What.RELEASED, to_status=Status.CANCELLED, why=Why.UNCONFIRMED, at=at)
    registration = giving.read(request.registration)
    if registration.is_cancelled:
        # The form it came by may come again, as after giving up.
        registration.submission = None
        registration.save(update_fields=["submission"])
    giving.touch(registration, calendar=True, at=at)
    emails.send_released(registration, mode=request.mode)


def _to_do(event: Event, *, now: datetime, at: datetime) -> Plan:
    """Return whom to ask, to remind, and whose seat to release, the most pressing first.

    Nobody once the event has begun, and where a seat goes to nobody: at an
    event that is off, or where new seats are stopped.
    """
    settings = RegistrationSettings.objects.filter(event=event).first()
    rule = settings.address_check if settings else AddressCheck.NEVER
    if rule == AddressCheck.NEVER or now >= event.starts_at:
        return Plan()
    found = availability_of(event, now=now)
    if not found.gives_seats:
        return Plan()
    plans = []
    for mode, seats in found.seats.items():
        holders = _unconfirmed(event, mode)
        waiting: list[Waiting] = []
        if rule == AddressCheck.WHEN_WAITING:
            line = SeatRequest.objects.waiting(event).filter(mode=mode)
            rows = line.values_list("pk", "registration__group__code")
            waiting = [Waiting(request, group) for request, group in rows]
            if not waiting:
                continue
            codes = StakeholderGroup.objects.values_list("code", flat=True)
            groups = groups_that_help(seats, codes, {one.group for one in waiting}, now=now)
            holders = holders.filter(registration__group__code__in=groups)
        people = _facts(holders, at=at)
        plans.append(plan(rule, people, seats=seats, waiting=waiting, now=now, at=at))
    return _bounded(plans)


def _bounded(plans: Iterable[Plan]) -> Plan:
    """Return one plan of them all, for MOST_CHECKED people at most."""
    plans = list(plans)
    release = [key for one in plans for key in one.release][:MOST_CHECKED]
    remind = [key for one in plans for key in one.remind][: MOST_CHECKED - len(release)]
    ask = [key for one in plans for key in one.ask][: MOST_CHECKED - len(release) - len(remind)]
    return Plan(ask=tuple(ask), remind=tuple(remind), release=tuple(release))


def _unconfirmed(event: Event, mode: str) -> SeatRequestQuerySet:
    """Return the seats of a mode whose holders have an address and have not confirmed it."""
    requests: SeatRequestQuerySet = SeatRequest.objects.filter(
        event=event,
        mode=mode,
        status=Status.CONFIRMED,
        registration__email__isnull=False,
        registration__address_confirmed_at__isnull=True,
    )
    return requests


def _facts(requests: SeatRequestQuerySet, *, at: datetime) -> list[Holder]:
    """Return the holders it may be time for, the longest asked first, then the longest unasked.

    Asked for an earlier seat is not asked for this one. Of each kind a few times
    more than are done in one round, so that mails which can't leave hold up
    nobody else's. Four queries.
    """
    asked = Q(registration__address_asked_at__gte=F("changed_at"))
    reminded = Q(registration__address_reminded_at__gte=F("registration__address_asked_at"))
    not_asked = Q(registration__address_asked_at__isnull=True) | Q(
        registration__address_asked_at__lt=F("changed_at")
    )
    not_reminded = Q(registration__address_reminded_at__isnull=True) | Q(
        registration__address_reminded_at__lt=F("registration__address_asked_at")
    )

    def since(pause: timedelta) -> Q:
        return asked & Q(registration__address_asked_at__lte=at - pause)

    kinds = [
        (since(RELEASED_AFTER) & reminded, "registration__address_asked_at", 10 * MOST_CHECKED),
        (since(REMINDED_AFTER) & not_reminded, "registration__address_asked_at", 10 * MOST_CHECKED),
        (not_asked, "changed_at", MOST_CHECKED),
    ]
    rows = [
        row
        for wanted, first, most in kinds
        for row in requests.filter(wanted)
        .select_related("registration__group")
        .order_by(first, "pk")[:most]
    ]
    keys = [key for row in rows for key in _keys(row.registration) if key]
    left = outbox.left_at(keys)
    return [_holder(row, left) for row in rows]


def _keys(registration: Registration) -> tuple[str, str]:
    """Return the keys of the mails that asked and reminded her, empty where there was none."""
    asked = registration.address_asked_at
    reminded = registration.address_reminded_at
    return (
        emails.address_check_key(registration, reminder=False) if asked else "",
        emails.address_check_key(registration, reminder=True) if asked and reminded else "",
    )


def _holder(request: SeatRequest, left: dict[str, datetime | None]) -> Holder:
    """Return what the policy needs to know. A mail that is gone was never written."""
    person = request.registration
    asked, reminded = _keys(person)
    was_asked = (
        asked in left
        and person.address_asked_at is not None
        and person.address_asked_at >= request.changed_at
    )
    return Holder(
        request=request.pk,
        group=person.group.code,
        asked=was_asked,
        asked_left=left[asked] if was_asked else None,
        reminded=was_asked and reminded in left,
        reminded_left=left.get(reminded) if was_asked else None,
    )
