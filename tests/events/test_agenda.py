import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.agenda import by_number, minutes_left, timed
from events.models import AgendaItem, Event
from tests.factories import START, make_assignment, make_event, make_speaker


def slots(event, *minutes):
    items = [AgendaItem(title=f"Slot {number}", minutes=m) for number, m in enumerate(minutes, 1)]
    return timed(event, items)


def unsaved(zone="Africa/Nairobi", starts_at=START, hours=2):
    return Event(starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours), zone=zone)


def clock(found):
    return [f"{slot.starts_at:%H:%M %Z}–{slot.ends_at:%H:%M %Z}" for slot in found]


def test_agenda_of_nakuru_fills_12_45_to_14_45_exactly(nakuru):
    found = timed(nakuru, nakuru.agenda_items.all())
    assert [(f"{slot.starts_at:%H:%M}", slot.item.minutes, slot.item.title) for slot in found] == [
        ("12:45", 5, "Welcome and how to take part"),
        ("12:50", 10, "Opening remarks"),
        ("13:00", 10, "Communities at the forefront"),
        ("13:10", 15, "Success stories"),
        ("13:25", 15, "What is working"),
        ("13:40", 15, "Lessons learned"),
        ("13:55", 20, "Policy implications"),
        ("14:15", 15, "Strategic direction for partnerships and stakeholder engagement"),
        ("14:30", 7, "One commitment each"),
        ("14:37", 5, "Summary of key messages"),
        ("14:42", 3, "Closing"),
    ]
    assert found[-1].ends_at == nakuru.ends_at
    assert f"{found[-1].ends_at:%H:%M %Z}" == "14:45 EAT"
    assert minutes_left(nakuru, nakuru.agenda_items.all()) == 0


def test_each_slot_starts_where_the_one_before_ends():
    found = slots(unsaved(), 5, 10)
    assert clock(found) == ["12:45 EAT–12:50 EAT", "12:50 EAT–13:00 EAT"]


def test_agenda_without_slots_is_empty():
    assert slots(unsaved()) == []
    assert minutes_left(unsaved(), []) == 120


def test_moving_a_slot_moves_the_times_of_all(db):
    event = make_event(items=[{"title": "A", "minutes": 10, "kind": "panel"},
                              {"title": "B", "minutes": 20, "kind": "panel"}])  # fmt: skip
    event.agenda_items.filter(title="A").update(position=9)
    found = timed(event, event.agenda_items.all())
    assert [slot.item.title for slot in found] == ["B", "A"]
    assert clock(found) == ["12:45 EAT–13:05 EAT", "13:05 EAT–13:15 EAT"]


def test_slot_brings_the_people_pages_show(db):
    event = make_event(items=[{"title": "A", "minutes": 10, "kind": "panel"}])
    seen = make_assignment(event.agenda_items.get(), make_speaker())
    make_assignment(event.agenda_items.get(), make_speaker(), status="declined")
    assert timed(event, event.agenda_items.with_people())[0].people == (seen,)
    assert timed(event, event.agenda_items.all())[0].people == ()


# On 25 October 2020, 01:00 UTC, Berlin went from CEST back to CET.
AUTUMN = datetime(2020, 10, 25, 0, 30, tzinfo=UTC)
# On 29 March 2020, 01:00 UTC, it went forward.
SPRING = datetime(2020, 3, 29, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone_of_start", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (AUTUMN, ["02:30 CEST–02:30 CET", "02:30 CET–03:30 CET"]),
        (SPRING, ["01:30 CET–03:30 CEST", "03:30 CEST–04:30 CEST"]),
    ],
)
def test_clock_change_during_the_event_takes_and_gives_no_minute(start, expected, zone_of_start):
    event = unsaved("Europe/Berlin", start.astimezone(ZoneInfo(zone_of_start)))
    found = slots(event, 60, 60)
    assert clock(found) == expected
    assert found[-1].ends_at.astimezone(UTC) == start + timedelta(hours=2)


def test_agenda_too_long_by_some_minutes_is_counted_below_zero():
    items = [AgendaItem(minutes=90), AgendaItem(minutes=45)]
    assert minutes_left(unsaved(), items) == -15
    assert minutes_left(unsaved(), items[:1]) == 30


@given(st.lists(st.integers(1, 600), min_size=1, max_size=20), st.integers(0, 24 * 365 * 2))
def test_slots_are_as_long_as_they_say_and_leave_no_gap(minutes, hours):
    event = unsaved("Europe/Berlin", SPRING + timedelta(hours=hours))
    found = [(slot.starts_at.astimezone(UTC), slot.ends_at.astimezone(UTC))
             for slot in slots(event, *minutes)]  # fmt: skip
    assert [end - start for start, end in found] == [timedelta(minutes=m) for m in minutes]
    assert [start for start, _ in found] == [event.starts_at, *[end for _, end in found[:-1]]]


# Numbers typed for A, B and C, which showed 1, 2 and 3, and for N, which is new and
# showed none. The page's script gives the same.
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ((1, 2, 3), "ABC"),
        ((2, 2, 3), "BAC"),
        ((3, 2, 3), "BCA"),
        ((1, 1, 3), "BAC"),
        ((1, 2, 1), "CAB"),
        ((1, 2, 2), "ACB"),
        ((3, 2, 1), "CBA"),
        ((1, 2, 3, 1), "NABC"),
        ((1, 2, 3, 3), "ABNC"),
        ((1, 2, 3, math.inf), "ABCN"),
        ((3, math.nan, 3), "CAB"),
    ],
)
def test_row_gets_the_place_typed_for_it(typed, expected):
    stood = [1, 2, 3, math.nan][: len(typed)]
    assert "".join("ABCN"[place] for place in by_number(typed, stood)) == expected


@given(st.integers(1, 12), st.data())
def test_one_row_moved_is_where_its_number_says_and_the_others_keep_their_order(count, data):
    row, number = data.draw(st.integers(1, count)), data.draw(st.integers(1, count))
    stood = list(range(1, count + 1))
    typed = [number if place == row else place for place in stood]
    order = [place + 1 for place in by_number(typed, stood)]
    assert order.index(row) == number - 1
    assert sorted(order) == stood
    assert [place for place in order if place != row] == [p for p in stood if p != row]
