"""What a person does: she registers, changes her answers, gives up her seat, comes back."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import partial

from django.db import transaction

from events.models import Event
from events.registration import emails, history
from events.registration.history import Actor
from events.registration.models import (
    AttendanceMode,
    Consent,
    HistoryEntry,
    Registration,
    SeatRequest,
)
from events.registration.queries import availability_of
from events.registration.rules import answers, giving
from events.registration.rules.answers import Details
from events.registration.rules.giving import Obstacle, Refused
from events.registration.seats import Availability, Reason, seats_free, without_one
from events.rules import Phase, phase
from speakers.models import StakeholderGroup

MOST_COMPANIONS = 10
What = HistoryEntry.What
Status = SeatRequest.Status


class Outcome(StrEnum):
    """What became of a form. The page after it is the same for all of them."""

    REGISTERED = "registered"
    WAITING = "waiting"
    RETURNED = "returned"
    ALREADY_REGISTERED = "already_registered"
    SENT_TWICE = "sent_twice"


def register(
    event: Event,
    details: Details,
    *,
    email: str,
    language: str,
    submission: str | None,
    now: datetime,
    at: datetime,
) -> Outcome:
    """Register a person by her own address.

    The same form sent twice counts once. An address that is registered gets a
    mail that says so, and nothing about it is changed; no more is it for
    somebody whom the organisers declined. One that gave up its seat is
    registered again with what was typed now. Where no seat of that mode is free
    for her she waits for one. Raises Refused where nobody can register.
    """
    with transaction.atomic():
        event = giving.lock(event)
        if _was_sent(submission):
            return Outcome.SENT_TWICE
        found = giving.move_up(event, now=now, at=at)
        giving.require_open(found, details.mode)
        known = Registration.objects.with_details().filter(event=event).with_address(email).first()
        if known and (not known.is_cancelled or known.is_declined):
            emails.send_already_registered(known, at=at)
            return Outcome.ALREADY_REGISTERED
        if known:
            known.submission = submission
            known.calendar_revision += 1
        registration = known or Registration(
            event=event, email=email, submission=submission, language=language, created_at=at
        )
        answers.write(registration, details, channel=Consent.Channel.WEB, at=at)
        what = What.RETURNED if known else What.REGISTERED
        _enrol(registration, details, found, what=what, now=now, at=at)
        registration = giving.read(registration)
        tell = partial(emails.send_confirmation, returned=known is not None, now=now)
        giving.tell_seat(registration, tell, at=at)
        if registration.seat is None:
            return Outcome.WAITING
        return Outcome.RETURNED if known else Outcome.REGISTERED


def register_companion(
    contact: Registration,
    details: Details,
    *,
    submission: str | None,
    now: datetime,
    at: datetime,
) -> Outcome:
    """Register another person who uses the address of ``contact``; her mails go there.

    Raises Refused where nobody can register, where ``contact`` gave up her own
    or has no address of her own, or where MOST_COMPANIONS were registered so
    already.
    """
    with transaction.atomic():
        event = giving.lock(contact.event)
        if _was_sent(submission):
            return Outcome.SENT_TWICE
        found = giving.move_up(event, now=now, at=at)
        giving.require_open(found, details.mode)
        contact = giving.read(contact)
        if contact.is_cancelled:
            raise Refused("contact_gave_up")
        if not contact.email:
            raise Refused("contact_without_address")
        if contact.companions.count() >= MOST_COMPANIONS:
            raise Refused("too_many_companions")
        registration = Registration(
            event=event,
            contact=contact,
            submission=submission,
            language=contact.language,
            created_at=at,
        )
        answers.write(registration, details, channel=Consent.Channel.WEB, at=at)
        _enrol(registration, details, found, what=What.REGISTERED, now=now, at=at)
        registration = giving.read(registration)
        emails.send_confirmation(registration, returned=False, now=now)
        return Outcome.REGISTERED if registration.seat else Outcome.WAITING


def change(
    registration: Registration,
    details: Details,
    *,
    now: datetime,
    at: datetime,
    channel: str = Consent.Channel.WEB,
) -> None:
    """Write what a person changed about herself, her way to take part included.

    In another mode she gets a seat, or a place on its waiting list; what she
    holds is given up only once she has that seat. Raises Refused where nobody
    can register and where the organisers declined it, and nothing is changed. A
    mail tells of a changed mode.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        found = giving.move_up(event, now=now, at=at)
        registration = giving.read(registration)
        seat, in_force = registration.seat, registration.in_force
        asks = in_force is not None and details.mode not in {
            request.mode for request in (in_force, *registration.wishes)
        }
        if asks:
            if giving.status_of(registration, details.mode) == Status.DECLINED:
                raise Refused(Obstacle.DECLINED)
            giving.require_open(found, details.mode)
        gets_it = (
            asks
            and not found.approval
            and giving.is_free(found, details.mode, details.group, now=now)
        )
        if seat is not None and details.group != registration.group and not gets_it:
            _require_seat_for_group(event, seat, details.group, now=now)
        fields = answers.changed(registration, details)
        if answers.write(registration, details, channel=channel, at=at):
            fields.append("consents")
        if fields:
            history.record(registration, What.CHANGED, fields=fields, at=at)
        if asks:
            giving.touch(registration, calendar=seat is None, at=at)
            request = giving.ask(registration, details.mode, found, what=What.ASKED, now=now, at=at)
            if request.status == Status.CONFIRMED:
                tell = partial(emails.send_changed, now=now)
                giving.tell_seat(giving.read(registration), tell, at=at)
            else:
                emails.send_waiting(giving.read(registration), mode=details.mode)
        giving.move_up(event, now=now, at=at)


def take_meanwhile(
    registration: Registration, *, mode: AttendanceMode, now: datetime, at: datetime
) -> bool:
    """Give a person who waits a seat in another mode until hers comes; False where she has one.

    Her place on the list stays hers. Raises Refused where no seat of this mode
    is free for her, where she waits for none or was declined this one, where the
    organisers look at each person first, and where nobody can register.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        found = giving.move_up(event, now=now, at=at)
        registration = giving.read(registration)
        if registration.seat:
            return False
        if not any(wish.status == Status.WAITING for wish in registration.wishes):
            raise Refused(Obstacle.NOT_ASKED)
        if giving.status_of(registration, mode) == Status.DECLINED:
            raise Refused(Obstacle.DECLINED)
        giving.require_open(found, mode)
        if found.approval:
            raise Refused("approval")
        if not giving.is_free(found, mode, registration.group, now=now):
            raise Refused(Reason.KEPT if mode in found.kept else Reason.FULL)
        giving.ask(registration, mode, found, what=What.ASKED, last=True, now=now, at=at)
        giving.touch(registration, calendar=True, at=at)
        tell = partial(emails.send_confirmation, returned=False, now=now)
        giving.tell_seat(giving.read(registration), tell, at=at)
        return True


def stop_waiting(
    registration: Registration, *, mode: AttendanceMode, now: datetime, at: datetime
) -> bool:
    """Take a person off a waiting list; return whether she was on it.

    A seat she holds stays hers. Who has none and waits for no other gave up
    (``give_up``, which raises Refused once the event is over).
    """
    with transaction.atomic():
        giving.lock(registration.event)
        registration = giving.read(registration)
        wish = next((row for row in registration.wishes if row.mode == mode), None)
        if wish is None:
            return False
        if registration.seat is None and len(registration.wishes) == 1:
            give_up(registration, now=now, at=at)
            return True
        giving.decide(wish, What.GAVE_UP, to_status=Status.CANCELLED, by=None, at=at)
        giving.touch(registration, calendar=False, at=at)
        return True


def cancel(registration: Registration, *, now: datetime, at: datetime, by: Actor = None) -> bool:
    """Give up the person's seat; return whether she had one or waited for one.

    Her row is kept; cancelling twice is cancelling once. The form it came by
    may come again and then counts anew. The seat goes to whoever is next.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        registration = giving.read(registration)
        if registration.is_cancelled:
            return False
        held = registration.seat is not None
        _give_up(registration, by=by, at=at)
        registration.submission = None
        registration.calendar_revision += 1
        registration.changed_at = at
        registration.save(update_fields=["submission", "calendar_revision", "changed_at"])
        emails.send_cancelled(giving.read(registration), held=held, by_organiser=by is not None)
        giving.move_up(event, now=now, at=at)
        return True


def give_up(registration: Registration, *, now: datetime, at: datetime) -> None:
    """Give up one's own seat. Raises Refused once the event is over.

    Then no seat can go to anybody else, and who was meant to be there stays on
    record; only organisers still mend that (``cancel``).
    """
    with transaction.atomic():
        if phase(giving.lock(registration.event), now=now) == Phase.AFTER:
            raise Refused("nothing_to_give_up")
        cancel(registration, now=now, at=at)


def come_back(
    registration: Registration, *, mode: AttendanceMode, now: datetime, at: datetime
) -> None:
    """Give a seat again to somebody who gave hers up, or a place on the waiting list.

    Raises Refused where nobody can register, and for whom the organisers declined.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        registration = giving.read(registration)
        if not registration.is_cancelled:
            return
        if registration.is_declined:
            raise Refused(Obstacle.DECLINED)
        found = giving.move_up(event, now=now, at=at)
        giving.require_open(found, mode)
        giving.touch(registration, calendar=True, at=at)
        giving.ask(registration, mode, found, what=What.RETURNED, now=now, at=at)
        tell = partial(emails.send_confirmation, returned=True, now=now)
        giving.tell_seat(giving.read(registration), tell, at=at)


def send_links(event: Event, *, email: str, at: datetime) -> int:
    """Mail her link to whoever registered by this address; return how many mails: one or none.

    It is one mail however many people she registered: her page links to theirs.

    An address nobody registered gets nothing, and neither the page nor the
    time it takes tells: a mail to somebody else is made, and taken back.
    """
    with transaction.atomic():
        registrations = Registration.objects.with_details().filter(event=event)
        known = registrations.with_address(email).first()
        if known and emails.send_link(known, at=at):
            history.record_links([known], at=at)
            return 1
        anybody = known or registrations.filter(email__isnull=False).first()
        if anybody:
            emails.rehearse_link(anybody, at=at)
        return 0


def send_links_to(registrations: Iterable[Registration], *, at: datetime, by: Actor = None) -> int:
    """Mail each person her link; return how many mails were written."""
    with transaction.atomic():
        sent = [registration for registration in registrations
                if emails.send_link(registration, at=at)]  # fmt: skip
        history.record_links(sent, by=by, at=at)
        return len(sent)


def _was_sent(submission: str | None) -> bool:
    return bool(submission) and Registration.objects.filter(submission=submission).exists()


def _require_seat_for_group(
    event: Event, seat: SeatRequest, group: StakeholderGroup, *, now: datetime
) -> None:
    """Refuse to carry a seat that was kept for one group over to another."""
    seats = availability_of(event, now=now).seats.get(AttendanceMode(seat.mode))
    if seat.status != SeatRequest.Status.CONFIRMED or seats is None:
        return
    others = without_one(seats, group=seat.registration.group.code)
    if seats_free(others, group=group.code, now=now) == 0:
        raise Refused("kept_for_her_group")


def _enrol(
    registration: Registration,
    details: Details,
    found: Availability,
    *,
    what: str,
    now: datetime,
    at: datetime,
) -> None:
    """Ask for a seat for somebody new, and for one meanwhile where she wants that and waits."""
    request = giving.ask(registration, details.mode, found, what=what, now=now, at=at)
    if request.status != Status.WAITING or not details.meanwhile:
        return
    for mode in found.offered:
        if mode != details.mode and giving.is_free(found, mode, registration.group, now=now):
            giving.ask(registration, mode, found, what=What.ASKED, last=True, now=now, at=at)
            return


def _give_up(registration: Registration, *, at: datetime, by: Actor = None) -> None:
    for request in registration.seat_requests.all():
        if request.is_live:
            giving.decide(request, What.GAVE_UP, to_status=Status.CANCELLED, by=by, at=at)
