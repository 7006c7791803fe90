"""What may happen to a registration. The only writer of this room's tables.

Every function takes one transaction: it locks the event's row (on SQLite the
IMMEDIATE transaction is the lock), reads the rows, asks ``seats``, writes, and
leaves the mails that tell of it in the outbox. ``now`` is domain time, which
decides what is open; ``at`` is real time, which says when it happened.
"""

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import F

from events.cloning import shifted
from events.models import Event
from events.registration import emails
from events.registration.models import (
    AttendanceMode,
    Consent,
    KeptSeats,
    Quota,
    Registration,
    RegistrationSettings,
    SeatRequest,
    SupportNeed,
    VoiceAnswer,
)
from events.registration.outbox import rules as outbox
from events.registration.queries import availability_of, seats_taken
from events.registration.seats import Reason, seats_free, without_one
from events.rules import Phase, phase
from speakers.models import StakeholderGroup, Voice

# The wording of privacy notice and consents now in force.
NOTICE_VERSION = "1"
MOST_COMPANIONS = 10


class Refused(Exception):
    """What was asked can't be done; ``reason`` says why."""

    def __init__(self, reason: Reason | str) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Outcome(StrEnum):
    """What became of a form. The page after it is the same for all of them."""

    REGISTERED = "registered"
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
    mail that says so, and nothing about it is changed; one that gave up its
    seat is registered again with what was typed now. Raises Refused where no
    seat of that mode can be had, whoever asks.
    """
    with transaction.atomic():
        event = _lock(event)
        if _was_sent(submission):
            return Outcome.SENT_TWICE
        _require_free(event, details.mode, group=details.group, now=now)
        known = Registration.objects.with_details().filter(event=event).with_address(email).first()
        if known and not known.is_cancelled:
            emails.send_already_registered(known, at=at)
            return Outcome.ALREADY_REGISTERED
        if known:
            known.submission = submission
            known.calendar_revision += 1
        registration = known or Registration(
            event=event, email=email, submission=submission, language=language, created_at=at
        )
        _write(registration, details, channel=Consent.Channel.WEB, at=at)
        _take_seat(registration, details.mode, at=at)
        registration = _read(registration)
        emails.send_confirmation(registration, returned=known is not None, now=now)
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

    Raises Refused where no seat can be had, where ``contact`` gave up her own
    or has no address of her own, or where MOST_COMPANIONS were registered so
    already.
    """
    with transaction.atomic():
        event = _lock(contact.event)
        if _was_sent(submission):
            return Outcome.SENT_TWICE
        _require_free(event, details.mode, group=details.group, now=now)
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
        _take_seat(registration, details.mode, at=at)
        emails.send_confirmation(_read(registration), returned=False, now=now)
        return Outcome.REGISTERED


def change(
    registration: Registration,
    details: Details,
    *,
    now: datetime,
    at: datetime,
    channel: str = Consent.Channel.WEB,
) -> None:
    """Write what a person changed about herself, her way to take part included.

    Another mode needs a free seat there; what she holds is given up only once
    she has it. Raises Refused otherwise, and nothing is changed. A mail tells
    of a changed mode.
    """
    with transaction.atomic():
        event = _lock(registration.event)
        registration = _read(registration)
        seat = registration.seat
        moves = seat is not None and seat.mode != details.mode
        if moves:
            _require_free(event, details.mode, group=details.group, now=now)
        elif seat is not None and details.group != registration.group:
            _require_seat_for_group(event, seat, details.group, now=now)
        _write(registration, details, channel=channel, at=at)
        if moves:
            _give_up(registration, at=at)
            _take_seat(registration, details.mode, at=at)
            emails.send_changed(_read(registration), now=now)


def cancel(registration: Registration, *, at: datetime) -> None:
    """Give up the person's seat. Her row is kept; cancelling twice is cancelling once.

    The form it came by may come again and then counts anew.
    """
    with transaction.atomic():
        _lock(registration.event)
        registration = _read(registration)
        if registration.is_cancelled:
            return
        _give_up(registration, at=at)
        registration.submission = None
        registration.calendar_revision += 1
        registration.changed_at = at
        registration.save(update_fields=["submission", "calendar_revision", "changed_at"])
        emails.send_cancelled(_read(registration))


def give_up(registration: Registration, *, now: datetime, at: datetime) -> None:
    """Give up one's own seat. Raises Refused once the event is over.

    Then no seat can go to anybody else, and who was meant to be there stays on
    record; only organisers still mend that (``cancel``).
    """
    with transaction.atomic():
        if phase(_lock(registration.event), now=now) == Phase.AFTER:
            raise Refused("nothing_to_give_up")
        cancel(registration, at=at)


def come_back(
    registration: Registration, *, mode: AttendanceMode, now: datetime, at: datetime
) -> None:
    """Give a seat again to somebody who gave hers up. Raises Refused where none is free."""
    with transaction.atomic():
        event = _lock(registration.event)
        registration = _read(registration)
        if not registration.is_cancelled:
            return
        _require_free(event, mode, group=registration.group, now=now)
        registration.calendar_revision += 1
        registration.changed_at = at
        registration.save(update_fields=["calendar_revision", "changed_at"])
        _take_seat(registration, mode, at=at)
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
            return 1
        anybody = known or registrations.filter(email__isnull=False).first()
        if anybody:
            emails.rehearse_link(anybody, at=at)
        return 0


def send_links_to(registrations: Iterable[Registration], *, at: datetime) -> int:
    """Mail each person her link; return how many mails were written."""
    with transaction.atomic():
        return sum(emails.send_link(registration, at=at) for registration in registrations)


def correct(registration: Registration, *, at: datetime) -> None:
    """Write an organiser's corrections of a person's details.

    Links that went to an earlier address stop working, hers and those of the
    people she registered, so that whoever reads that mail has no more power
    here. A new address gets her new link.
    """
    with transaction.atomic():
        _lock(registration.event)
        before = Registration.objects.values_list("email", flat=True).get(pk=registration.pk)
        moved = (before or "").lower() != (registration.email or "").lower()
        if moved:
            registration.link_version += 1
            registration.companions.update(link_version=F("link_version") + 1)
        registration.email = registration.email or None
        registration.changed_at = at
        registration.save(
            update_fields=[
                "name", "email", "phone", "organisation", "job_title", "country", "county",
                "group", "interpretation", "question", "language", "link_version", "changed_at",
            ]
        )  # fmt: skip
        if moved and registration.email:
            emails.send_link(_read(registration), at=at)


def erase(registration: Registration) -> None:
    """Remove a person with all she entrusted us with. Her seat is free at once.

    The mails to her own address go with her, read or not.

    Raises ProtectedError while others get their mails by way of her address.
    """
    with transaction.atomic():
        _lock(registration.event)
        registration.delete()
        if registration.email:
            outbox.forget(registration.email)


def set_quota(quota: Quota) -> None:
    """Write a quota. Raises Refused(FULL) where more seats than that are taken.

    So it does where the mode it was for has seats taken and is no longer meant.
    """
    with transaction.atomic():
        taken = seats_taken(_lock(quota.event))
        before = Quota.objects.filter(pk=quota.pk).first()
        if before and before.mode != quota.mode and taken.get(before.mode):
            raise Refused(Reason.FULL)
        if quota.seats is not None and quota.seats < taken.get(quota.mode, 0):
            raise Refused(Reason.FULL)
        quota.save()


def remove_quota(quota: Quota) -> None:
    """Offer a mode no longer. Raises Refused(FULL) where people hold seats of it."""
    with transaction.atomic():
        if seats_taken(_lock(quota.event)).get(quota.mode):
            raise Refused(Reason.FULL)
        quota.delete()


def keep_seats(kept: KeptSeats) -> None:
    """Keep seats for a group until a time.

    Raises Refused("nothing_to_keep") for a mode without a limit, where nobody
    is ever turned away, and Refused("more_than_seats") where all groups
    together would have more kept for them than there are seats.
    """
    with transaction.atomic():
        _lock(kept.event)
        quota = Quota.objects.filter(event=kept.event, mode=kept.mode).first()
        if quota is None or quota.seats is None:
            raise Refused("nothing_to_keep")
        others = KeptSeats.objects.filter(event=kept.event, mode=kept.mode).exclude(pk=kept.pk)
        if kept.seats + sum(others.values_list("seats", flat=True)) > quota.seats:
            raise Refused("more_than_seats")
        kept.save()


def keep_no_longer(kept: KeptSeats) -> None:
    """Give what was kept for a group to everybody."""
    with transaction.atomic():
        _lock(kept.event)
        kept.delete()


def copy_settings(source: Event, target: Event) -> None:
    """Give an event the registration settings, quotas and kept seats of another.

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
        for model in (Quota, KeptSeats):
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


def _require_free(event: Event, mode: str, *, group: StakeholderGroup, now: datetime) -> None:
    """Read the seats behind the lock, so that nobody takes one in between."""
    found = availability_of(event, now=now)
    if not found.is_open:
        raise Refused(found.reason)
    seats = found.seats.get(AttendanceMode(mode))
    if seats is None or seats_free(seats, group=group.code, now=now) == 0:
        raise Refused(Reason.KEPT if mode in found.kept else Reason.FULL)


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


def _write(registration: Registration, details: Details, *, channel: str, at: datetime) -> None:
    """Write a person's details, and beside them what is kept apart."""
    for name in (
        "name", "phone", "organisation", "job_title", "country", "county", "group", "question",
    ):  # fmt: skip
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
    _record_consents(registration, details.consents, channel=channel, at=at)


def _record_consents(
    registration: Registration, answers: Mapping[str, bool], *, channel: str, at: datetime
) -> None:
    """Add a row for each answer that is new or differs from the last one."""
    last = dict(registration.consents.order_by("at", "pk").values_list("purpose", "given"))
    Consent.objects.bulk_create(
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
    )


def _take_seat(registration: Registration, mode: str, *, at: datetime) -> None:
    SeatRequest.objects.update_or_create(
        registration=registration,
        mode=mode,
        defaults={"status": SeatRequest.Status.CONFIRMED, "rank": 1, "changed_at": at},
        create_defaults={
            "status": SeatRequest.Status.CONFIRMED, "rank": 1, "created_at": at, "changed_at": at,
        },
    )  # fmt: skip


def _give_up(registration: Registration, *, at: datetime) -> None:
    registration.seat_requests.filter(status__in=SeatRequest.LIVE).update(
        status=SeatRequest.Status.CANCELLED, changed_at=at
    )
