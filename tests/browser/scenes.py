"""Events that are hard on a page, on a site that is running. None of them is real.

Every name and word here is made up to be long, short, many or missing.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from events.models import Event, Venue
from events.registration import rules
from events.registration.links import Power, token_for
from events.registration.models import Quota, RegistrationSettings
from events.rules import record_change
from speakers.models import StakeholderGroup
from tests import factories

UNBROKEN = "Wirtschaftsförderungsgesellschaftsversammlungsvorbereitung" * 2
# As long as a title may be.
LONG_TITLE = (
    "Working together across wards, estates and markets so that the people who live with dust, "
    "flooding and dark streets decide how the next ten years of their city are planned, paid for "
    "and looked after"
)[:200].ljust(200, "!")
ARABIC = "معا من أجل مدن ومجتمعات مستدامة: من يجلس إلى الطاولة ومن ينقصها"
NAMES = ("Amina Odhiambo", "Baraka Mwangi", "Chebet Koech", "فاطمة الزهراء", "Wanjirũ wa Kamau")


def make() -> dict[str, str]:
    """Make them all; return the addresses worth a look, by name."""
    return {**_many(), **_states(), **_registrations()}


def _many() -> dict[str, str]:
    """One event with too much of everything, and one with nothing but a date."""
    much = factories.make_event(
        slug="too-much",
        title=LONG_TITLE,
        number=12,
        summary=f"A slot of three minutes and one of ninety, and a word: {UNBROKEN}. {ARABIC}",
        series=factories.make_series(occasion="World Cities Day"),
        settings={"shows_open_seats": True},
        items=[
            {"title": "Welcome", "minutes": 3, "kind": "welcome"},
            {"title": LONG_TITLE, "minutes": 90, "kind": "panel", "description": UNBROKEN},
            {"title": ARABIC, "minutes": 20, "kind": "floor", "description": ARABIC},
            {"title": "Tea", "minutes": 5, "kind": "break"},
        ],
    )
    slot = much.agenda_items.get(position=2)
    for number in range(40):
        speaker = factories.make_speaker(
            f"{NAMES[number % 5]} {number + 1}",
            slug=f"scene-{number + 1}",
            job_title="Chair" if number % 3 else "",
            organisation=UNBROKEN if number == 7 else "Residents of the lake side" * (number % 4),
            biography=f"{ARABIC}\n\n{UNBROKEN}",
        )
        factories.make_assignment(slot, speaker, presence="remote" if number % 2 else "in_room")
    factories.make_note(
        much,
        masthead=f"Roundtable 12\n{LONG_TITLE}",
        sections=[("", f"{ARABIC}\n\n{UNBROKEN}"), (LONG_TITLE, "One.\n\n- two\n- three")],
    )
    record_change(much, at=factories.AT)
    factories.make_event(slug="bare", title="Water", venue=Venue.objects.create())
    return {
        "much": "/events/too-much/",
        "much-agenda": "/events/too-much/agenda/",
        "much-note": "/events/too-much/concept-note/",
        "much-speakers": "/events/too-much/speakers/",
        "much-register": "/events/too-much/register/",
        "much-profile": "/speakers/scene-8/",
        "bare": "/events/bare/",
        "bare-agenda": "/events/bare/agenda/",
        "bare-speakers": "/events/bare/speakers/",
        "bare-note": "/events/bare/concept-note/",
    }


def _states() -> dict[str, str]:
    """One event in each state that a page tells of."""
    slots = [{"title": "Opening", "minutes": 30, "kind": "opening"}]
    cases: Mapping[str, Mapping[str, Any]] = {
        "closed": {"settings": {"stopped": True}},
        "cancelled": {"status": Event.Status.CANCELLED},
        "postponed": {"status": Event.Status.POSTPONED},
        "archived": {"starts_at": factories.START - timedelta(days=90)},
        "not-yet": {"settings": {"opens_at": factories.NOW + timedelta(days=2)}},
        "nobody-yet": {"settings": {"shows_open_seats": True}},
    }
    title = "Streets that are safe to walk"
    for name, fields in cases.items():
        factories.make_event(slug=name, title=title, items=slots, **fields)
    full = factories.make_event(slug="full", title="Homes", quotas={"in_room": 1})
    factories.make_registration(full, email="first@example.org", group=_group())
    return {name: f"/events/{name}/" for name in (*cases, "full")}


def _registrations() -> dict[str, str]:
    """The Nakuru event with people at the table, and the page of somebody in each state."""
    event = Event.objects.get(slug="roundtable-2")
    RegistrationSettings.objects.filter(event=event).update(shows_open_seats=True)
    Quota.objects.filter(event=event, mode="in_room").update(seats=2)
    groups = list(StakeholderGroup.objects.filter(in_note=True))
    pages = {}
    for name, group in zip(("holds", "gave-up", "waits"), groups[::2], strict=False):
        person = factories.make_registration(
            event, email=f"{name}@example.org", group=group, name=NAMES[3], at=timezone.now()
        )
        if name == "gave-up":
            rules.cancel(person, now=factories.NOW, at=timezone.now())
            Quota.objects.filter(event=event, mode="in_room").update(seats=1)
        pages[f"manage-{name}"] = f"/registrations/{token_for(person, Power.MANAGE)}/"
    return pages


def _group() -> StakeholderGroup:
    return StakeholderGroup.objects.filter(in_note=True)[0]
