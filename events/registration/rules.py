"""What may happen to a registration. The only writer of this room's tables.

Every function takes one transaction: it locks the event's row (on SQLite the
IMMEDIATE transaction is the lock), reads the rows, asks ``seats``, writes, and
leaves the mails that tell of it in the outbox, and an entry in the person's
history. What frees a seat also gives it to whoever is next in turn, in the same
transaction (``_move_up``). ``now`` is domain time, which decides what is open; ``at`` is real
time, which says when it happened; ``by`` is the colleague who did it, and None
for the person herself.
"""

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q

from events.cloning import shifted
from events.models import Event
from events.registration import access, emails, history
from events.registration.history import Actor
from events.registration.models import (
    AttendanceMode,
    Consent,
    HistoryEntry,
    KeptSeats,
    Quota,
    Registration,
    RegistrationSettings,
    SeatRequest,
    SupportNeed,
    TableTarget,
    VoiceAnswer,
)
from events.registration.outbox import rules as outbox
from events.registration.queries import availability_of, seats_taken
from events.registration.seats import (
    Availability,
    ModeSeats,
    Reason,
    Waiting,
    groups_with_a_seat,
    in_turn,
    seats_free,
    without_one,
)
from events.rules import Phase, phase
from speakers.models import StakeholderGroup, Voice

# The wording of privacy notice and consents now in force.
NOTICE_VERSION = "2"
MOST_COMPANIONS = 10
# So many people move up in one transaction, a mail to each: the event's row is locked for about a
# second. Where a quota was raised for a long list, the worker gives the rest, round by round.
MOST_MOVED_UP = 100
# What is told about a person in one column each; her answers that stand apart are beside it.
DETAILS = (
    "name", "phone", "organisation", "job_title", "country", "county", "group", "question",
)  # fmt: skip
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


class Outcome(StrEnum):
    """What became of a form. The page after it is the same for all of them."""

    REGISTERED = "registered"
    WAITING = "waiting"
    RETURNED = "returned"
    ALREADY_REGISTERED = "already_registered"
    SENT_TWICE = "sent_twice"


@dataclass(frozen=True)
class Details:
    """What a person tells about herself and may change later."""

    name: str
    mode: AttendanceMode
    country: str
    group: StakeholderGroup
    phone: str = ""
    organisation: str = ""
    job_title: str = ""
    county: str = ""
    interpretation: Collection[str] = ()
    question: str = ""
    voices: Collection[Voice] = ()
    support: Mapping[str, str] = field(default_factory=dict)
    """Kind of support → her own words on it."""
    consents: Mapping[str, bool] = field(default_factory=dict)
    """Purpose → given or not. A purpose left out was not answered."""
    meanwhile: bool = False
    """Whether she takes a seat in another mode while she has to wait for this one."""


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
        event = _lock(event)
        if _was_sent(submission):
            return Outcome.SENT_TWICE
        found = _move_up(event, now=now, at=at)
        _require_open(found, details.mode)
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
        _write(registration, details, channel=Consent.Channel.WEB, at=at)
        what = What.RETURNED if known else What.REGISTERED
        _enrol(registration, details, found, what=what, now=now, at=at)
        registration = _read(registration)
        emails.send_confirmation(registration, returned=known is not None, now=now)
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
        event = _lock(contact.event)
        if _was_sent(submission):
            return Outcome.SENT_TWICE
        found = _move_up(event, now=now, at=at)
        _require_open(found, details.mode)
        contact = _read(contact)
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
        _write(registration, details, channel=Consent.Channel.WEB, at=at)
        _enrol(registration, details, found, what=What.REGISTERED, now=now, at=at)
        registration = _read(registration)
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
        event = _lock(registration.event)
        found = _move_up(event, now=now, at=at)
        registration = _read(registration)
        seat, in_force = registration.seat, registration.in_force
        asks = in_force is not None and details.mode not in {
            request.mode for request in (in_force, *registration.wishes)
        }
        if asks:
            if _status_of(registration, details.mode) == Status.DECLINED:
                raise Refused(Obstacle.DECLINED)
            _require_open(found, details.mode)
        gets_it = (
            asks and not found.approval and _is_free(found, details.mode, details.group, now=now)
        )
        if seat is not None and details.group != registration.group and not gets_it:
            _require_seat_for_group(event, seat, details.group, now=now)
        fields = _changed(registration, details)
        if _write(registration, details, channel=channel, at=at):
            fields.append("consents")
        if fields:
            history.record(registration, What.CHANGED, fields=fields, at=at)
        if asks:
            _touch(registration, calendar=seat is None, at=at)
            request = _ask(registration, details.mode, found, what=What.ASKED, now=now, at=at)
            if request.status == Status.CONFIRMED:
                emails.send_changed(_read(registration), now=now)
            else:
                emails.send_waiting(_read(registration), mode=details.mode)
        _move_up(event, now=now, at=at)


def take_meanwhile(
    registration: Registration, *, mode: AttendanceMode, now: datetime, at: datetime
) -> bool:
    """Give a person who waits a seat in another mode until hers comes; False where she has one.

    Her place on the list stays hers. Raises Refused where no seat of this mode
    is free for her, where she waits for none or was declined this one, where the
    organisers look at each person first, and where nobody can register.
    """
    with transaction.atomic():
        event = _lock(registration.event)
        found = _move_up(event, now=now, at=at)
        registration = _read(registration)
        if registration.seat:
            return False
        if not any(wish.status == Status.WAITING for wish in registration.wishes):
            raise Refused(Obstacle.NOT_ASKED)
        if _status_of(registration, mode) == Status.DECLINED:
            raise Refused(Obstacle.DECLINED)
        _require_open(found, mode)
        if found.approval:
            raise Refused("approval")
        if not _is_free(found, mode, registration.group, now=now):
            raise Refused(Reason.KEPT if mode in found.kept else Reason.FULL)
        _ask(registration, mode, found, what=What.ASKED, last=True, now=now, at=at)
        _touch(registration, calendar=True, at=at)
        emails.send_confirmation(_read(registration), returned=False, now=now)
        return True


def stop_waiting(
    registration: Registration, *, mode: AttendanceMode, now: datetime, at: datetime
) -> bool:
    """Take a person off a waiting list; return whether she was on it.

    A seat she holds stays hers. Who has none and waits for no other gave up
    (``give_up``, which raises Refused once the event is over).
    """
    with transaction.atomic():
        _lock(registration.event)
        registration = _read(registration)
        wish = next((row for row in registration.wishes if row.mode == mode), None)
        if wish is None:
            return False
        if registration.seat is None and len(registration.wishes) == 1:
            give_up(registration, now=now, at=at)
            return True
        _decide(wish, What.GAVE_UP, to_status=Status.CANCELLED, by=None, at=at)
        _touch(registration, calendar=False, at=at)
        return True


def cancel(registration: Registration, *, now: datetime, at: datetime, by: Actor = None) -> bool:
    """Give up the person's seat; return whether she had one or waited for one.

    Her row is kept; cancelling twice is cancelling once. The form it came by
    may come again and then counts anew. The seat goes to whoever is next.
    """
    with transaction.atomic():
        event = _lock(registration.event)
        registration = _read(registration)
        if registration.is_cancelled:
            return False
        held = registration.seat is not None
        _give_up(registration, by=by, at=at)
        registration.submission = None
        registration.calendar_revision += 1
        registration.changed_at = at
        registration.save(update_fields=["submission", "calendar_revision", "changed_at"])
        emails.send_cancelled(_read(registration), held=held, by_organiser=by is not None)
        _move_up(event, now=now, at=at)
        return True


def give_up(registration: Registration, *, now: datetime, at: datetime) -> None:
    """Give up one's own seat. Raises Refused once the event is over.

    Then no seat can go to anybody else, and who was meant to be there stays on
    record; only organisers still mend that (``cancel``).
    """
    with transaction.atomic():
        if phase(_lock(registration.event), now=now) == Phase.AFTER:
            raise Refused("nothing_to_give_up")
        cancel(registration, now=now, at=at)


def come_back(
    registration: Registration, *, mode: AttendanceMode, now: datetime, at: datetime
) -> None:
    """Give a seat again to somebody who gave hers up, or a place on the waiting list.

    Raises Refused where nobody can register, and for whom the organisers declined.
    """
    with transaction.atomic():
        event = _lock(registration.event)
        registration = _read(registration)
        if not registration.is_cancelled:
            return
        if registration.is_declined:
            raise Refused(Obstacle.DECLINED)
        found = _move_up(event, now=now, at=at)
        _require_open(found, mode)
        _touch(registration, calendar=True, at=at)
        _ask(registration, mode, found, what=What.RETURNED, now=now, at=at)
        emails.send_confirmation(_read(registration), returned=True, now=now)


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
        event = _lock(registration.event)
        registration = _read(registration)
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
            _decide(request, What.APPROVED, to_status=Status.WAITING, why=why, by=by, at=at)
            _touch(registration, calendar=False, at=at)
            emails.send_waiting(_read(registration), mode=AttendanceMode(request.mode))
            return True
        moves = registration.seat is not None
        _drop_wanted_less(registration, rank=request.rank, by=by, at=at)
        _decide(request, What.CONFIRMED, to_status=Status.CONFIRMED, by=by, at=at)
        _touch(registration, calendar=True, at=at)
        registration = _read(registration)
        if moves:
            emails.send_changed(registration, now=now)
        else:
            emails.send_confirmation(registration, returned=False, now=now)
        _move_up(event, now=now, at=at)
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
        event = _lock(registration.event)
        registration = _read(registration)
        asked = [request for request in registration.seat_requests.all()
                 if mode is None or request.mode == mode]  # fmt: skip
        live = [request for request in asked if request.is_live]
        if not live:
            if any(request.status == Status.DECLINED for request in asked):
                return False
            raise Refused(Obstacle.GAVE_UP if asked else Obstacle.NOT_ASKED)
        held = any(request.status == Status.CONFIRMED for request in live)
        for request in live:
            _decide(request, What.DECLINED, to_status=Status.DECLINED, reason=reason, by=by, at=at)
        _touch(registration, calendar=held, at=at)
        registration = _read(registration)
        emails.send_declined(
            registration,
            modes=[AttendanceMode(request.mode) for request in live],
            reason=reason,
            out_of_calendar=held and registration.seat is None,
        )
        _move_up(event, now=now, at=at)
        return True


def correct(registration: Registration, *, now: datetime, at: datetime, by: Actor = None) -> None:
    """Write an organiser's corrections of a person's details, but not of her address.

    Whom seats are kept for may find one by it.
    """
    names = [*DETAILS, "interpretation", "language"]
    with transaction.atomic():
        event = _lock(registration.event)
        before = _read(registration)
        fields = [name for name in names if getattr(before, name) != getattr(registration, name)]
        registration.changed_at = at
        registration.save(update_fields=[*names, "changed_at"])
        if fields:
            history.record(registration, What.CORRECTED, fields=fields, by=by, at=at)
        _move_up(event, now=now, at=at)


def correct_address(
    registration: Registration, email: str | None, *, by: Actor, now: datetime, at: datetime
) -> bool:
    """Let a registration use another address, or none; return False where it does already.

    Links that went to the earlier address stop working, hers and those of the
    people she registered, so that whoever reads that mail has no more power
    here. The new address gets her new link and the invitation. The earlier one
    is told only that it is used no longer: it may be a stranger's, or it may be
    hers and the new one the mistake.

    Raises Refused where the address is registered for this event already.
    """
    with transaction.atomic():
        event = _lock(registration.event)
        registration = _read(registration)
        old, new = registration.email or "", email or ""
        if old == new:
            return False
        others = Registration.objects.filter(event=event).exclude(pk=registration.pk)
        if new and others.with_address(new).exists():
            raise Refused(Obstacle.ADDRESS_TAKEN)
        registration.email = new or None
        moved = old.lower() != new.lower()
        if moved:
            registration.link_version += 1
            registration.companions.update(link_version=F("link_version") + 1)
        registration.changed_at = at
        registration.save(update_fields=["email", "link_version", "changed_at"])
        history.record(
            registration, What.ADDRESS_CORRECTED, old_address=old, new_address=new, by=by, at=at
        )
        if moved:
            _tell_addresses(_read(registration), old=old, now=now)
        return True


def _tell_addresses(registration: Registration, *, old: str, now: datetime) -> None:
    """Tell the earlier address and the new one, which also gets the links of her companions."""
    if old:
        emails.send_address_left(registration, to=old)
    if registration.email:
        emails.send_new_address(registration, now=now)
        for companion in registration.companions.with_details().filter(email__isnull=True):
            emails.send_link_anyway(companion)


def erase(registration: Registration, *, now: datetime, at: datetime, by: Actor = None) -> None:
    """Remove a person with all she entrusted us with. Her seat goes to whoever is next.

    The mails to her address go with her, read or not, and those to an earlier
    address that nobody else uses. That somebody was erased is noted, and not who.

    Raises ProtectedError while others get their mails by way of her address.
    """
    with transaction.atomic():
        event = _lock(registration.event)
        moved = registration.history.filter(what=What.ADDRESS_CORRECTED)
        earlier = set(moved.exclude(old_address="").values_list("old_address", flat=True))
        registration.delete()
        if registration.email:
            outbox.forget(registration.email)
        for address in earlier:
            if not Registration.objects.with_address(address).exists():
                outbox.forget(address)
        access.record_erased(by=by, event=event, at=at)
        _move_up(event, now=now, at=at)


def set_quota(quota: Quota, *, now: datetime, at: datetime) -> None:
    """Write a quota; seats that it adds go to whoever waits for them.

    Raises Refused(FULL) where more seats than that are taken. So it does where
    the mode it was for has seats taken, or people waiting, and is no longer meant.
    """
    with transaction.atomic():
        event = _lock(quota.event)
        taken = seats_taken(event)
        before = Quota.objects.filter(pk=quota.pk).first()
        if before and before.mode != quota.mode:
            _require_unwanted(event, before.mode)
        if quota.seats is not None and quota.seats < taken.get(quota.mode, 0):
            raise Refused(Reason.FULL)
        quota.save()
        _move_up(event, now=now, at=at)


def remove_quota(quota: Quota) -> None:
    """Offer a mode no longer. Raises Refused(FULL) where people hold seats of it or wait for one.

    Who waits would wait for ever.
    """
    with transaction.atomic():
        _require_unwanted(_lock(quota.event), quota.mode)
        quota.delete()


def _require_unwanted(event: Event, mode: str) -> None:
    live = SeatRequest.objects.filter(
        registration__event=event, mode=mode, status__in=SeatRequest.LIVE
    )
    if live.exists():
        raise Refused(Reason.FULL)


def keep_seats(kept: KeptSeats, *, now: datetime, at: datetime) -> None:
    """Keep seats for a group until a time. Who waits may find one by it, or by its being less.

    Raises Refused("nothing_to_keep") for a mode without a limit, where nobody
    is ever turned away, and Refused("more_than_seats") where all groups
    together would have more kept for them than there are seats.
    """
    with transaction.atomic():
        event = _lock(kept.event)
        quota = Quota.objects.filter(event=kept.event, mode=kept.mode).first()
        if quota is None or quota.seats is None:
            raise Refused("nothing_to_keep")
        others = KeptSeats.objects.filter(event=kept.event, mode=kept.mode).exclude(pk=kept.pk)
        if kept.seats + sum(others.values_list("seats", flat=True)) > quota.seats:
            raise Refused("more_than_seats")
        kept.save()
        _move_up(event, now=now, at=at)


def keep_no_longer(kept: KeptSeats, *, now: datetime, at: datetime) -> None:
    """Give what was kept for a group to whoever is next."""
    with transaction.atomic():
        event = _lock(kept.event)
        kept.delete()
        _move_up(event, now=now, at=at)


def move_up(event: Event, *, now: datetime, at: datetime) -> None:
    """Give the seats that are free to those who wait for them.

    For what no rule was asked about: a time has come until which seats were
    kept, the organisers take people again, an event is on again; and for those
    who were too many to move up at once.
    """
    with transaction.atomic():
        _move_up(_lock(event), now=now, at=at)


def set_targets(event: Event, *, targets: Mapping[int, int]) -> None:
    """Write how many people of these groups (by key) the organisers wish for.

    Other groups keep what they have. Raises IntegrityError for a number that
    is no wish (below 0, above MOST_WISHED); the form asks for another before.
    """
    with transaction.atomic():
        _lock(event)
        TableTarget.objects.bulk_create(
            [TableTarget(event=event, group_id=group, people=people)
             for group, people in targets.items()],
            update_conflicts=True,
            unique_fields=["event", "group"],
            update_fields=["people"],
        )  # fmt: skip


def copy_settings(source: Event, target: Event) -> None:
    """Give an event the registration settings, quotas, kept seats and wishes of another.

    Each time in them is as far from the target's start as it was from the
    source's, on the clocks on the wall (``cloning.shifted``). Nobody's seat is
    copied, and taking people is not stopped. The target must have none yet.
    """
    with transaction.atomic():
        _lock(target)
        settings = RegistrationSettings.objects.filter(event=source).first()
        settings = settings or RegistrationSettings(event=source)
        copied = _copied(settings, source, target)
        copied.stopped = False
        if copied.opens_at and copied.closes_at and copied.closes_at <= copied.opens_at:
            # Both fell into the hour that clocks skip.
            copied.closes_at = copied.opens_at + timedelta(minutes=1)
        copied.save()
        for model in (Quota, KeptSeats, TableTarget):
            rows = model.objects.filter(event=source).order_by("pk")
            model.objects.bulk_create(_copied(row, source, target) for row in rows)


def _copied(row: Any, source: Event, target: Event) -> Any:
    """Return a row of one event for another, its times moved along."""
    fresh = copy(row)
    fresh.pk, fresh.event = None, target
    fresh._state.adding = True
    for kept in row._meta.concrete_fields:
        moment = getattr(row, kept.attname)
        if isinstance(moment, datetime):
            setattr(fresh, kept.attname, shifted(moment, old=source, new=target))
    return fresh


def _lock(event: Event) -> Event:
    """Return the event read anew, its row locked until the transaction ends."""
    return Event.objects.select_for_update().get(pk=event.pk)


def _read(registration: Registration) -> Registration:
    """Return the registration as it stands now, behind the lock."""
    return Registration.objects.with_details().get(pk=registration.pk)


def _was_sent(submission: str | None) -> bool:
    return bool(submission) and Registration.objects.filter(submission=submission).exists()


def _move_up(event: Event, *, now: datetime, at: datetime) -> Availability:
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
            found = _promised(event, found)
            break
        for request in given[:room]:
            _give(request, found, now=now, at=at)
            told[request.registration_id] = None
    for registration in Registration.objects.with_details().filter(pk__in=told).order_by("pk"):
        emails.send_moved_up(registration, now=now)
    return found


def _promised(event: Event, found: Availability) -> Availability:
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
    _drop_wanted_less(request.registration, rank=request.rank, at=at)
    _decide(request, What.MOVED_UP, to_status=Status.CONFIRMED, why=why, at=at)
    _touch(request.registration, calendar=True, at=at)


def _drop_wanted_less(
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
        _decide(other, What.GAVE_UP, to_status=Status.CANCELLED, why=Why.WANTED_LESS, by=by, at=at)


def _require_open(found: Availability, mode: str) -> None:
    """Raise Refused where nobody can register now, or not for this mode."""
    if not found.is_open:
        raise Refused(found.reason)
    if mode not in found.offered:
        raise Refused(Reason.FULL)


def _is_free(
    found: Availability, mode: AttendanceMode, group: StakeholderGroup, *, now: datetime
) -> bool:
    """Whether a seat of this mode is free for somebody of this group."""
    seats = found.seats.get(mode)
    return seats is not None and seats_free(seats, group=group.code, now=now) != 0


def _require_seat(event: Event, mode: str, *, group: StakeholderGroup, now: datetime) -> None:
    """Refuse a seat there is not, whether or not people can register now."""
    if event.status == Event.Status.CANCELLED:
        raise Refused(Reason.CANCELLED)
    if now >= event.ends_at:
        raise Refused(Reason.OVER)
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


def _decide(
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


def _touch(registration: Registration, *, calendar: bool, at: datetime) -> None:
    """Note that something changed; ``calendar`` raises the SEQUENCE of her entry."""
    registration.calendar_revision += calendar
    registration.changed_at = at
    registration.save(update_fields=["calendar_revision", "changed_at"])


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


def _status_of(registration: Registration, mode: str) -> str:
    """Return how her wish for a mode stands; empty where she has none."""
    found = (row.status for row in registration.seat_requests.all() if row.mode == mode)
    return next(found, "")


def _changed(registration: Registration, details: Details) -> list[str]:
    """Return which answers differ from what stands. Voices are not told: they are only counted."""
    fields = [name for name in DETAILS if getattr(registration, name) != getattr(details, name)]
    if list(registration.interpretation) != list(details.interpretation):
        fields.append("interpretation")
    needs = dict(registration.support_needs.values_list("kind", "note"))
    if needs != dict(details.support):
        fields.append(history.SUPPORT)
    return fields


def _write(registration: Registration, details: Details, *, channel: str, at: datetime) -> bool:
    """Write a person's details, and beside them what is kept apart.

    Returns whether an answer about consent is new.
    """
    for name in DETAILS:
        setattr(registration, name, getattr(details, name))
    registration.interpretation = list(details.interpretation)
    registration.changed_at = at
    # The database itself keeps the constraints; asking it first costs a query for each.
    registration.full_clean(
        exclude=["submission"], validate_unique=False, validate_constraints=False
    )
    registration.save()
    registration.support_needs.all().delete()
    SupportNeed.objects.bulk_create(
        SupportNeed(registration=registration, kind=kind, note=note)
        for kind, note in details.support.items()
    )
    registration.voice_answers.all().delete()
    VoiceAnswer.objects.bulk_create(
        VoiceAnswer(registration=registration, voice=voice) for voice in details.voices
    )
    return _record_consents(registration, details.consents, channel=channel, at=at)


def _record_consents(
    registration: Registration, answers: Mapping[str, bool], *, channel: str, at: datetime
) -> bool:
    """Add a row for each answer that is new or differs from the last one; return if any is."""
    last = dict(registration.consents.order_by("at", "pk").values_list("purpose", "given"))
    rows = [
        Consent(
            registration=registration,
            purpose=purpose,
            given=given,
            notice_version=NOTICE_VERSION,
            language=registration.language,
            channel=channel,
            at=at,
        )
        for purpose, given in answers.items()
        if last.get(purpose) is not given
    ]
    return bool(Consent.objects.bulk_create(rows))


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
    request = _ask(registration, details.mode, found, what=what, now=now, at=at)
    if request.status != Status.WAITING or not details.meanwhile:
        return
    for mode in found.offered:
        if mode != details.mode and _is_free(found, mode, registration.group, now=now):
            _ask(registration, mode, found, what=What.ASKED, last=True, now=now, at=at)
            return


def _ask(
    registration: Registration,
    mode: AttendanceMode,
    found: Availability,
    *,
    what: str,
    now: datetime,
    at: datetime,
    last: bool = False,
) -> SeatRequest:
    """Note that a person wants a seat of this mode; return it, given or waited for.

    Unless it is wanted ``last`` she wants it more than all she asked for
    before. ``found`` is how it stands, behind the lock. Where she has to wait,
    what she holds is hers still.
    """
    if found.approval:
        status, why = Status.PENDING, Why.APPROVAL
    elif _is_free(found, mode, registration.group, now=now):
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
        _drop_wanted_less(registration, rank=rank, at=at)
    request = SeatRequest.objects.create(
        registration=registration, mode=mode, rank=rank, status=status, created_at=at, changed_at=at
    )
    history.record(registration, what, mode=mode, to_status=status, why=why, at=at)
    return request


def _give_up(registration: Registration, *, at: datetime, by: Actor = None) -> None:
    for request in registration.seat_requests.all():
        if request.is_live:
            _decide(request, What.GAVE_UP, to_status=Status.CANCELLED, by=by, at=at)
