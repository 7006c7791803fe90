"""What an event offers and asks: seats, those kept for groups, who is wished for, questions."""

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from events.cloning import shifted
from events.models import Event
from events.registration import emails
from events.registration.models import (
    AttendanceMode,
    KeptSeats,
    Question,
    Quota,
    RegistrationSettings,
    SeatRequest,
    TableTarget,
)
from events.registration.queries import seats_held, seats_taken
from events.registration.rules import giving
from events.registration.rules.giving import Refused
from events.registration.seats import Reason


def set_quota(quota: Quota, *, now: datetime, at: datetime) -> None:
    """Write a quota; seats that it adds go to whoever waits for them.

    Raises Refused(FULL) where more seats than that are taken, or held for people
    invited. So it does where the mode it was for has seats taken or held, or
    people waiting, and is no longer meant.
    """
    with transaction.atomic():
        event = giving.lock(quota.event)
        taken = seats_taken(event)
        before = Quota.objects.filter(pk=quota.pk).first()
        if before and before.mode != quota.mode:
            _require_unwanted(event, before.mode, now=now)
        given = taken.get(quota.mode, 0) + seats_held(event, now=now).get(quota.mode, 0)
        if quota.seats is not None and quota.seats < given:
            raise Refused(Reason.FULL)
        quota.save()
        giving.move_up(event, now=now, at=at)


def remove_quota(quota: Quota, *, now: datetime) -> None:
    """Offer a mode no longer. Raises Refused(FULL) where people hold seats of it or wait for one.

    Who waits would wait for ever; and so where one is held for somebody invited.
    """
    with transaction.atomic():
        _require_unwanted(giving.lock(quota.event), quota.mode, now=now)
        quota.delete()


def _require_unwanted(event: Event, mode: str, *, now: datetime) -> None:
    live = SeatRequest.objects.filter(event=event, mode=mode, status__in=SeatRequest.LIVE)
    if live.exists() or seats_held(event, now=now).get(mode):
        raise Refused(Reason.FULL)


def keep_seats(kept: KeptSeats, *, now: datetime, at: datetime) -> None:
    """Keep seats for a group until a time. Who waits may find one by it, or by its being less.

    Raises Refused("nothing_to_keep") for a mode without a limit, where nobody
    is ever turned away, and Refused("more_than_seats") where all groups
    together would have more kept for them than there are seats.
    """
    with transaction.atomic():
        event = giving.lock(kept.event)
        quota = Quota.objects.filter(event=kept.event, mode=kept.mode).first()
        if quota is None or quota.seats is None:
            raise Refused("nothing_to_keep")
        others = KeptSeats.objects.filter(event=kept.event, mode=kept.mode).exclude(pk=kept.pk)
        if kept.seats + sum(others.values_list("seats", flat=True)) > quota.seats:
            raise Refused("more_than_seats")
        kept.save()
        giving.move_up(event, now=now, at=at)


def keep_no_longer(kept: KeptSeats, *, now: datetime, at: datetime) -> None:
    """Give what was kept for a group to whoever is next."""
    with transaction.atomic():
        event = giving.lock(kept.event)
        kept.delete()
        giving.move_up(event, now=now, at=at)


def move_up(event: Event, *, now: datetime, at: datetime) -> None:
    """Give the seats that are free to those who wait for them.

    For what no rule was asked about: a time has come until which seats were
    kept, the organisers take people again, or look at each person no longer, an
    event is on again; and for those who were too many to move up at once.
    """
    with transaction.atomic():
        event = giving.lock(event)
        undecided = giving.line_up_the_undecided(event, now=now, at=at)
        giving.move_up(event, now=now, at=at)
        for request in SeatRequest.objects.waiting(event).filter(pk__in=undecided):
            registration = giving.read(request.registration)
            emails.send_waiting(registration, mode=AttendanceMode(request.mode))


def set_targets(event: Event, *, targets: Mapping[int, int]) -> None:
    """Write how many people of these groups (by key) the organisers wish for.

    Other groups keep what they have. Raises IntegrityError for a number that
    is no wish (below 0, above MOST_WISHED); the form asks for another before.
    """
    with transaction.atomic():
        giving.lock(event)
        TableTarget.objects.bulk_create(
            [TableTarget(event=event, group_id=group, people=people)
             for group, people in targets.items()],
            update_conflicts=True,
            unique_fields=["event", "group"],
            update_fields=["people"],
        )  # fmt: skip


def set_question(question: Question) -> None:
    """Write a question of the organisers' own; one without a place comes last.

    Raises Refused("answered") where it would be of another kind though somebody
    has answered it: the answers would fit it no longer.
    """
    with transaction.atomic():
        event = giving.lock(question.event)
        before = Question.objects.filter(pk=question.pk).first()
        if before and before.kind != question.kind and before.answers.exists():
            raise Refused("answered")
        if question.position is None:
            rows = Question.objects.filter(event=event)
            question.position = (rows.aggregate(last=Max("position"))["last"] or 0) + 1
        question.save()


def remove_question(question: Question, *, at: datetime) -> bool:
    """Ask a question no more; return whether it is gone.

    One that was answered stays, with its answers; ``at`` is since when.
    """
    with transaction.atomic():
        giving.lock(question.event)
        if not question.answers.exists():
            question.delete()
            return True
        Question.objects.filter(pk=question.pk, removed_at=None).update(removed_at=at)
        return False


def copy_settings(source: Event, target: Event) -> None:
    """Give an event the registration settings, quotas, kept seats, wishes and questions of another.

    Each time in them is as far from the target's start as it was from the
    source's, on the clocks on the wall (``cloning.shifted``). Nobody's seat is
    copied and nobody's answer, and taking people is not stopped. The target must have none yet.
    """
    with transaction.atomic():
        giving.lock(target)
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
        asked = Question.objects.filter(event=source, removed_at=None).order_by("pk")
        Question.objects.bulk_create(_copied(row, source, target) for row in asked)


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
