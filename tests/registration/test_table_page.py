"""Who is at the table, as the desk shows it: the page, its wishes, and the file."""

import csv
import io

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.registration import rules
from events.registration.models import PersonalDataAccess, SeatRequest
from speakers.models import StakeholderGroup
from tests.desk import read
from tests.factories import (
    AT,
    NOW,
    make_assignment,
    make_event,
    make_group,
    make_organiser,
    make_registration,
    make_speaker,
    make_voice,
)
from tests.registration.people import words

pytestmark = pytest.mark.django_db
SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}
SENTENCE = "Give a whole number from 0 to 999."
BAD = ["", "-1", "1000", "9" * 5000, "three", "1.5", "<b>", "1\x00", "٣x", " "]


@pytest.fixture
def organiser():
    client = Client()
    client.force_login(make_organiser())
    return client


def reader():
    user = User.objects.create_user("reader", is_staff=True)
    for name in ("view_event", "view_registration"):
        user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def event():
    """Ten people of two groups; two of the voices are rare, one is nearly everybody's."""
    event = make_event(slug="e", items=[SLOT])
    cso = make_group("cso", label="Civil society", in_note=True, position=1)
    make_group("un", label="UN system", in_note=True, position=2)
    media = make_group("media", label="Media", position=3)
    make_group("farmers", label="Farmers", position=4)
    make_voice("prisoners", label="Prisoners")
    women, youth = make_voice("women", label="Women"), make_voice("youth", label="Youth")
    elders = make_voice("elders", label="Elders")
    for place in range(10):
        brought = [women, *([youth] if place < 5 else []), *([elders] if place < 4 else [])]
        make_registration(event, email=f"p{place}@example.org", group=media if place == 9 else cso,
                          voices=brought, country="UG" if place == 9 else "KE")  # fmt: skip
    SeatRequest.objects.filter(registration__email="p9@example.org").update(status="waiting")
    return event


def page(event):
    return f"/admin/events/event/{event.pk}/table/"


def file(event):
    return f"/admin/events/event/{event.pk}/table.csv"


def wish(client, event, **typed):
    """Open the page, type over some of it, and save."""
    return client.post(page(event), {**read(client.get(page(event))), **typed})


def targets(event):
    return dict(event.table_targets.values_list("group__code", "people"))


def told(client, event):
    return {
        voice.code: text for voice, text in client.get(page(event)).context["voices"] or []
    }  # fmt: skip


# The page


def test_the_page_tells_how_each_group_stands(organiser, event):
    make_assignment(event.agenda_items.get(), make_speaker(group=make_group("un")),
                    status="invited")  # fmt: skip
    response = organiser.get(page(event))
    rows = [(row.group.label, row.state.label, row.group.target, row.registered, row.confirmed,
             row.speaking) for row, _field in response.context["rows"]]  # fmt: skip
    assert rows == [
        ("UN system", "Missing", 1, 0, 0, 1),
        ("Civil society", "As wished", 1, 9, 9, 0),
        ("Media", "As wished", 0, 1, 0, 0),
    ]
    text = words(response)
    for said in ("1 group is missing. 10 people are registered.", "nobody has agreed yet",
                 "not named in the note", "Kenya", "Uganda", "In the room"):  # fmt: skip
        assert said in text
    assert "Still open: UN system." in text
    assert [row.group.label for row, _field in response.context["others"]] == ["Farmers"]


def test_the_page_of_an_event_with_nothing_yet(organiser):
    text = words(organiser.get(page(make_event(published=False))))
    for said in (
        "The concept note names no group yet, and nobody is registered.",
        "No group has a seat here yet.", "No group is missing. 0 people are registered.",
        "Nobody is registered yet.", "The form asks for no voices.",
    ):  # fmt: skip
        assert said in text


@pytest.mark.parametrize("key", ["0", "999999999999999999999", "x", "1_2F"])
def test_there_is_no_table_of_no_event(organiser, key):
    for path in (f"/admin/events/event/{key}/table/", f"/admin/events/event/{key}/table.csv"):
        assert organiser.get(path).status_code == 404
        assert organiser.post(path, {}).status_code == 404


def test_labels_of_groups_are_text(organiser, event):
    StakeholderGroup.objects.filter(code="un").update(label="<script>x()</script>")
    shown = organiser.get(page(event)).content.decode()
    assert "<script>x()" not in shown
    assert "&lt;script&gt;x()" in shown


@pytest.mark.parametrize("number", [1, 3, 30])
def test_queries_of_page_file_and_saving_are_constant(organiser, number):
    event = make_event(items=[SLOT])
    for place in range(number):
        group = make_group(f"g{place}", in_note=True)
        make_registration(event, email=f"p{place}@example.org", group=group,
                          voices=[make_voice(f"v{place}")])  # fmt: skip
        make_assignment(event.agenda_items.get(), make_speaker(group=group))
    sent = read(organiser.get(page(event))) | {f"target_g{place}": 5 for place in range(number)}
    counted = []
    for ask in (
        lambda: organiser.get(page(event)),
        lambda: organiser.get(file(event)),
        lambda: organiser.post(page(event), sent),
    ):
        with CaptureQueriesContext(connection) as queries:
            assert ask().status_code in {200, 302}
        counted.append(len(queries))
    # Session, user, the event, and four of the table; to save, the lock and the rows besides.
    assert counted == [7, 7, 11]
    assert len(targets(event)) == number


# Wishes


def test_wishes_are_written_and_only_those_typed_over(organiser, event):
    response = wish(organiser, event, target_cso="12", target_farmers="0", target_media="2")
    assert (response.status_code, response["Location"]) == (302, page(event))
    assert targets(event) == {"cso": 12, "media": 2}
    after = organiser.get(page(event))
    assert "The wishes for the table are saved." in words(after)
    rows = {row.group.code: row.state for row, _field in after.context["rows"]}
    assert rows == {"cso": "low", "un": "missing", "media": "missing"}


def test_a_group_not_listed_can_be_wished_for(organiser, event):
    wish(organiser, event, target_farmers="3")
    assert targets(event) == {"farmers": 3}
    rows = [row.group.code for row, _field in organiser.get(page(event)).context["rows"]]
    assert rows == ["un", "farmers", "cso", "media"]


def test_a_page_that_lay_open_undoes_nothing(organiser, event):
    open_page = read(organiser.get(page(event)))
    wish(organiser, event, target_cso="12")
    organiser.post(page(event), {**open_page, "target_un": "4"})
    assert targets(event) == {"cso": 12, "un": 4}


@pytest.mark.parametrize("people", ["0", "1", "999", " 7 "])
def test_a_good_number_is_taken(organiser, event, people):
    assert wish(organiser, event, target_un=people).status_code == 302
    assert targets(event) == ({} if people == "1" else {"un": int(people)})


@pytest.mark.parametrize("typed", BAD)
def test_a_bad_number_gets_a_sentence_at_its_field_and_nothing_is_lost(organiser, event, typed):
    response = wish(organiser, event, target_un=typed, target_cso="12", target_farmers="4")
    assert response.status_code == 200
    assert response.context["form"].errors == {"target_un": [SENTENCE]}
    text = words(response)
    assert text.count(SENTENCE) == 1
    assert "Please look at what is marked below. What you typed is kept." in text
    held = read(response)
    assert (held["target_cso"], held["target_farmers"]) == ("12", "4")
    assert targets(event) == {}
    # Mended, all of it is written.
    assert organiser.post(page(event), {**held, "target_un": "2"}).status_code == 302
    assert targets(event) == {"un": 2, "cso": 12, "farmers": 4}


def test_the_sentence_belongs_to_its_field(organiser, event):
    response = wish(organiser, event, target_un="-1")
    field = response.context["form"]["target_un"]
    assert 'aria-invalid="true"' in str(field)
    assert 'aria-describedby="id_target_un_error"' in str(field)
    assert 'id="id_target_un_error"' in words(response)


def test_who_may_only_see_writes_nothing(event):
    client = reader()
    assert "target_" not in words(client.get(page(event)))
    assert client.post(page(event), {"target_un": "9"}).status_code == 403
    assert targets(event) == {}


def test_a_form_of_another_site_writes_nothing(event):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_organiser())
    assert client.post(page(event), {"target_un": "9"}).status_code == 403
    assert targets(event) == {}


# Voices


def test_small_numbers_of_voices_are_for_who_may_see_them(organiser, event):
    assert told(organiser, event) == {"prisoners": "0", "women": "10", "youth": "5", "elders": "4"}
    # All ten bring women's voice: that is said of nobody by name.
    assert told(reader(), event) == {"prisoners": "0", "women": ">5", "youth": "5", "elders": "<5"}


def test_among_few_people_others_are_told_no_voice(organiser, event):
    rules.erase(event.registrations.get(email="p8@example.org"), now=NOW, at=AT)
    client = reader()
    assert told(client, event) == {}
    assert "Shown once more people are registered" in words(client.get(page(event)))
    assert told(organiser, event)["women"] == "9"


def test_the_page_names_nobody(organiser, event):
    shown = words(organiser.get(page(event)))
    for secret in ("Wanjiru", "Kamau", "@example.org"):
        assert secret not in shown.split("</header>")[1]


# The file


def lines(response):
    assert response.status_code == 200
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_file_holds_what_the_page_shows(event):
    response = reader().get(file(event))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="table-e-')
    assert "no-store" in response["Cache-Control"]
    rows = lines(response)
    assert {len(row) for row in rows} == {12}
    assert rows[:4] == [
        ["What", "Code", "Name", "How it stands", "Wished for", "Registered", "Confirmed",
         "In the room", "Online", "Speaking", "Agreed to speak", "Yet to be named"],
        ["Stakeholder group", "un", "UN system", "Missing", "1", *["0"] * 7],
        ["Stakeholder group", "cso", "Civil society", "As wished", "1", "9", "9", "9", *["0"] * 4],
        ["Stakeholder group", "media", "Media", "As wished", "0", "1", *["0"] * 6],
    ]  # fmt: skip
    assert [row[:7] for row in rows[4:8]] == [
        ["Way to take part", "", "In the room", "", "", "10", "9"],
        ["Way to take part", "", "Online", "", "", "0", "0"],
        ["Country", "", "Kenya", "", "", "9", "9"],
        ["Country", "", "Uganda", "", "", "1", "0"],
    ]
    assert {row[1]: row[5] for row in rows[8:]} == {
        "prisoners": "0", "women": ">5", "youth": "5", "elders": "<5",
    }  # fmt: skip


def test_small_numbers_never_leave_the_desk(organiser, event):
    assert lines(organiser.get(file(event))) == lines(reader().get(file(event)))


def test_no_cell_is_a_formula(organiser, event):
    StakeholderGroup.objects.filter(code="un").update(label="=1+1")
    assert lines(organiser.get(file(event)))[1][2] == "'=1+1"


def test_counts_alone_are_not_written_into_the_log_of_personal_data(organiser, event):
    organiser.get(page(event))
    organiser.get(file(event))
    assert PersonalDataAccess.objects.count() == 0
