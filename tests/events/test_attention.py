"""What needs attention in an agenda: each finding, its boundary, and what is no finding."""

from datetime import timedelta

import pytest

from events.agenda import timed
from events.attention import Kind, attention, findings, notices, sum_of_minutes
from events.models import AgendaItem, Assignment, Event
from tests.factories import START, make_assignment, make_event, make_group, make_speaker

pytestmark = pytest.mark.django_db
PANEL = {"title": "Panel", "minutes": 120, "kind": "panel"}


def agenda(*minutes, **fields):
    items = [{**PANEL, "title": f"Slot {n}", "minutes": m} for n, m in enumerate(minutes, 1)]
    return make_event(items=items, **fields)


def kinds(event):
    return [finding.kind for finding in findings(event)]


def sentences(event, kind):
    return [str(notice) for notice in notices(findings(event)) if notice.kind == kind]


def panellist(event, name="Amina Odhiambo", *, slot=0, **fields):
    speaker = make_speaker(name, **fields.pop("speaker", {}))
    return make_assignment(event.agenda_items.all()[slot], speaker, **fields)


def test_agenda_that_is_as_it_should_be_has_no_finding():
    event = agenda(120)
    panellist(event)
    assert findings(event) == []


def test_agenda_without_slots_has_no_finding():
    make_group(in_note=True)
    assert findings(make_event()) == []


def test_it_is_pure(django_assert_num_queries):
    event = agenda(120)
    item = event.agenda_items.prefetch_related("assignments").get()
    with django_assert_num_queries(0):
        found = attention(event, timed(event, [item]))
    assert [finding.kind for finding in found] == [Kind.EMPTY]


# How the sum stands


@pytest.mark.parametrize(
    ("minutes", "kind", "sentence"),
    [
        (119, Kind.GAP, "1 minute is free at the end."),
        (100, Kind.GAP, "20 minutes are free at the end."),
        (121, Kind.OVERRUN, "The running order is 1 minute longer than the event."),
        (180, Kind.OVERRUN, "The running order is 60 minutes longer than the event."),
    ],
)
def test_sum_beside_the_length_is_named(minutes, kind, sentence):
    assert sentences(agenda(minutes), kind) == [sentence]


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        (120, "The slots take 120 min, exactly the event's length."),
        (90, "The slots take 90 of 120 min: 30 min are free at the end."),
        (125, "The slots take 125 of 120 min: 5 min too many."),
    ],
)
def test_sum_in_words(minutes, sentence):
    event = agenda(minutes)
    assert sum_of_minutes(event, event.agenda_items.all()) == sentence


def test_minutes_are_those_that_pass_on_the_night_the_clocks_change():
    # 25 October 2020 in Berlin: from 02:30 to 02:30 by the wall clock, one hour passes.
    starts_at = START.replace(day=25, hour=0, minute=30)
    event = agenda(60, zone="Europe/Berlin", starts_at=starts_at,
                   ends_at=starts_at + timedelta(hours=1))  # fmt: skip
    panellist(event)
    assert findings(event) == []


# Who is in the slots


def test_slot_without_anybody_is_named():
    event = agenda(60, 60)
    panellist(event)
    assert sentences(event, Kind.EMPTY) == ["Nobody is in this slot yet: “Slot 2”."]


@pytest.mark.parametrize("kind", AgendaItem.Kind.values)
def test_only_a_break_and_the_floor_need_nobody(kind):
    event = make_event(items=[{**PANEL, "kind": kind}])
    assert (Kind.EMPTY in kinds(event)) == (kind not in {"break", "floor"})


def test_slot_whose_only_person_declined_is_empty_and_names_who_declined():
    event = agenda(120)
    panellist(event, status="declined")
    assert kinds(event) == [Kind.DECLINED, Kind.EMPTY]
    assert sentences(event, Kind.DECLINED) == [
        "Declined, but still in the running order: Amina Odhiambo in “Slot 1”."
    ]


@pytest.mark.parametrize("status", Assignment.Status.values)
def test_people_who_have_not_confirmed_are_named(status):
    event = agenda(120)
    panellist(event, status=status)
    expected = {
        "proposed": [Kind.UNCONFIRMED],
        "invited": [Kind.UNCONFIRMED],
        "confirmed": [],
        "declined": [Kind.DECLINED, Kind.EMPTY],
    }
    assert kinds(event) == expected[status]


def test_unconfirmed_people_are_named_in_one_sentence():
    event = agenda(60, 60)
    panellist(event, "Amina", status="proposed")
    panellist(event, "Thomas", slot=1, status="invited")
    assert sentences(event, Kind.UNCONFIRMED) == [
        "Not confirmed yet: Amina in “Slot 1”, Thomas in “Slot 2”."
    ]


def test_role_nobody_is_named_for_is_to_be_announced_and_not_unconfirmed():
    event = agenda(120)
    make_assignment(event.agenda_items.get(), None, role="moderator", status="proposed")
    panellist(event, "A farmer", status="proposed", speaker={"to_be_announced": True})
    assert sentences(event, Kind.OPEN_ROLE) == [
        "Still to be announced: Moderator in “Slot 1”, A farmer in “Slot 1”."
    ]
    assert kinds(event) == [Kind.OPEN_ROLE, Kind.OPEN_ROLE]


# Elsewhere at that time


def elsewhere(speaker, *, minutes=(60, 60), slot=1, at=START, **fields):
    other = agenda(*minutes, title="Elsewhere", starts_at=at, **fields)
    make_assignment(other.agenda_items.all()[slot], speaker)
    return other


@pytest.mark.parametrize("published", [True, False])
def test_person_in_another_event_at_that_time_is_named(published):
    event = agenda(60, 60)
    person = panellist(event, slot=1)
    panellist(event, "Somebody else")
    elsewhere(person.speaker, published=published)
    assert sentences(event, Kind.BUSY) == [
        "In another event at that time: Amina Odhiambo in “Slot 2” (Elsewhere, 13:45 – 14:45 EAT)."
    ]


def test_person_in_another_slot_of_that_event_is_not_busy():
    event = agenda(60, 60)
    person = panellist(event, slot=0)
    panellist(event, "Somebody else", slot=1)
    elsewhere(person.speaker, slot=1)
    assert kinds(event) == []


@pytest.mark.parametrize(("minutes", "busy"), [(-61, False), (-60, False), (-59, True)])
def test_slots_that_touch_do_not_overlap(minutes, busy):
    event = agenda(120)
    person = panellist(event)
    # The other slot lasts an hour.
    elsewhere(person.speaker, minutes=(60,), slot=0, at=START + timedelta(minutes=minutes))
    assert (Kind.BUSY in kinds(event)) == busy


@pytest.mark.parametrize(("minutes", "busy"), [(119, True), (120, False), (121, False)])
def test_slot_that_starts_when_the_last_one_ends_does_not_overlap(minutes, busy):
    event = agenda(120)
    person = panellist(event)
    elsewhere(person.speaker, minutes=(60,), slot=0, at=START + timedelta(minutes=minutes))
    assert (Kind.BUSY in kinds(event)) == busy


def test_agenda_elsewhere_that_runs_over_its_event_still_overlaps():
    event = agenda(120)
    person = panellist(event)
    starts_at = START - timedelta(hours=9)
    elsewhere(person.speaker, minutes=(550, 10), slot=1, at=starts_at,
              ends_at=starts_at + timedelta(hours=2))  # fmt: skip
    assert kinds(event) == [Kind.BUSY]


@pytest.mark.parametrize("status", ["cancelled", "postponed"])
def test_event_that_does_not_take_place_then_holds_nobody(status):
    event = agenda(120)
    elsewhere(panellist(event).speaker, minutes=(120,), slot=0, status=status)
    assert kinds(event) == []


def test_who_declined_on_either_side_is_not_busy():
    event = agenda(120)
    here = panellist(event)
    there = elsewhere(here.speaker, minutes=(120,), slot=0)
    Assignment.objects.filter(item__event=there).update(status="declined")
    assert kinds(event) == []
    Assignment.objects.filter(item__event=there).update(status="invited")
    assert kinds(event) == [Kind.BUSY]
    Assignment.objects.filter(item__event=event).update(status="declined")
    assert Kind.BUSY not in kinds(event)


def test_role_to_be_announced_may_be_in_two_events():
    event = agenda(120)
    role = panellist(event, speaker={"to_be_announced": True})
    elsewhere(role.speaker, minutes=(120,), slot=0)
    assert Kind.BUSY not in kinds(event)


# Groups of the note


def test_groups_of_the_note_without_a_place_on_the_panel_are_named():
    event = agenda(120)
    farmers = make_group("farmers", label="Farmers", in_note=True, position=1)
    make_group("youth", label="Youth groups", in_note=True, position=2)
    make_group("press", label="Press")
    panellist(event, speaker={"group": farmers})
    assert sentences(event, Kind.MISSING_GROUP) == [
        "The concept note names this group, and nobody of it is on the panel: Youth groups."
    ]


@pytest.mark.parametrize("role", Assignment.Role.values)
def test_opening_and_taking_notes_is_not_the_panel(role):
    event = agenda(120)
    panellist(event, role=role, speaker={"group": make_group(in_note=True)})
    assert (Kind.MISSING_GROUP in kinds(event)) == (role in {"opening", "rapporteur"})


def test_who_declined_is_not_on_the_panel():
    event = agenda(120)
    panellist(event, status="declined", speaker={"group": make_group(in_note=True)})
    assert Kind.MISSING_GROUP in kinds(event)


# However long


@pytest.mark.parametrize("number", [1, 3, 300])
def test_it_asks_the_database_five_times_however_long_the_agenda(number, django_assert_num_queries):
    event = agenda(*[1] * number)
    other = agenda(*[1] * number)
    for item, there in zip(event.agenda_items.all(), other.agenda_items.all(), strict=True):
        person = make_speaker(f"Person {item.pk}", group=make_group())
        make_assignment(item, person)
        make_assignment(there, person)
    make_group("missing", in_note=True)
    event = Event.objects.get(pk=event.pk)
    with django_assert_num_queries(5):
        found = findings(event)
    found_kinds = [finding.kind for finding in found]
    first, last = ([Kind.OVERRUN], []) if number == 300 else ([], [Kind.GAP])
    assert found_kinds == [*first, *[Kind.BUSY] * number, Kind.MISSING_GROUP, *last]
