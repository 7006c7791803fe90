"""The first page: the event in hand, and what needs attention."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from events.cloning import clone
from events.models import Event, Venue
from events.registration.models import SeatRequest
from events.registration.outbox.models import OutboxMail
from roundtable.desk import Matter, Seats, event_in_hand, seats_of
from roundtable.roles import Role
from tests.factories import (
    AT,
    NOW,
    START,
    make_event,
    make_note,
    make_organiser,
    make_registration,
)
from tests.signing_in import show_factor

pytestmark = pytest.mark.django_db
ROOM = {"name": "Hall", "town": "Nakuru", "country": "KE"}


@pytest.fixture
def client():
    client = Client()
    client.force_login(make_organiser())
    return client


def desk(client):
    response = client.get("/admin/")
    assert response.status_code == 200
    return response


def complete_event(**fields):
    return make_event(
        venue=Venue.objects.create(**ROOM), contact_email="hello@example.org", **fields
    )


def told(client):
    return [matter.text for matter in desk(client).context["matters"]]


def test_the_event_in_hand_is_the_next_one_draft_or_not():
    make_event(starts_at=START - timedelta(days=300))
    later = make_event(starts_at=START + timedelta(days=90), featured=True)
    draft = make_event(published=False)
    assert event_in_hand(now=NOW) == draft
    assert event_in_hand(now=START + timedelta(days=1)) == later
    assert event_in_hand(now=START + timedelta(days=900)) == later


def test_without_an_event_the_desk_offers_to_add_one(client):
    shown = desk(client).content.decode()
    assert "There is no event yet" in shown
    assert event_in_hand(now=NOW) is None


def test_a_complete_event_needs_nothing(client):
    event = complete_event()
    response = desk(client)
    assert (response.context["event"], response.context["matters"]) == (event, [])
    assert "Nothing just now." in response.content.decode()


def test_seats_are_counted_by_mode_and_status():
    event = make_event(quotas={"in_room": 4, "online": None})
    for number in range(3):
        make_registration(event, email=f"p{number}@example.org")
    seat = SeatRequest.objects.first()
    seat.status = SeatRequest.Status.WAITING
    seat.save()
    assert seats_of(event) == [
        Seats("in_room", limit=4, confirmed=2, pending=0, waiting=1),
        Seats("online", limit=None, confirmed=0, pending=0, waiting=0),
    ]


def test_what_is_missing_is_named_with_where_to_mend_it(client):
    event = make_event(published=False)
    event.quotas.all().delete()
    page = f"/admin/events/event/{event.pk}/change/"
    assert desk(client).context["matters"] == [
        Matter("This event is a draft. Only organisers see it.", page),
        Matter("The place is to be announced.", page),
        Matter("People don't know whom to write to.", page),
        Matter("No seats are offered, so nobody can register.", page),
    ]


def test_what_is_amiss_in_the_agenda_is_told(client):
    slot = {"title": "Floor", "kind": "floor", "minutes": 130}
    event = complete_event(items=[slot])
    (matter,) = desk(client).context["matters"]
    assert matter.text == "The running order is 10 minutes longer than the event."
    assert matter.url == f"/admin/events/event/{event.pk}/change/"


def test_copied_note_that_names_another_day_is_told_until_it_is_edited(client):
    source = complete_event(number=2)
    make_note(source, masthead="Roundtable 2\n31 October 2020")
    at = START - timedelta(days=10)
    copied = clone(
        source, title="Again", slug="again", number=3, starts_at=at, zone=source.zone, at=AT
    )
    note = copied.concept_notes.get()
    sentence = (
        "The heading lines of the concept note still name the number or the day of "
        "“Roundtable 2: Working together”."
    )
    page = f"/admin/events/conceptnote/{note.pk}/change/"
    assert Matter(sentence, page) in desk(client).context["matters"]
    note.masthead = "Roundtable 3"
    note.save()
    assert sentence not in told(client)


def test_who_waits_for_a_decision_is_told_with_where_they_are(client):
    event = make_event(settings={"approval": True}, contact_email="us@example.org",
                       venue=Venue.objects.create(**ROOM))  # fmt: skip
    for number in range(2):
        make_registration(event, email=f"p{number}@example.org")
    (matter,) = desk(client).context["matters"]
    address = f"/admin/registration/registration/?event__id__exact={event.pk}&seat=in_room.pending"
    assert matter == Matter("In the room: 2 people wait for your decision.", address)
    assert client.get(address).context["cl"].result_count == 2


def test_an_event_that_is_over_asks_for_no_place(client):
    make_event(starts_at=NOW - timedelta(days=2))
    assert told(client) == []


def test_a_mail_that_was_given_up_is_named(client):
    complete_event()
    OutboxMail.objects.create(to="a@example.org", subject="Hello", state="dead")
    (matter,) = desk(client).context["matters"]
    assert matter == Matter(
        "1 mail did not reach its reader.", "/admin/outbox/outboxmail/?state__exact=dead"
    )
    listed = client.get(matter.url)
    assert listed.context["cl"].result_count == 1


def test_a_real_install_without_mail_is_told(client, settings):
    settings.LOCAL_INSTALL = False
    show_factor(client)
    complete_event()
    assert "Mails can't leave, so nobody can register: the setting EMAIL_URL is missing." in told(
        client
    )


def test_support_that_nobody_sees_is_named_to_who_can_change_it(client):
    event = complete_event()
    make_registration(event, support={"step_free": "", "captions": ""})
    sentence = "1 person asked for support, and nobody is access officer to see it."
    assert told(client) == [sentence]
    editor = User.objects.create_user("editor", is_staff=True)
    editor.groups.add(Group.objects.get(name=Role.EDITOR))
    theirs = Client()
    theirs.force_login(editor)
    assert told(theirs) == []
    officer = User.objects.create_user("officer", is_staff=True)
    officer.groups.add(Group.objects.get(name=Role.ACCESS_OFFICER))
    assert told(client) == []
    officer.is_active = False
    officer.save()
    assert told(client) == [sentence]


@pytest.mark.parametrize("number", [1, 3])
def test_the_desk_costs_a_constant_number_of_queries(client, number, django_assert_num_queries):
    event = complete_event(items=[{"title": "Panel", "kind": "panel", "minutes": 9}] * number)
    for index in range(number):
        complete_event(starts_at=timezone.now() + timedelta(days=index + 1))
        make_registration(event, email=f"p{index}@example.org", support={"step_free": ""})
        OutboxMail.objects.create(to="a@example.org", subject="Hello", state="dead")
    with django_assert_num_queries(14):
        desk(client)
    assert Event.objects.count() == number + 1


def test_rooms_stand_in_the_organisers_order(client):
    rooms = desk(client).context["app_list"]
    assert [room["app_label"] for room in rooms] == [
        "events", "speakers", "registration", "outbox", "auth",
    ]  # fmt: skip
    assert [model["object_name"] for model in rooms[0]["models"]] == [
        "Event", "ConceptNote", "AgendaItem", "Venue", "Series",
    ]  # fmt: skip


def test_signing_out_ends_on_a_page_of_ours(client):
    response = client.post("/admin/logout/")
    shown = unescape(response.content.decode())
    main = " ".join(
        re.sub(r"<[^>]+>", " ", shown[shown.index("<main") : shown.index("</main>")]).split()
    )
    assert main == (
        "You are signed out Nobody can open the organisers' desk here until somebody signs in "
        "again. Sign in again To the site"
    )
    assert re.findall(r'<li><a href="([^"]+)">(?:Sign in again|To the site)', shown) == [
        "/admin/", "/",
    ]  # fmt: skip
    assert "quality time" not in shown
    assert "_auth_user_id" not in client.session


# PostgreSQL finds no row with such a number; SQLite can't even be asked.
NOWHERE = 404 if connection.vendor == "sqlite" else 200


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (f"events/agendaitem/?event={10**20}", NOWHERE),
        (f"events/conceptnote/?event={10**20}", NOWHERE),
        (f"registration/personaldataaccess/?event={10**20}", NOWHERE),
        (f"events/event/{10**20}/change/", 302),
        ("events/event/add/?starts_at=9999-12-31&published=1", 200),
    ],
)
def test_an_address_that_nobody_offers_is_no_fault(client, asked, status):
    make_event()
    assert client.get(f"/admin/{asked}").status_code == status
