"""Rows for tests, each complete and plain. What a test is about, it says itself."""

from datetime import UTC, datetime, timedelta
from itertools import count

from django.contrib.auth.models import User

from events.models import AgendaItem, Assignment, ConceptNote, Event, NoteSection, Series, Venue
from events.registration import rules
from events.registration.models import (
    AttendanceMode,
    Question,
    Quota,
    Registration,
    RegistrationSettings,
)
from events.rules import record_change
from speakers.models import Speaker, StakeholderGroup, Voice

# 12 October 2020, 09:00 EAT, three weeks before the event: where a local install's clock stands.
NOW = datetime(2020, 10, 12, 6, 0, tzinfo=UTC)
# Real time in tests that name it.
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
START = datetime(2020, 10, 31, 9, 45, tzinfo=UTC)

numbers = count(1)


def make_event(*, quotas=None, settings=None, items=(), **fields) -> Event:
    """A published event in Nakuru with unlimited seats in the room and online."""
    number = next(numbers)
    slug = fields.pop("slug", f"event-{number}")
    venue = fields.pop("venue", None) or Venue.objects.create(town="Nakuru", country="KE")
    starts_at = fields.pop("starts_at", START)
    event = Event.objects.create(
        slug=slug,
        title=fields.pop("title", "Working together"),
        starts_at=starts_at,
        ends_at=fields.pop("ends_at", starts_at + timedelta(hours=2)),
        venue=venue,
        published=fields.pop("published", True),
        **fields,
    )
    RegistrationSettings.objects.create(event=event, **(settings or {}))
    for mode, seats in (quotas or {"in_room": None, "online": None}).items():
        Quota.objects.create(event=event, mode=mode, seats=seats)
    for position, item in enumerate(items, 1):
        AgendaItem.objects.create(event=event, position=position, **item)
    record_change(event, at=AT)
    return event


def make_series(**fields) -> Series:
    number = next(numbers)
    return Series.objects.create(
        slug=f"series-{number}",
        theme=fields.pop("theme", "Valuing our communities and cities"),
        **fields,
    )


def make_note(event, *, sections=(("", "First.\n\nSecond."),), **fields) -> ConceptNote:
    note = ConceptNote.objects.create(event=event, **fields)
    for position, (heading, text) in enumerate(sections, 1):
        NoteSection.objects.create(note=note, position=position, heading=heading, text=text)
    return note


def make_group(code="cso", **fields) -> StakeholderGroup:
    group, _ = StakeholderGroup.objects.get_or_create(
        code=code, defaults={"label": fields.pop("label", f"Group {code}"), **fields}
    )
    return group


def make_voice(code="women", **fields) -> Voice:
    voice, _ = Voice.objects.get_or_create(
        code=code, defaults={"label": fields.pop("label", f"Voice {code}"), **fields}
    )
    return voice


def make_speaker(name="Amina Odhiambo", **fields) -> Speaker:
    slug = fields.pop("slug", f"speaker-{next(numbers)}")
    return Speaker.objects.create(name=name, slug=slug, **fields)


def make_assignment(item, speaker=None, **fields) -> Assignment:
    return Assignment.objects.create(
        item=item,
        speaker=speaker,
        role=fields.pop("role", Assignment.Role.PANELLIST),
        status=fields.pop("status", Assignment.Status.CONFIRMED),
        **fields,
    )


def make_question(event, text="What do you eat?", **fields) -> Question:
    """A question of the organisers' own: a short text that may stay empty."""
    question = Question(event=event, text=text, position=fields.pop("position", None), **fields)
    rules.set_question(question)
    return question


def make_details(**fields) -> rules.Details:
    return rules.Details(
        name=fields.pop("name", "Wanjiru Kamau"),
        mode=AttendanceMode(fields.pop("mode", "in_room")),
        country=fields.pop("country", "KE"),
        group=fields.pop("group", None) or make_group(),
        consents=fields.pop("consents", {"processing": True, "adult": True}),
        **fields,
    )


def make_registration(event, *, email="wanjiru@example.org", at=AT, now=NOW, **fields):
    """A registration as the public form makes it, with its confirmed seat and its mail."""
    rules.register(
        event,
        make_details(**fields),
        email=email,
        language="en",
        submission=None,
        now=now,
        at=at,
    )
    return Registration.objects.get(event=event, email=email)


def make_organiser(username="organiser", **fields) -> User:
    """Somebody who may do everything in the admin. Signed in by ``client.force_login``."""
    return User.objects.create_user(username, is_staff=True, is_superuser=True, **fields)
