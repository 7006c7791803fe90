"""How an invitation is answered with yes: by registering, in the transaction that does it."""

from dataclasses import dataclass, replace
from datetime import datetime

from events.models import Event
from events.registration.models import AttendanceMode, Invitation, Registration
from events.registration.rules import giving
from events.registration.rules.giving import Refused
from events.registration.seats import Availability, may_take_held, without_held
from speakers.models import StakeholderGroup


@dataclass(frozen=True)
class Invited:
    """What a person who registers was invited by: the ``link`` she came by, and all to her."""

    link: Invitation | None
    rows: tuple[Invitation, ...]

    def by_mail_to(self, address: str) -> bool:
        """Whether she came by the link of an invitation that went to this address."""
        return self.link is not None and self.link.email.lower() == address.lower()


@dataclass(frozen=True)
class Taking:
    """How it stands for an invited person, whether her seat is ``held``, and what she leaves."""

    found: Availability
    held: bool
    frees: bool
    """Whether a seat that was held for her is free for others now."""


def look(event: Event, *, email: str | None, link: Invitation | None, now: datetime) -> Invited:
    """Return the invitations that registering answers, read behind the lock.

    Those to her address, and that of the link she came by. Raises Refused where
    that can't be used: ("invitation_used") once it was, else ("invitation_over").
    """
    invitations = Invitation.objects.filter(event=event).select_related("group")
    mine = invitations.unanswered().to_address(email) if email else []
    rows = {row.pk: row for row in mine}
    if link is not None:
        # It may have been taken back, or erased, since the page was opened.
        link = invitations.filter(pk=link.pk).first()
        if link is None or not link.can_be_used(now):
            used = link is not None and link.registration_id
            raise Refused("invitation_used" if used else "invitation_over")
        rows[link.pk] = link
    return Invited(link, tuple(rows.values()))


def require_open(found: Availability, mode: str, invited: Invited) -> None:
    """Raise Refused where she can't register now, or not for this mode."""
    link = invited.link
    if link is None or not found.is_open_to_invited(opens=link.opens_registration):
        giving.require_open(found, mode)
    elif mode not in found.offered:
        raise Refused("full")


def take(
    invited: Invited,
    found: Availability,
    *,
    mode: AttendanceMode,
    group: StakeholderGroup,
    now: datetime,
) -> Taking:
    """Return what is hers once her invitations are accepted.

    Raises Refused where the seat is also kept for the group she was invited as,
    and she says another.
    """
    seats = dict(found.seats)
    held = frees = False
    for row in invited.rows:
        of_mode = AttendanceMode(row.mode) if row.mode else None
        if of_mode not in seats or not row.holds_at(now):
            continue
        code = row.group.code if row.group else None
        if of_mode == mode and not held:
            if not may_take_held(seats[mode], held_for=code, group=group.code, now=now):
                raise Refused("kept_for_her_group")
            held = True
        else:
            frees = True
        seats[of_mode] = without_held(seats[of_mode], group=code, now=now)
    return Taking(replace(found, seats=seats), held, frees)


def settle(invited: Invited, registration: Registration, *, address: str | None = None) -> bool:
    """Note that these invitations are accepted, if any; only those to ``address`` if given."""
    keys = [
        row.pk for row in invited.rows if address is None or row.email.lower() == address.lower()
    ]
    return bool(keys) and bool(
        Invitation.objects.filter(pk__in=keys).update(registration=registration)
    )
