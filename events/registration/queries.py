"""What is read about registration, in as few queries as it takes."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import (
    Aggregate,
    Case,
    Count,
    F,
    IntegerField,
    JSONField,
    OuterRef,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, JSONObject
from django.utils.dateparse import parse_datetime

from events.models import Event, EventQuerySet
from events.registration.models import AttendanceMode, KeptSeats, Quota, SeatRequest
from events.registration.seats import Availability, Facts, Kept, ModeSeats, availability


class Rows(Aggregate):
    """Several rows as one JSON array, so that they come with the row they belong to."""

    function = "JSONB_AGG"
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Write what SQLite calls it."""
        return super().as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **context)


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
        "registration_approval": F("registration_settings__approval"),
        "registration_kept": Subquery(
            KeptSeats.objects.filter(event=OuterRef("pk"))
            .order_by()
            .values("event")
            .annotate(
                rows=Rows(
                    JSONObject(
                        mode="mode",
                        group="group__code",
                        seats="seats",
                        until="until",
                        taken=_taken(registration__group=OuterRef("group")),
                    )
                )
            )
            .values("rows")
        ),
    }
    for mode in AttendanceMode:
        counted = Case(When(seats__isnull=True, then=Value(0)), default=_taken())
        annotations[f"{mode}_seats"] = Subquery(
            Quota.objects.filter(event=OuterRef("pk"), mode=mode).values(
                row=JSONObject(limit="seats", taken=counted)
            )
        )
    return annotations


def _taken(**of: Any) -> Coalesce:
    """Return the number of confirmed seats, beside a row that names event and mode."""
    confirmed = SeatRequest.objects.filter(
        registration__event=OuterRef("event"),
        mode=OuterRef("mode"),
        status=SeatRequest.Status.CONFIRMED,
        **of,
    )
    number = confirmed.order_by().values("mode").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(number), 0, output_field=IntegerField())


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
            approval=bool(facts["registration_approval"]),
            seats=_seats(facts),
            mail_leaves=settings.LOCAL_INSTALL or settings.MAIL_SERVER is not None,
        ),
        now=now,
    )


def _seats(facts: dict[str, Any]) -> dict[AttendanceMode, ModeSeats]:
    """Return the seats of the modes that are offered, from what the annotations brought."""
    kept: dict[str, list[Kept]] = {}
    for row in facts["registration_kept"] or []:
        kept.setdefault(row["mode"], []).append(
            Kept(row["group"], row["seats"], _instant(row["until"]), row["taken"])
        )
    return {
        mode: ModeSeats(row["limit"], row["taken"], tuple(kept.get(mode, ())))
        for mode in AttendanceMode
        if (row := facts[f"{mode}_seats"])
    }


def _instant(text: str) -> datetime:
    """Read a time out of JSON. SQLite keeps times in UTC and does not say so."""
    moment = parse_datetime(text)
    assert moment is not None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def seats_taken(event: Event) -> dict[str, int]:
    """Return the confirmed seats of each mode that has any."""
    rows = (
        SeatRequest.objects.filter(registration__event=event, status=SeatRequest.Status.CONFIRMED)
        .order_by()
        .values_list("mode")
        .annotate(number=Count("pk"))
    )
    return dict(rows)


def place_in_line(wish: SeatRequest) -> int:
    """Return the person's place on a waiting list, 1 for the next in turn.

    0 for a wish the organisers have not decided on: it is on no list.
    """
    if wish.status != SeatRequest.Status.WAITING:
        return 0
    return SeatRequest.objects.before(wish).count() + 1


def seat_requests_by_status(event: Event) -> dict[tuple[str, str], int]:
    """Return how many seat requests each mode has in each status, by (mode, status)."""
    rows = (
        SeatRequest.objects.filter(registration__event=event)
        .order_by()
        .values_list("mode", "status")
        .annotate(number=Count("pk"))
    )
    return {(mode, status): number for mode, status, number in rows}
