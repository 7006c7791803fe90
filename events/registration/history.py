"""What happened to a registration. Written by the rules, in their own transaction."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from events.registration.models import HistoryEntry, Registration, SeatRequest

What = HistoryEntry.What
# That an answer of these was given is itself what only some may know.
SUPPORT = "support"

Actor = AbstractBaseUser | AnonymousUser | None
"""Who did it: a colleague, or None for the person herself."""


def record(
    registration: Registration,
    what: str,
    *,
    at: datetime,
    by: Actor = None,
    mode: str = "",
    from_status: str = "",
    to_status: str = "",
    why: str = "",
    reason: str = "",
    fields: Collection[str] = (),
    old_address: str = "",
    new_address: str = "",
) -> HistoryEntry:
    """Write one entry; ``at`` is real time."""
    entry = HistoryEntry(
        registration=registration,
        what=what,
        mode=mode,
        from_status=from_status,
        to_status=to_status,
        why=why,
        reason=reason,
        fields=list(fields),
        old_address=old_address,
        new_address=new_address,
        by_id=by.pk if by else None,
        by_name=name_of(by),
        at=at,
    )
    entry.save(force_insert=True)
    return entry


def record_links(registrations: Iterable[Registration], *, at: datetime, by: Actor = None) -> None:
    """Write for each of several people that her link was sent again."""
    HistoryEntry.objects.bulk_create(
        [
            HistoryEntry(
                registration=registration,
                what=What.LINK_SENT,
                by_id=by.pk if by else None,
                by_name=name_of(by),
                at=at,
            )
            for registration in registrations
        ]
    )


def record_decision(
    request: SeatRequest,
    what: str,
    *,
    to_status: str,
    at: datetime,
    by: Actor = None,
    why: str = "",
    reason: str = "",
) -> None:
    """Write what became of a wish for a seat; ``request`` still has the status it had."""
    record(
        request.registration,
        what,
        mode=request.mode,
        from_status=request.status,
        to_status=to_status,
        why=why,
        reason=reason,
        by=by,
        at=at,
    )


def name_of(by: Actor) -> str:
    """Return the name a colleague goes by; empty for the person herself."""
    if by is None or not by.is_authenticated:
        return ""
    full_name = getattr(by, "get_full_name", str)()
    return str(full_name or getattr(by, "email", "") or by.get_username())[:200]
