"""What the public pages say: the note word for word, each state in words, kind refusals."""

import re
from datetime import timedelta
from html import unescape
from itertools import pairwise

import pytest
from django.shortcuts import render

from events.models import AgendaItem, Event
from tests.factories import NOW, START, make_event, make_note


def words(response) -> str:
    """The text of a page's main part as a reader sees it, with single spaces."""
    page = response.content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def headings(response) -> list[tuple[str, str]]:
    found = re.findall(r"<h([1-6])[^>]*>(.*?)</h\1>", response.content.decode(), re.DOTALL)
    return [(level, unescape(re.sub(r"<[^>]+>", "", text)).strip()) for level, text in found]


def test_every_line_of_the_note_stands_on_its_page(client, nakuru):
    note = nakuru.concept_notes.get()
    lines = [*note.masthead.splitlines(), *note.sign_off.splitlines()]
    for section in note.sections.all():
        lines += [section.heading, *section.text.splitlines()]
    text = words(client.get("/events/roundtable-2/concept-note/"))
    expected = [" ".join(line.split()) for line in lines if line.strip()]
    assert len(expected) == 14
    assert [line for line in expected if line not in text] == []


def test_a_section_without_heading_gets_none(client, nakuru):
    assert headings(client.get("/events/roundtable-2/concept-note/")) == [
        ("1", "Concept note"),
        ("2", "The roundtable"),
    ]


def test_each_paragraph_of_the_note_has_an_anchor(client, db):
    event = make_event()
    make_note(event, sections=(("", "One.\n\nTwo."), ("Aim", "Three.")))
    page = client.get(event.get_absolute_url() + "concept-note/").content.decode()
    assert re.findall(r'<p id="([^"]+)">', page) == ["p1-1", "p1-2", "p2-1"]


def test_agenda_gives_start_and_length_of_each_slot(client, db):
    event = make_event(
        items=({"title": "A", "minutes": 3, "kind": "welcome"},
               {"title": "B", "minutes": 90, "kind": "panel"}),
    )  # fmt: skip
    text = words(client.get(event.get_absolute_url() + "agenda/"))
    assert "12:45 3 min A Welcome 12:48 90 min B Panel" in text
    assert (
        "Provisional Version 1, 1 March 2026. It may still change. All times are EAT (UTC+3)."
        in text
    )


def test_a_draft_agenda_is_not_shown(client, db):
    event = make_event(
        agenda_status=Event.AgendaStatus.DRAFT,
        items=({"title": "Secret slot", "minutes": 5, "kind": "welcome"},),
    )
    assert AgendaItem.objects.filter(title="Secret slot").count() == 1
    text = words(client.get(event.get_absolute_url() + "agenda/"))
    assert "Secret slot" not in text
    assert "The agenda is to be announced." in text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Registration is open Take a seat There are seats in the room and online."),
        ({"quotas": {"in_room": 0, "online": None}},
         "There are seats online. Those in the room are taken; you can wait for one."),
        ({"quotas": {"in_room": None, "online": 0}},
         "There are seats in the room. Those online are taken; you can wait for one."),
        ({"quotas": {"online": None}}, "There are seats online. It takes a minute"),
        ({"quotas": {"online": 0}}, "All seats are taken You can wait for one."),
        ({"settings": {"opens_at": NOW + timedelta(days=5)}},
         "It opens on Saturday 17 October 2020, 09:00 EAT."),
        ({"settings": {"closes_at": NOW - timedelta(days=1)}},
         "It closed on 11 October 2020, 09:00 EAT."),
        ({"settings": {"stopped": True}}, "The organisers are taking no more people."),
        ({"status": "cancelled"}, "This roundtable is cancelled Nobody can register any more."),
        ({"status": "postponed"}, "Registration rests"),
        ({"starts_at": NOW - timedelta(minutes=30)},
         "The roundtable is under way Registration is closed."),
        ({"starts_at": NOW - timedelta(days=3)}, "This roundtable is over Registration is closed."),
    ],
)  # fmt: skip
def test_the_event_page_names_the_state_of_registration(client, db, fields, sentence):
    event = make_event(**fields)
    assert sentence in words(client.get(event.get_absolute_url()))


@pytest.mark.parametrize(
    ("fields", "calls"),
    [({}, 1), ({"quotas": {"online": 0}}, 1), ({"status": "cancelled"}, 0),
     ({"starts_at": NOW - timedelta(days=3)}, 0)],
)  # fmt: skip
def test_the_event_page_has_at_most_one_call_to_action(client, db, fields, calls):
    event = make_event(**fields)
    page = client.get(event.get_absolute_url()).content.decode()
    assert page.count('class="button') == calls


def test_what_is_unknown_reads_in_the_right_tense(client, db):
    before = words(client.get(make_event().get_absolute_url()))
    after = words(client.get(make_event(starts_at=NOW - timedelta(days=3)).get_absolute_url()))
    assert "The building is to be announced." in before
    assert "The speakers are to be announced." in before
    assert "The building was not recorded here." in after
    assert "Who spoke was not recorded here." in after
    assert "to be announced" not in after


def test_an_event_over_midnight_names_both_days(client, db):
    event = make_event(starts_at=START, ends_at=START + timedelta(hours=26))
    assert "Saturday 31 October 2020, 12:45 – Sunday 1 November 2020, 14:45 EAT (UTC+3)" in words(
        client.get(event.get_absolute_url())
    )


def test_front_page_points_to_the_event_as_its_canonical_address(client, nakuru):
    page = client.get("/").content.decode()
    assert '<link rel="canonical" href="http://localhost:8000/events/roundtable-2/">' in page


@pytest.mark.parametrize(
    "path",
    ["/", "/events/", "/events/roundtable-2/agenda/", "/events/roundtable-2/speakers/",
     "/events/roundtable-2/register/", "/speakers/communities/", "/privacy/", "/accessibility/",
     "/accounts/login/", "/nowhere/"],
)  # fmt: skip
def test_pages_have_one_h1_and_no_gap_in_their_headings(client, nakuru, path):
    levels = [int(level) for level, text in headings(client.get(path))]
    assert levels.count(1) == 1
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []


@pytest.mark.parametrize(
    ("template", "context", "sentence"),
    [
        ("400.html", {}, "What your browser sent was not complete."),
        ("400.html", {"wrong_host": True}, "an address that this site does not answer to"),
        ("403.html", {}, "You may not see this page"),
        ("403.html", {"csrf": True}, "Allow cookies for this site"),
        ("404.html", {}, "There is no such page"),
        ("413.html", {}, "what you typed is still there"),
        ("429.html", {}, "Many people are registering from your connection"),
        ("500.html", {}, "It is our fault, not yours."),
        ("503.html", {"typed": [], "address": "/e/"}, "The site can't answer just now."),
    ],
)
def test_refusals_speak_without_database_or_session(rf, template, context, sentence):
    # Without the db fixture, pytest-django fails every query.
    assert sentence in words(render(rf.get("/e/"), template, context))


def test_the_page_of_a_lost_database_keeps_every_typed_line(rf):
    typed = [("question", 'Why "so"?\n<b>Now</b>'), ("voices", "women"), ("voices", "youth")]
    response = render(rf.get("/"), "503.html", {"typed": typed, "address": "/events/e/register/"})
    page = response.content.decode()
    kept = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page, re.DOTALL)
    assert [(name, unescape(value)) for name, value in kept] == typed
    assert '<form method="post" action="/events/e/register/">' in page
