"""What one person's page tells beside her answers: seats, mails, history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.utils import label_for_field
from django.utils.translation import gettext as _

from events.registration import history
from events.registration.models import HistoryEntry, Question, Registration, SeatRequest
from events.registration.outbox.models import OutboxMail
from events.registration.queries import place_in_line
from events.registration.questions import in_words, is_own, name_of

Status = SeatRequest.Status
# Mails and history shown, the latest of each.
MOST_SHOWN = 50


@dataclass(frozen=True)
class Line:
    """One entry of a person's history as the page tells it."""

    at: datetime
    what: str
    detail: str
    by: str


@dataclass(frozen=True)
class Wish:
    """A seat request with what an organiser may do to it now."""

    request: SeatRequest
    place: int
    """Her place on the waiting list; 0 where she is on none."""
    may_confirm: bool
    may_decline: bool


def wish_of(request: SeatRequest) -> Wish:
    """Return what an organiser may do to a seat request now."""
    return Wish(
        request=request,
        place=place_in_line(request),
        may_confirm=request.status in {Status.PENDING, Status.WAITING, Status.DECLINED},
        may_decline=request.is_live,
    )


@dataclass(frozen=True)
class Answered:
    """An answer to a question of the organisers' own, in words."""

    question: Question
    words: str


def answers_of(registration: Registration) -> list[Answered]:
    """Return what she answered to the organisers' own questions, in their order."""
    answers = registration.answers.select_related("question")
    return [
        Answered(answer.question, in_words(answer.question, answer.value))
        for answer in answers.order_by("question__position", "question")
    ]


def mails_to(registration: Registration) -> list[OutboxMail]:
    """Return the mails to her address since she registered, the latest first, without bodies."""
    if not registration.address:
        return []
    mails = OutboxMail.objects.filter(
        to=registration.address, created_at__gte=registration.created_at
    )
    shown = mails.only("subject", "state", "created_at", "sent_at")
    return list(shown.order_by("-created_at", "-pk")[:MOST_SHOWN])


def told(registration: Registration, *, sees_support: bool) -> list[Line]:
    """Return her history, the latest first.

    That an answer about support changed is told only to who may see it.
    """
    entries = list(registration.history.order_by("-at", "-pk")[:MOST_SHOWN])
    named = {history.SUPPORT: _("support"), "consents": _("consents")}
    if any(is_own(name) for entry in entries for name in entry.fields):
        named |= _own_named(registration)
    return [
        Line(
            at=entry.at,
            what=str(entry.get_what_display()),
            detail=_detail(entry, named, sees_support=sees_support),
            by=entry.by_name or _nobody(entry),
        )
        for entry in entries
        if sees_support or entry.fields != [history.SUPPORT]
    ]


def _nobody(entry: HistoryEntry) -> str:
    """Return who did what no colleague did: the person herself, the list, or the clock."""
    if entry.what == HistoryEntry.What.RELEASED:
        return str(_("the address check"))
    if entry.what == HistoryEntry.What.MOVED_UP or entry.why == HistoryEntry.Why.WANTED_LESS:
        return str(_("the waiting list"))
    return str(_("the person herself"))


def _own_named(registration: Registration) -> dict[str, str]:
    """Return what each question of the organisers' own is called, by its name in the history."""
    questions = Question.objects.filter(event=registration.event_id)
    return {name_of(key): f"“{text}”" for key, text in questions.values_list("pk", "text")}


def _label(name: str, named: Mapping[str, str]) -> str:
    """Return what an answer is called; a question of the organisers' own may be gone."""
    if name in named:
        return named[name]
    if is_own(name):
        return _("a question that is gone")
    return str(label_for_field(name, Registration))


def _detail(entry: HistoryEntry, named: Mapping[str, str], *, sees_support: bool) -> str:
    """Return what an entry tells beside what happened."""
    parts = []
    if entry.mode:
        steps = [str(entry.get_mode_display())]
        if entry.from_status:
            steps.append(f"{entry.get_from_status_display()} → {entry.get_to_status_display()}")
        parts.append(": ".join(steps))
    if entry.old_address or entry.new_address:
        parts.append(f"{entry.old_address or '–'} → {entry.new_address or '–'}")
    parts += [
        str(_label(name, named)) for name in entry.fields if sees_support or name != history.SUPPORT
    ]
    parts += [str(said) for said in (entry.get_why_display(), entry.reason) if said]
    return ", ".join(parts)
