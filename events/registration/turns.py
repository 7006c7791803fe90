"""What the outbox worker does by the clock twice a minute (see OUTBOX_DUTIES in the settings).

Every rule that frees a seat gives it at once. What nobody did remains: a time
has come until which seats were kept, or held for somebody invited; more people
than move up at once, or than are put in line when organisers look at each
person no longer; and somebody did not confirm her address.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial

from django.db import InterfaceError, OperationalError
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from psycopg_pool import PoolTimeout

from events import clock
from events.models import Event
from events.registration.models import (
    AddressCheck,
    Invitation,
    SeatRequest,
    SeatRequestQuerySet,
)

log = logging.getLogger(__name__)


def move_up() -> None:
    """Give free seats at every event that people wait for. One query where nobody waits."""
    now = clock.now()
    undecided = SeatRequest.objects.filter(
        event=OuterRef("pk"), status=SeatRequest.Status.PENDING
    ).exclude(event__registration_settings__approval=True)
    events = list(Event.objects.upcoming(now).filter(Exists(_waiting()) | Exists(undecided)))
    if events:
        # Late: mails, calendars and templates, which a worker without such a list needs not.
        from events.registration import rules

        for_each(events, partial(rules.move_up, now=now, at=timezone.now()))


def forget_unanswered() -> None:
    """Remove invitations nobody came by, a while after their event. One query if there is none."""
    now = clock.now()
    if Invitation.objects.filter(registration=None, event__ends_at__lt=now).exists():
        from events.registration import rules

        rules.forget_unanswered(now=now)


def check_addresses() -> None:
    """Ask for addresses to be confirmed at every event that wishes it, and release seats.

    One query where there is nobody to ask. On a clock that stands still no
    hours pass: nobody is asked, and nobody loses a seat by it.
    """
    if clock.is_fixed():
        return
    now = clock.now()
    unconfirmed = SeatRequest.objects.filter(
        event=OuterRef("pk"),
        status=SeatRequest.Status.CONFIRMED,
        registration__email__isnull=False,
        registration__address_confirmed_at__isnull=True,
    )
    before = Q(registration_settings__address_check=AddressCheck.BEFORE)
    when_waiting = Q(registration_settings__address_check=AddressCheck.WHEN_WAITING)
    upcoming = Event.objects.upcoming(now).filter(starts_at__gt=now)
    events = list(
        upcoming.filter(before | (when_waiting & Exists(_waiting())), Exists(unconfirmed))
    )
    if events:
        from events.registration import rules

        for_each(events, partial(rules.check_addresses, now=now, at=timezone.now()))


def for_each(events: Iterable[Event], act: Callable[[Event], object]) -> None:
    """Do it for each event. One that fails is told in the log, and the others go on.

    But for a database that can't be reached: that is so for all of them, and
    the worker waits.
    """
    for event in events:
        try:
            act(event)
        except (OperationalError, InterfaceError, PoolTimeout):
            raise
        except Exception:
            log.exception("The round of event %d failed", event.pk)


def _waiting() -> SeatRequestQuerySet:
    """Return those who wait, beside an event."""
    waiting: SeatRequestQuerySet = SeatRequest.objects.filter(
        event=OuterRef("pk"), status=SeatRequest.Status.WAITING
    )
    return waiting
