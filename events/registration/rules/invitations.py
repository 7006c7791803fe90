"""What organisers say to whom they invite, and what she says but yes: that is registering."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Lower

from events.models import Event
from events.registration import emails, history
from events.registration.history import Actor
from events.registration.models import AttendanceMode, Invitation, Registration
from events.registration.outbox import rules as outbox
from events.registration.queries import availability_of
from events.registration.rules import giving
from events.registration.rules.giving import Refused
from events.registration.seats import Reason, seats_free, with_held
from events.rules import Phase, phase
from speakers.models import StakeholderGroup

# So many mails are written in one transaction, as when people move up.
MOST_AT_ONCE = 100
# Nobody is reminded of what she had in the mail yesterday.
REMIND_AFTER = timedelta(days=1)
# How long after the event those are kept that nobody came by.
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Guest:
    """Somebody to be invited. Group and mode are what her form is filled in with."""

    name: str
    email: str
    group: StakeholderGroup | None = None
    mode: AttendanceMode | None = None


@dataclass(frozen=True)
class Terms:
    """What holds for all who are invited at once. ``expires_at`` is domain time."""

    expires_at: datetime
    holds_seat: bool = False
    opens_registration: bool = False
    language: str = "en"


class Verdict(StrEnum):
    """Whether somebody can be invited, or why not."""

    INVITE = "invite"
    REGISTERED = "registered"
    DECLINED = "declined"
    INVITED = "invited"
    TWICE = "twice"
    NO_MODE = "no_mode"
    NOT_OFFERED = "not_offered"
    NO_SEAT = "no_seat"


def look(event: Event, guests: Sequence[Guest], terms: Terms, *, now: datetime) -> list[Verdict]:
    """Return for each of these people whether she can be invited now. Nothing is written.

    A seat that one of them would have held is not there for the next.
    """
    registered, declined, invited = _known(event, guests, now=now)
    seats = dict(availability_of(event, now=now).seats)
    verdicts: list[Verdict] = []
    seen: set[str] = set()
    for guest in guests:
        address = guest.email.lower()
        if address in seen:
            verdict = Verdict.TWICE
        elif address in registered:
            verdict = Verdict.REGISTERED
        elif address in declined:
            verdict = Verdict.DECLINED
        elif address in invited:
            verdict = Verdict.INVITED
        elif guest.mode is not None and guest.mode not in seats:
            verdict = Verdict.NOT_OFFERED
        elif not terms.holds_seat:
            verdict = Verdict.INVITE
        elif guest.mode is None:
            verdict = Verdict.NO_MODE
        else:
            group = guest.group.code if guest.group else None
            free = seats_free(seats[guest.mode], group=group, now=now)
            verdict = Verdict.NO_SEAT if free == 0 else Verdict.INVITE
            if verdict == Verdict.INVITE:
                seats[guest.mode] = with_held(
                    seats[guest.mode], group=group, until=terms.expires_at
                )
        seen.add(address)
        verdicts.append(verdict)
    return verdicts


def _known(
    event: Event, guests: Iterable[Guest], *, now: datetime
) -> tuple[set[str], set[str], set[str]]:
    """Return which of the addresses are registered, were declined, are invited. Small letters."""
    addresses = {guest.email.lower() for guest in guests}
    people = Registration.objects.filter(event=event).annotate(lower_email=Lower("email"))
    people = people.filter(lower_email__in=addresses).prefetch_related("seat_requests")
    registered, declined = set(), set()
    for person in people:
        if not person.is_cancelled:
            registered.add((person.email or "").lower())
        elif person.is_declined:
            declined.add((person.email or "").lower())
    invitations = Invitation.objects.filter(event=event).to_be_answered(now)
    rows = invitations.annotate(lower_email=Lower("email")).filter(lower_email__in=addresses)
    invited = {row.email.lower() for row in rows}
    return registered, declined, invited


def require_inviting(event: Event, terms: Terms, *, now: datetime) -> None:
    """Raise Refused where nobody can be invited to this event, or not until then."""
    if event.status == Event.Status.CANCELLED:
        raise Refused(Reason.CANCELLED)
    if phase(event, now=now) == Phase.AFTER:
        raise Refused(Reason.OVER)
    if not event.published:
        raise Refused("not_on_the_site")
    if not (settings.LOCAL_INSTALL or settings.MAIL_SERVER):
        raise Refused(Reason.NO_MAIL)
    if not now < terms.expires_at <= event.ends_at:
        raise Refused("expires_at")


def invite(
    event: Event, guest: Guest, terms: Terms, *, by: Actor, now: datetime, at: datetime
) -> Invitation:
    """Invite one person; a mail brings her the link.

    Raises Refused with a Verdict where she can't be invited, and where nobody can.
    """
    with transaction.atomic():
        event = giving.lock(event)
        require_inviting(event, terms, now=now)
        (verdict,) = look(event, [guest], terms, now=now)
        if verdict != Verdict.INVITE:
            raise Refused(verdict)
        return _write(event, guest, terms, by=by, now=now, at=at)


def invite_many(
    event: Event, guests: Sequence[Guest], terms: Terms, *, by: Actor, now: datetime, at: datetime
) -> list[Verdict]:
    """Invite all of these who can be, MOST_AT_ONCE to a transaction; return what became of each.

    It looks again behind the lock, so what was shown before may be otherwise
    now. Raises Refused where nobody can be invited.
    """
    verdicts: list[Verdict] = []
    for start in range(0, len(guests), MOST_AT_ONCE):
        batch = guests[start : start + MOST_AT_ONCE]
        with transaction.atomic():
            event = giving.lock(event)
            require_inviting(event, terms, now=now)
            found = look(event, batch, terms, now=now)
            for guest, verdict in zip(batch, found, strict=True):
                if verdict == Verdict.INVITE:
                    _write(event, guest, terms, by=by, now=now, at=at)
        verdicts += found
    return verdicts


def _write(
    event: Event, guest: Guest, terms: Terms, *, by: Actor, now: datetime, at: datetime
) -> Invitation:
    """Write an invitation and its mail. An earlier one whose time was up gives way to it."""
    earlier = Invitation.objects.filter(event=event).unanswered().to_address(guest.email)
    earlier.filter(expires_at__lte=now).update(withdrawn_at=at)
    invitation = Invitation(
        event=event,
        name=guest.name,
        email=guest.email,
        group=guest.group,
        mode=guest.mode or "",
        holds_seat=terms.holds_seat,
        opens_registration=terms.opens_registration,
        expires_at=terms.expires_at,
        language=terms.language,
        sent_at=at,
        by_id=by.pk if by else None,
        by_name=history.name_of(by),
    )
    invitation.save(force_insert=True)
    emails.send_invitation(invitation)
    return invitation


def note_opened(invitation: Invitation, *, at: datetime) -> None:
    """Note when her page was first seen. It changes nothing else."""
    if invitation.opened_at is None:
        first = Invitation.objects.filter(pk=invitation.pk, opened_at__isnull=True)
        first.update(opened_at=at)


def say_no(invitation: Invitation, *, now: datetime, at: datetime) -> bool:
    """Note that she can't come; return False where she had said so. A seat held goes to the next.

    Raises Refused where the invitation was used, was taken back or is over.
    """
    with transaction.atomic():
        event = giving.lock(invitation.event)
        row = Invitation.objects.filter(pk=invitation.pk).first()
        if row is None or not row.can_be_used(now):
            used = row is not None and row.registration_id
            raise Refused("invitation_used" if used else "invitation_over")
        if row.declined_at:
            return False
        Invitation.objects.filter(pk=row.pk).update(declined_at=at)
        giving.move_up(event, now=now, at=at)
        return True


def withdraw(invitation: Invitation, *, now: datetime, at: datetime) -> bool:
    """Take an invitation back; return False where it was. A seat held goes to the next.

    No mail tells of it: the address may be wrong. Raises
    Refused("invitation_used") once she came by it.
    """
    with transaction.atomic():
        event = giving.lock(invitation.event)
        row = Invitation.objects.get(pk=invitation.pk)
        if row.registration_id:
            raise Refused("invitation_used")
        if row.withdrawn_at:
            return False
        Invitation.objects.filter(pk=row.pk).update(withdrawn_at=at)
        giving.move_up(event, now=now, at=at)
        return True


def to_remind(event: Event, *, now: datetime, at: datetime) -> list[Invitation]:
    """Return who is to be reminded: has not answered, can still, and was not reminded before."""
    rows = Invitation.objects.filter(event=event, reminded_at__isnull=True)
    return list(
        rows.to_be_answered(now)
        .filter(sent_at__lte=at - REMIND_AFTER)
        .select_related("event__series", "event__venue", "group")
        .order_by("pk")
    )


def remind(event: Event, *, now: datetime, at: datetime) -> int:
    """Remind once each of those who have not answered; return how many mails were written.

    MOST_AT_ONCE to a transaction. Raises Refused where the event is cancelled or over.
    """
    written = 0
    while True:
        with transaction.atomic():
            locked = giving.lock(event)
            if locked.status == Event.Status.CANCELLED:
                raise Refused(Reason.CANCELLED)
            if phase(locked, now=now) == Phase.AFTER:
                raise Refused(Reason.OVER)
            rows = to_remind(locked, now=now, at=at)[:MOST_AT_ONCE]
            for invitation in rows:
                emails.send_invitation(invitation, reminder=True)
            Invitation.objects.filter(pk__in=[row.pk for row in rows]).update(reminded_at=at)
        written += len(rows)
        if len(rows) < MOST_AT_ONCE:
            return written


def forget_unanswered(*, now: datetime) -> int:
    """Remove invitations nobody came by, once their event is over for KEPT_FOR; return how many.

    MOST_AT_ONCE at a time. The mails go with them, but for an address that
    somebody registered, or is invited by, elsewhere.
    """
    old = Invitation.objects.filter(
        registration__isnull=True, event__ends_at__lt=now - KEPT_FOR
    ).order_by("pk")
    if not old.exists():
        return 0
    with transaction.atomic():
        rows = list(old.select_for_update(of=("self",))[:MOST_AT_ONCE])
        Invitation.objects.filter(pk__in=[row.pk for row in rows]).delete()
        addresses = {row.email for row in rows}
        others = Invitation.objects.annotate(lower_email=Lower("email"))
        people = Registration.objects.annotate(lower_email=Lower("email"))
        for address in addresses:
            known = {"lower_email": address.lower()}
            if not (others.filter(**known).exists() or people.filter(**known).exists()):
                outbox.forget(address)
    return len(rows)
