"""The whole event as one page of text."""

from datetime import timedelta

import pytest

from events.models import Event
from events.rules import record_change
from tests.factories import (
    AT,
    NOW,
    make_assignment,
    make_event,
    make_note,
    make_registration,
    make_series,
    make_speaker,
)

PANEL = {"title": "Panel", "minutes": 90, "kind": "panel"}


def lines(client, event):
    response = client.get(event.get_absolute_url() + "plain.txt")
    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; charset=utf-8")
    return response.content.decode().splitlines()


def test_every_line_of_the_note_stands_in_it(client, nakuru):
    note = nakuru.concept_notes.get()
    expected = [*note.masthead.splitlines(), *note.sign_off.splitlines()]
    for section in note.sections.all():
        expected += [section.heading, *section.text.splitlines()]
    text = lines(client, nakuru)
    assert [line for line in expected if line and line not in text] == []


def test_times_place_and_people_stand_in_it(client, db):
    event = make_event(items=[PANEL], number=3, series=make_series(), convenor="Nakuru County")
    item = event.agenda_items.get()
    make_assignment(item, make_speaker("Amina <b> & Otieno's", organisation="Kaptembwa Voices"))
    make_assignment(item, make_speaker("Youth", to_be_announced=True), role="discussant")
    make_assignment(item, make_speaker("Not asked yet"), status="invited", role="chair")
    record_change(event, at=AT)
    text = lines(client, event)
    assert text[:6] == [
        "Roundtable 3: Working together",
        "Valuing our communities and cities",
        "",
        "When: Saturday 31 October 2020, 12:45 – 14:45 EAT (UTC+3)",
        "Where: Nakuru, Kenya (the building is to be announced)",
        "Convened by: Nakuru County",
    ]
    agenda = text[text.index("AGENDA") :]
    assert agenda[:7] == [
        "AGENDA",
        "Provisional: it may still change.",
        "12:45  Panel (90 min)",
        "       Panellist: Amina <b> & Otieno's, Kaptembwa Voices",
        "       Discussant: Youth, to be announced",
        "       Chair: to be announced",
        "14:45  End",
    ]
    assert "The concept note is to be announced." in text


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "Registration is open. It takes a minute and costs nothing:"),
        ({"quotas": {"in_room": 0}},
         "All seats are taken. You can wait for one:"),
        ({"settings": {"opens_at": NOW + timedelta(days=1)}},
         "Registration opens on Tuesday 13 October 2020, 09:00 EAT."),
        ({"settings": {"stopped": True}}, "The organisers are taking no more people."),
        ({"settings": {"closes_at": NOW}}, "Registration is closed."),
        ({"starts_at": NOW}, "Registration is closed."),
        ({"status": "cancelled"}, "Nobody can register any more."),
        ({"status": "postponed"}, "Registration rests until there is a new date."),
    ],
    ids=lambda value: value[:16] if isinstance(value, str) else "",
)  # fmt: skip
def test_registration_in_a_sentence(client, db, fields, line):
    text = lines(client, make_event(**fields))
    assert text[text.index("TAKE PART") + 1] == line


def test_the_form_has_its_whole_address(client, db):
    event = make_event()
    assert f"http://localhost:8000/events/{event.slug}/register/" in lines(client, event)


def test_what_is_over_speaks_of_what_was(client, db):
    text = lines(client, make_event(starts_at=NOW - timedelta(days=9), venue=None))
    assert "TAKE PART" not in text
    assert "The agenda was not recorded here." in text
    assert "The concept note was not recorded here." in text


def test_cancelled_comes_before_the_time(client, db):
    text = lines(client, make_event(status=Event.Status.CANCELLED))
    assert text[2] == "CANCELLED. This roundtable will not take place."


def test_a_draft_agenda_and_a_draft_event_stay_hidden(client, db):
    event = make_event(items=[PANEL], agenda_status="draft")
    assert "The agenda is to be announced." in lines(client, event)
    hidden = make_event(published=False)
    assert client.get(hidden.get_absolute_url() + "plain.txt").status_code == 404


@pytest.mark.parametrize("slots", [1, 3])
def test_it_costs_a_constant_number_of_queries(client, db, slots, django_assert_num_queries):
    event = make_event(items=[PANEL | {"minutes": 9}] * slots)
    make_note(event)
    for item in event.agenda_items.all():
        make_assignment(item, make_speaker())
    record_change(event, at=AT)
    with django_assert_num_queries(7):
        lines(client, event)
    with django_assert_num_queries(1):
        lines(client, event)


def test_it_follows_the_registration_state_and_answers_304(client, db):
    event = make_event(quotas={"in_room": 1})
    path = event.get_absolute_url() + "plain.txt"
    tag = client.get(path)["ETag"]
    assert client.get(path, HTTP_IF_NONE_MATCH=tag).status_code == 304
    make_registration(event)
    assert client.get(path, HTTP_IF_NONE_MATCH=tag).status_code == 200
