"""The content the project ships, as data, and how it gets into an empty database."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q

from events.models import (
    AgendaItem,
    Assignment,
    ConceptNote,
    Event,
    NoteSection,
    Series,
    Venue,
)
from events.registration.models import Quota, RegistrationSettings
from events.rules import record_change
from speakers.models import Speaker, StakeholderGroup, Voice

ROUNDTABLE_2 = Path(__file__).parent / "roundtable-2.toml"


@transaction.atomic
def load_event(path: Path, *, at: datetime) -> bool:
    """Load an event with all that belongs to it, unless it is there or its address is taken.

    An event that is there already, under whichever address its organisers
    gave it, is left exactly as they made it,
    and so are groups, voices, profiles, series that exist. ``at`` is real
    time. Returns whether the event was loaded.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    slug, uid = content["event"]["slug"], content["event"]["uid"]
    if Event.objects.filter(Q(slug=slug) | Q(uid=uid)).exists():
        return False
    for model, name in ((StakeholderGroup, "groups"), (Voice, "voices")):
        for position, row in enumerate(content[name], 1):
            code = row.pop("code")
            model.objects.get_or_create(code=code, defaults={**row, "position": position * 10})
    speakers = {row["slug"]: _speaker(row) for row in content["speakers"]}
    series, _ = Series.objects.get_or_create(
        slug=content["series"]["slug"], defaults=content["series"]
    )
    event = Event.objects.create(
        **{**content["event"], **_front_page(content["event"])},
        series=series,
        venue=Venue.objects.create(**content["venue"]),
        created_at=at,
        changed_at=at,
    )
    _note(event, content["note"])
    for position, row in enumerate(content["agenda"], 1):
        _agenda_item(event, row, position * 10, speakers)
    RegistrationSettings.objects.create(event=event)
    for row in content["quotas"]:
        Quota.objects.create(event=event, **row)
    record_change(event, at=at)
    return True


def _front_page(event: dict[str, Any]) -> dict[str, bool]:
    """Leave the front page to the event that has it."""
    free = not Event.objects.filter(featured=True).exists()
    return {"featured": bool(event.get("featured")) and free}


def _speaker(row: dict[str, Any]) -> Speaker:
    group = StakeholderGroup.objects.get(code=row["group"])
    speaker, _ = Speaker.objects.get_or_create(
        slug=row["slug"], defaults={**row, "group": group, "to_be_announced": True}
    )
    return speaker


def _note(event: Event, content: dict[str, Any]) -> None:
    sections = content.pop("sections")
    content |= {name: content[name].strip("\n") for name in ("masthead", "sign_off")}
    note = ConceptNote.objects.create(event=event, **content)
    for position, section in enumerate(sections, 1):
        NoteSection.objects.create(
            note=note,
            position=position * 10,
            heading=section["heading"],
            text=section["text"].strip("\n"),
        )


def _agenda_item(
    event: Event, row: dict[str, Any], position: int, speakers: dict[str, Speaker]
) -> None:
    people = row.pop("people")
    item = AgendaItem.objects.create(event=event, position=position, **row)
    for place, person in enumerate(people, 1):
        speaker = speakers[person["speaker"]] if "speaker" in person else None
        Assignment.objects.create(item=item, role=person["role"], speaker=speaker, position=place)
