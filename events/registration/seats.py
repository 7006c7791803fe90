"""Who may have a seat, and whether people can register now. Pure: facts in, answer out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from events.models import Event
from events.registration.models import AttendanceMode, RegistrationState


class Reason(StrEnum):
    """Why registration stands as it does; pages choose their words by it."""

    OPEN = "open"
    NOT_YET = "not_yet"
    OVER = "over"
    TIME_UP = "time_up"
    STOPPED = "stopped"
    FULL = "full"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    NOT_OFFERED = "not_offered"
    NO_MAIL = "no_mail"


@dataclass(frozen=True)
class Availability:
    """Whether people can register now, why, and for which modes a seat is free.

    ``closes_at`` is the last instant, from the settings or the event's start,
    and never after its end.
    """

    state: RegistrationState
    reason: Reason
    offered: tuple[AttendanceMode, ...]
    free: tuple[AttendanceMode, ...]
    opens_at: datetime | None
    closes_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether a seat can be had now."""
        return self.state == RegistrationState.OPEN


@dataclass(frozen=True)
class Facts:
    """What is known of an event's registration, read in one query (see ``queries``)."""

    status: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime | None
    closes_at: datetime | None
    stopped: bool
    offered: Collection[AttendanceMode]
    free: Collection[AttendanceMode]
    mail_leaves: bool


def availability(facts: Facts, *, now: datetime) -> Availability:
    """Return whether people can register at ``now``.

    The window is half open: registration opens at ``opens_at`` and is closed
    from ``closes_at`` on (from the event's start where none is set, and in any
    case from its end: "closes: that day, midnight" sells no seat at what is over).
    """
    closes_at = min(facts.closes_at or facts.starts_at, facts.ends_at)
    reason = _reason(facts, closes_at=closes_at, now=now)
    state = {
        Reason.OPEN: RegistrationState.OPEN,
        Reason.NOT_YET: RegistrationState.NOT_YET,
    }.get(reason, RegistrationState.CLOSED)
    in_order = [mode for mode in AttendanceMode if mode in facts.offered]
    return Availability(
        state=state,
        reason=reason,
        offered=tuple(in_order),
        free=tuple(mode for mode in in_order if mode in facts.free),
        opens_at=facts.opens_at,
        closes_at=closes_at,
    )


def _reason(  # noqa: PLR0911 - one answer a line, in the order they outweigh each other
    facts: Facts, *, closes_at: datetime, now: datetime
) -> Reason:
    if facts.status == Event.Status.CANCELLED:
        return Reason.CANCELLED
    if now >= facts.starts_at and now >= closes_at:
        return Reason.OVER
    if facts.status == Event.Status.POSTPONED:
        return Reason.POSTPONED
    if now >= closes_at:
        return Reason.TIME_UP
    if not facts.offered:
        return Reason.NOT_OFFERED
    if facts.stopped:
        return Reason.STOPPED
    if not facts.mail_leaves:
        return Reason.NO_MAIL
    if facts.opens_at and now < facts.opens_at:
        return Reason.NOT_YET
    return Reason.OPEN if facts.free else Reason.FULL
