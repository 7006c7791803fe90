"""What a person tells about herself, and how it is written down."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from events.registration import history
from events.registration.models import (
    Answer,
    AttendanceMode,
    Attendant,
    Consent,
    Question,
    Registration,
    SupportNeed,
    VoiceAnswer,
    new_code,
)
from events.registration.questions import Value, name_of, same
from speakers.models import StakeholderGroup, Voice

# What is left of a form's name once the place of a person in it is added: the column holds 40.
SUBMISSION = 37
# The wording of privacy notice and consents now in force.
NOTICE_VERSION = "3"
# What is told about a person in one column each; her answers that stand apart are beside it.
DETAILS = (
    "name", "phone", "organisation", "job_title", "country", "county", "group", "question",
)  # fmt: skip


@dataclass(frozen=True)
class Details:
    """What a person tells about herself and may change later."""

    name: str
    mode: AttendanceMode
    country: str
    group: StakeholderGroup
    phone: str = ""
    organisation: str = ""
    job_title: str = ""
    county: str = ""
    interpretation: Collection[str] = ()
    question: str = ""
    voices: Collection[Voice] = ()
    support: Mapping[str, str] = field(default_factory=dict)
    """Kind of support → her own words on it."""
    attendants: Sequence[tuple[str, str]] = ()
    """Who comes along with her and takes no seat: kind and name, which may be empty."""
    consents: Mapping[str, bool] = field(default_factory=dict)
    """Purpose → given or not. A purpose left out was not answered."""
    meanwhile: bool = False
    """Whether she takes a seat in another mode while she has to wait for this one."""
    own_answers: Mapping[Question, Value | None] = field(default_factory=dict)
    """The organisers' own questions → her answer, or None. What was not asked stays as it is."""


def unused_code() -> str:
    """Return a short code that is nobody's yet."""
    while True:
        code = new_code()
        if not Registration.objects.filter(code=code).exists():
            return code


def was_sent(submission: str | None) -> bool:
    """Whether this very form came before."""
    return bool(submission) and Registration.objects.filter(submission=submission).exists()


def submission_of(submission: str | None, place: int) -> str | None:
    """Return by what one of several people who came by the same form is known to have come."""
    return f"{submission[:SUBMISSION]}.{place}" if submission else None


def changed(registration: Registration, details: Details) -> list[str]:
    """Return which answers differ from what stands. Voices are not told: they are only counted."""
    fields = [name for name in DETAILS if getattr(registration, name) != getattr(details, name)]
    if list(registration.interpretation) != list(details.interpretation):
        fields.append("interpretation")
    needs = dict(registration.support_needs.values_list("kind", "note"))
    along = list(registration.attendants.values_list("kind", "name"))
    if needs != dict(details.support) or along != list(details.attendants):
        fields.append(history.SUPPORT)
    return fields + _own_changed(registration, details.own_answers)


def _own_changed(registration: Registration, answers: Mapping[Question, Value | None]) -> list[str]:
    """Return by which names history knows the organisers' questions answered otherwise now."""
    if not answers:
        return []
    before = dict(registration.answers.values_list("question", "value"))
    return [
        name_of(question.pk)
        for question, value in answers.items()
        if not same(before.get(question.pk), value)
    ]


def write(registration: Registration, details: Details, *, channel: str, at: datetime) -> bool:
    """Write a person's details, and beside them what is kept apart.

    Returns whether an answer about consent is new.
    """
    is_new = registration.pk is None
    for name in DETAILS:
        setattr(registration, name, getattr(details, name))
    registration.interpretation = list(details.interpretation)
    registration.changed_at = at
    # The database itself keeps the constraints; asking it first costs a query for each.
    registration.full_clean(
        exclude=["submission"], validate_unique=False, validate_constraints=False
    )
    registration.save()
    registration.support_needs.all().delete()
    SupportNeed.objects.bulk_create(
        SupportNeed(registration=registration, kind=kind, note=note)
        for kind, note in details.support.items()
    )
    if not is_new:
        registration.attendants.all().delete()
    Attendant.objects.bulk_create(
        Attendant(registration=registration, kind=kind, name=name)
        for kind, name in details.attendants
    )
    registration.voice_answers.all().delete()
    VoiceAnswer.objects.bulk_create(
        VoiceAnswer(registration=registration, voice=voice) for voice in details.voices
    )
    _write_own(registration, details.own_answers)
    return _record_consents(registration, details.consents, channel=channel, at=at)


def _write_own(registration: Registration, answers: Mapping[Question, Value | None]) -> None:
    """Write the answers to what was asked; those to other questions stay."""
    if not answers:
        return
    registration.answers.filter(question__in=list(answers)).delete()
    Answer.objects.bulk_create(
        Answer(registration=registration, question=question, value=value)
        for question, value in answers.items()
        if value is not None
    )


def _record_consents(
    registration: Registration, answers: Mapping[str, bool], *, channel: str, at: datetime
) -> bool:
    """Add a row for each answer that is new or differs from the last one; return if any is."""
    last = dict(registration.consents.order_by("at", "pk").values_list("purpose", "given"))
    rows = [
        Consent(
            registration=registration,
            purpose=purpose,
            given=given,
            notice_version=NOTICE_VERSION,
            language=registration.language,
            channel=channel,
            at=at,
        )
        for purpose, given in answers.items()
        if last.get(purpose) is not given
    ]
    return bool(Consent.objects.bulk_create(rows))
