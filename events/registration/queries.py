"""What is read about registration, in as few queries as it takes."""

from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from events.models import Event, EventQuerySet
from events.registration.models import AttendanceMode, Quota, SeatRequest
from events.registration.seats import Availability, Facts, availability


def with_registration(events: EventQuerySet) -> EventQuerySet:
    """Annotate events with all that ``availability_of`` needs, at no further query."""
    return events.annotate(**_registration_facts())


@cache
def _registration_facts() -> dict[str, Any]:
    """Return the annotations; building them takes longer than asking for them.

    A seat is counted only where a quota is set: with no limit there is
    nothing to count.
    """
    annotations: dict[str, Any] = {
        "registration_opens_at": F("registration_settings__opens_at"),
        "registration_closes_at": F("registration_settings__closes_at"),
        "registration_stopped": F("registration_settings__stopped"),
    }
    for mode in AttendanceMode:
        quota = Quota.objects.filter(event=OuterRef("pk"), mode=mode)
        taken = (
            SeatRequest.objects.filter(
                registration__event=OuterRef("event"),
                mode=mode,
                status=SeatRequest.Status.CONFIRMED,
            )
            .order_by()
            .values("mode")
            .annotate(number=Count("pk"))
            .values("number")
        )
        free = Case(
            When(seats__isnull=True, then=Value(True)),
            When(seats__gt=Coalesce(Subquery(taken), 0), then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
        annotations[f"{mode}_offered"] = Exists(quota)
        annotations[f"{mode}_free"] = Exists(quota.annotate(free=free).filter(Q(free=True)))
    return annotations


def availability_of(event: Event, *, now: datetime) -> Availability:
    """Return whether people can register for ``event`` at ``now``.

    An event that did not come from ``with_registration`` costs one query.
    """
    if not hasattr(event, "registration_opens_at"):
        event = with_registration(Event.objects.all()).get(pk=event.pk)
    facts = vars(event)
    return availability(
        Facts(
            status=event.status,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            opens_at=facts["registration_opens_at"],
            closes_at=facts["registration_closes_at"],
            stopped=bool(facts["registration_stopped"]),
            offered=[mode for mode in AttendanceMode if facts[f"{mode}_offered"]],
            free=[mode for mode in AttendanceMode if facts[f"{mode}_free"]],
            mail_leaves=settings.LOCAL_INSTALL or settings.MAIL_SERVER is not None,
        ),
        now=now,
    )


def seats_taken(event: Event) -> dict[str, int]:
    """Return the confirmed seats of each mode that has any."""
    rows = (
        SeatRequest.objects.filter(registration__event=event, status=SeatRequest.Status.CONFIRMED)
        .order_by()
        .values_list("mode")
        .annotate(number=Count("pk"))
    )
    return dict(rows)


def seat_requests_by_status(event: Event) -> dict[tuple[str, str], int]:
    """Return how many seat requests each mode has in each status, by (mode, status)."""
    rows = (
        SeatRequest.objects.filter(registration__event=event)
        .order_by()
        .values_list("mode", "status")
        .annotate(number=Count("pk"))
    )
    return {(mode, status): number for mode, status, number in rows}
