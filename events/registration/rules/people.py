"""What a person does: she registers, changes her answers, gives up her seat, comes back."""

from collections.abc import Iterable, Sequence
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
    Invitation,
    Question,
    Registration,
    SeatRequest,
)
from events.registration.queries import availability_of
from events.registration.rules import accepting, answers, giving
from events.registration.rules.answers import Details
from events.registration.rules.giving import Obstacle, Refused
from events.registration.seats import (
    Availability,
    Reason,
    seats_free,
    with_a_seat_given,
    without_one,
)
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
    invitation: Invitation | None = None,
) -> Outcome:
    """Register a person by her own address, or by her ``invitation``.

    The same form sent twice counts once. An address that is registered gets a
    mail that says so, and nothing about it is changed; no more is it for
    somebody whom the organisers declined. One that gave up its seat is
    registered again with what was typed now. Where no seat of that mode is free
    for her she waits for one. Raises Refused where nobody can register, and
    where the organisers changed a question since it was asked.

    Whatever invitation that address has is accepted by it as well, and a seat
    held by it is hers. By the link of an ``invitation`` she can register where
    that opens what is closed. Raises Refused("invitation_used") or
    ("invitation_over") where it can't be used, and ("kept_for_her_group") where
    the seat is for another group than she now says.
    """
    with transaction.atomic():
        event = giving.lock(event)
        if answers.was_sent(submission):
            return Outcome.SENT_TWICE
        found = giving.move_up(event, now=now, at=at)
        invited = accepting.look(event, email=email, link=invitation, now=now)
        accepting.require_open(found, details.mode, invited)
        known = Registration.objects.with_details().filter(event=event).with_address(email).first()
        if known and (not known.is_cancelled or known.is_declined):
            emails.send_already_registered(known, at=at)
            if accepting.settle(invited, known, address=email):
                giving.move_up(event, now=now, at=at)
            return Outcome.ALREADY_REGISTERED
        _require_asked(event, details)
        if known:
            known.submission = submission
            known.calendar_revision += 1
        registration = known or Registration(
            event=event, email=email, submission=submission, language=language, created_at=at
        )
        if invited.by_mail_to(email):
            # The link came by a mail to this very address.
            registration.address_confirmed_at = at
        answers.write(registration, details, channel=Consent.Channel.WEB, at=at)
        what = What.RETURNED if known else What.REGISTERED
        taking = accepting.take(
            invited, found, mode=details.mode, group=registration.group, now=now
        )
        accepting.settle(invited, registration)
        _enrol(registration, details, taking.found, what=what, held=taking.held, now=now, at=at)
        if taking.frees:
            giving.move_up(event, now=now, at=at)
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
    or has no address of her own, where MOST_COMPANIONS were registered so
    already, or where the organisers changed a question since it was asked.
    """
    with transaction.atomic():
        event = giving.lock(contact.event)
        if answers.was_sent(submission):
            return Outcome.SENT_TWICE
        found = giving.move_up(event, now=now, at=at)
        giving.require_open(found, details.mode)
        contact = _require_contact(contact, brings=1)
        _require_asked(event, details)
        registration = _companion(contact, details, submission=submission, at=at)
        _enrol(registration, details, found, what=What.REGISTERED, now=now, at=at)
        registration = giving.read(registration)
        emails.send_confirmation(registration, returned=False, now=now)
        return Outcome.REGISTERED if registration.seat else Outcome.WAITING


def register_several(
    contact: Registration,
    people: Sequence[Details],
    *,
    submission: str | None,
    now: datetime,
    at: datetime,
) -> list[Registration]:
    """Register several people who use the address of ``contact``; return them as they stand.

    They come in the sequence given: whoever finds no seat waits, and the others
    are gone on with. One mail tells ``contact`` of all. The same form sent twice
    counts once; nobody is returned then.

    Raises Refused as ``register_companion`` does, for all of them or for none:
    also where they are more than are left of MOST_COMPANIONS.
    """
    with transaction.atomic():
        event = giving.lock(contact.event)
        if several_came(submission):
            return []
        found = giving.move_up(event, now=now, at=at)
        for mode in {details.mode for details in people}:
            giving.require_open(found, mode)
        contact = _require_contact(contact, brings=len(people))
        keys = []
        for place, details in enumerate(people):
            mark = answers.submission_of(submission, place)
            registration = _companion(contact, details, submission=mark, at=at)
            request = giving.ask(
                registration, details.mode, found, what=What.REGISTERED, now=now, at=at
            )
            if request.status == Status.CONFIRMED:
                group = details.group.code
                found = with_a_seat_given(found, details.mode, group=group, now=now)
            keys.append(registration.pk)
        rows = Registration.objects.with_details().in_bulk(keys)
        registered = [rows[key] for key in keys]
        emails.send_several(contact, registered)
        return registered


def several_came(submission: str | None) -> bool:
    """Whether this very form with several people came before."""
    marks = [answers.submission_of(submission, place) for place in range(MOST_COMPANIONS)]
    return bool(submission) and Registration.objects.filter(submission__in=marks).exists()


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
    can register, where the organisers declined it and where they changed a
    question meanwhile, and nothing is changed. A mail tells of a changed mode.
    """
    with transaction.atomic():
        event = giving.lock(registration.event)
        found = giving.move_up(event, now=now, at=at)
        _require_asked(event, details)
        registration = giving.read(registration)
        seat, in_force = registration.seat, registration.in_force
        asks = in_force is not None and details.mode not in {
            request.mode for request in (in_force, *registration.wishes)
        }
        if asks:
            if giving.status_of(registration, details.mode) == Status.DECLINED:
                raise Refused(Obstacle.DECLINED)
            giving.require_open(found, details.mode, registered=True)
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

    A seat held for her by an invitation is hers. Raises Refused where nobody can
    register, and for whom the organisers declined.
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
        invited = accepting.look(event, email=registration.email, link=None, now=now)
        taking = accepting.take(invited, found, mode=mode, group=registration.group, now=now)
        accepting.settle(invited, registration)
        giving.ask(
            registration, mode, taking.found, what=What.RETURNED, held=taking.held, now=now, at=at
        )
        if taking.frees:
            giving.move_up(event, now=now, at=at)
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


def _require_contact(contact: Registration, *, brings: int) -> Registration:
    """Return the person who registers others, as she stands. Raises Refused where she can't."""
    contact = giving.read(contact)
    if contact.is_cancelled:
        raise Refused("contact_gave_up")
    if not contact.email:
        raise Refused("contact_without_address")
    if contact.companions.count() + brings > MOST_COMPANIONS:
        raise Refused("too_many_companions")
    return contact


def _companion(
    contact: Registration, details: Details, *, submission: str | None, at: datetime
) -> Registration:
    """Write down somebody whose mails go to ``contact``; her seat is another matter."""
    registration = Registration(
        event=contact.event,
        contact=contact,
        code=answers.unused_code(),
        submission=submission,
        language=contact.language,
        created_at=at,
    )
    answers.write(registration, details, channel=Consent.Channel.WEB, at=at)
    return registration


def _require_asked(event: Event, details: Details) -> None:
    """Refuse answers to questions that are gone, or have become of another kind meanwhile."""
    if not details.own_answers:
        return
    kinds = dict(Question.objects.filter(event=event).values_list("pk", "kind"))
    if any(kinds.get(question.pk) != question.kind for question in details.own_answers):
        raise Refused("questions_changed")


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
    held: bool = False,
) -> None:
    """Ask for a seat for somebody new, and for one meanwhile where she wants that and waits."""
    request = giving.ask(registration, details.mode, found, what=what, held=held, now=now, at=at)
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
