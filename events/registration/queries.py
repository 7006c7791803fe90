"""What is read about registration, in as few queries as it takes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import (
    Aggregate,
    Case,
    Count,
    Exists,
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

from events.models import Assignment, Event, EventQuerySet
from events.registration.drawing import Place
from events.registration.models import (
    AttendanceMode,
    Invitation,
    KeptSeats,
    Quota,
    Registration,
    SeatRequest,
    TableTarget,
    VoiceAnswer,
)
from events.registration.seats import (
    Availability,
    Facts,
    Held,
    Kept,
    ModeSeats,
    availability,
    seats_free,
)
from events.registration.table import (
    SPEAKING,
    Alike,
    Group,
    Speaking,
    Table,
    VoiceCount,
    keeps_a_seat,
    standard_target,
    table,
)
from speakers.models import StakeholderGroup, Voice


class Rows(Aggregate):
    """Several rows as one JSON array, so that they come with the row they belong to."""

    function = "JSONB_AGG"
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Write what SQLite calls it."""
        return super().as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **context)


class RowsOf(Subquery):
    """What a query counts, as one JSON array, beside the row it is asked for.

    The query gives one column, ``row``. ``Rows`` can't: it would count within a count.
    """

    template = '(SELECT JSONB_AGG(counted."row") FROM (%(subquery)s) counted)'
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Write what SQLite calls it."""
        template = '(SELECT JSON_GROUP_ARRAY(JSON(counted."row")) FROM (%(subquery)s) counted)'
        context["template"] = template
        return self.as_sql(compiler, connection, **context)


def with_registration(events: EventQuerySet, *, places: bool = False) -> EventQuerySet:
    """Annotate events with all that ``availability_of`` needs, which then asks no query.

    ``places``: and what ``open_seats_of`` needs, for the pages that show the table.
    """
    events = events.annotate(**_registration_facts())
    # Only where the organisers wish it: the database looks at no more then.
    shown = When(registration_settings__shows_open_seats=True, then=Subquery(_places()))
    return events.annotate(registration_places=Case(shown)) if places else events


def known(event: Event, *, places: bool = False) -> Event:
    """Return the event as ``with_registration`` reads it; one query where it was not yet."""
    if hasattr(event, "registration_places" if places else "registration_opens_at"):
        return event
    return with_registration(Event.objects.all(), places=places).get(pk=event.pk)


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
        "registration_by_invitation": F("registration_settings__by_invitation"),
        # Those whose time is up are among them: the page's time decides, not the database's.
        "registration_held": RowsOf(
            Invitation.objects.unanswered()
            .filter(event=OuterRef("pk"), holds_seat=True)
            .order_by()
            .values("mode", "group__code", "expires_at")
            .annotate(
                row=JSONObject(
                    mode="mode", group="group__code", until="expires_at", seats=Count("pk")
                )
            )
            .values("row")
        ),
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
        event=OuterRef("event"),
        mode=OuterRef("mode"),
        status=SeatRequest.Status.CONFIRMED,
        **of,
    )
    number = confirmed.order_by().values("mode").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(number), 0, output_field=IntegerField())


@cache
def _places() -> Any:
    """Return the groups of the note as one JSON array, beside an event."""
    event = OuterRef(OuterRef("pk"))
    confirmed = SeatRequest.objects.filter(
        event=event,
        registration__group=OuterRef("pk"),
        status=SeatRequest.Status.CONFIRMED,
    )
    agreed = Assignment.objects.filter(
        item__event=event,
        speaker__group=OuterRef("pk"),
        speaker__to_be_announced=False,
        role__in=SPEAKING,
        status=Assignment.Status.CONFIRMED,
    )
    target = TableTarget.objects.filter(event=event, group=OuterRef("pk")).values("people")
    return (
        StakeholderGroup.objects.filter(in_note=True)
        .order_by()
        .values("in_note")
        .annotate(
            rows=Rows(
                JSONObject(
                    code="code",
                    label="label",
                    position="position",
                    offered="offered",
                    target=Subquery(target),
                    confirmed=Exists(confirmed),
                    agreed=Exists(agreed),
                )
            )
        )
        .values("rows")
    )


@dataclass(frozen=True)
class OpenSeats:
    """What the public page shows of the table: each group's place, and whom it invites.

    ``invited`` are the missing groups (labels) that a seat is free for.
    """

    places: tuple[Place, ...]
    invited: tuple[str, ...]


def open_seats_of(event: Event, *, now: datetime) -> OpenSeats | None:
    """Return what the event's page shows of the table, or None where it shows nothing.

    So it is where the organisers do not wish it, where nobody can register
    now, and where the last seats wait for groups that are at the table already.
    An event that did not come from ``with_registration`` costs one query.
    """
    event = known(event, places=True)
    rows = vars(event)["registration_places"]
    found = availability_of(event, now=now)
    if not rows or not found.is_open:
        return None
    places, invited = [], []
    for row in sorted(rows, key=lambda row: (row["position"], row["code"])):
        taken = bool(row["confirmed"] or row["agreed"])
        target = row["target"]
        if target is None:
            target = standard_target(in_note=True, offered=bool(row["offered"]))
        if not keeps_a_seat(taken=taken, target=target):
            continue
        places.append(Place(row["label"], taken))
        free = (seats_free(seats, group=row["code"], now=now) for seats in found.seats.values())
        if not taken and any(number != 0 for number in free):
            invited.append(row["label"])
    everybody = places and all(place.taken for place in places)
    return OpenSeats(tuple(places), tuple(invited)) if invited or everybody else None


def table_of(event: Event) -> Table:
    """Return who is at an event's table and who is missing. Four queries, whatever its size."""
    target = TableTarget.objects.filter(event=event, group=OuterRef("pk")).values("people")
    groups = StakeholderGroup.objects.annotate(wished_for=Subquery(target))
    standing = {
        mode.value: Subquery(
            SeatRequest.objects.filter(
                registration=OuterRef("pk"), mode=mode, status__in=SeatRequest.LIVE
            ).values("status")
        )
        for mode in AttendanceMode
    }
    people = (
        Registration.objects.filter(event=event)
        .taking_part()
        .order_by()
        .annotate(**standing)
        .values("group__code", "country", *standing)
        .annotate(number=Count("pk"))
    )
    agenda = (
        Assignment.objects.shown()
        .filter(item__event=event, role__in=SPEAKING, speaker__group__isnull=False)
        .order_by()
        .values_list("speaker", "speaker__group__code", "speaker__to_be_announced", "status")
        .distinct()
    )
    return table(
        [
            Group(
                pk=group.pk,
                code=group.code,
                label=group.label,
                in_note=group.in_note,
                offered=group.offered,
                target=standard_target(in_note=group.in_note, offered=group.offered)
                if group.wished_for is None
                else group.wished_for,
            )
            for group in groups
        ],
        [
            Alike(
                group=row["group__code"],
                country=row["country"],
                seats={mode: row[mode] for mode in standing if row[mode]},
                number=row["number"],
            )
            for row in people
        ],
        [
            Speaking(speaker, group, not unnamed, status == Assignment.Status.CONFIRMED)
            for speaker, group, unnamed, status in agenda
        ],
        _voices(event),
    )


def _voices(event: Event) -> list[VoiceCount]:
    """Return how many of those who take part bring each voice; one offered no longer if any do."""
    taking_part = Registration.objects.filter(event=event).taking_part()
    answers = (
        VoiceAnswer.objects.filter(voice=OuterRef("pk"), registration__in=taking_part)
        .order_by()
        .values("voice")
        .annotate(number=Count("pk"))
        .values("number")
    )
    counted = Voice.objects.annotate(
        number=Coalesce(Subquery(answers), 0, output_field=IntegerField())
    )
    return [
        VoiceCount(voice.code, voice.label, voice.number)
        for voice in counted
        if voice.offered or voice.number
    ]


def availability_of(event: Event, *, now: datetime) -> Availability:
    """Return whether people can register for ``event`` at ``now``.

    An event that did not come from ``with_registration`` costs one query.
    """
    facts = vars(known(event))
    return availability(
        Facts(
            status=event.status,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            opens_at=facts["registration_opens_at"],
            closes_at=facts["registration_closes_at"],
            stopped=bool(facts["registration_stopped"]),
            approval=bool(facts["registration_approval"]),
            by_invitation=bool(facts["registration_by_invitation"]),
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
    held: dict[str, list[Held]] = {}
    for row in facts["registration_held"] or []:
        held.setdefault(row["mode"], []).append(
            Held(row["group"], row["seats"], _instant(row["until"]))
        )
    return {
        mode: ModeSeats(
            row["limit"], row["taken"], tuple(kept.get(mode, ())), tuple(held.get(mode, ()))
        )
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
        SeatRequest.objects.filter(event=event, status=SeatRequest.Status.CONFIRMED)
        .order_by()
        .values_list("mode")
        .annotate(number=Count("pk"))
    )
    return dict(rows)


def seats_held(event: Event, *, now: datetime) -> dict[str, int]:
    """Return the seats of each mode that are held at ``now`` for people who are invited."""
    rows = (
        Invitation.objects.to_be_answered(now)
        .filter(event=event, holds_seat=True)
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
        SeatRequest.objects.filter(event=event)
        .order_by()
        .values_list("mode", "status")
        .annotate(number=Count("pk"))
    )
    return {(mode, status): number for mode, status, number in rows}
