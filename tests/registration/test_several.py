"""Several people without an address, registered by one who has one, in one form."""

from datetime import timedelta

import pytest
from django.urls import reverse

from events.registration import rules
from events.registration.guards import new_form_token
from events.registration.links import Power, code_url, manage_url, token_for
from events.registration.models import Registration, RegistrationSettings
from events.registration.queries import availability_of
from events.registration.rules import MOST_COMPANIONS, Refused
from events.registration.seats import Reason, with_a_seat_given
from tests.factories import AT, NOW, make_details, make_event, make_group, make_registration
from tests.registration.people import (
    OUR_PAGE,
    Browser,
    held_by,
    html_of,
    last_mail,
    lost_from,
    outbox,
    rows,
    text_of,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aged_forms")]


@pytest.fixture(autouse=True)
def before_the_event(settings):
    settings.ROUNDTABLE_CLOCK = NOW


@pytest.fixture
def person():
    return Browser()


@pytest.fixture
def event():
    return make_event(number=2, quotas={"in_room": 3, "online": None})


@pytest.fixture
def leader(event):
    """Her address is confirmed: a post by her link would do that, and nothing else is meant."""
    registration = make_registration(event)
    rules.confirm_address(registration, now=NOW, at=AT)
    return registration


def people(*names, **told):
    return [make_details(name=name, **told) for name in names]


def register(leader, *names, submission=None, **told):
    return rules.register_several(
        leader, people(*names, **told), submission=submission, now=NOW, at=AT
    )


def standing(leader):
    companions = leader.companions.with_details().order_by("pk")
    return [(row.name, str(row.in_force)) for row in companions]


# The rule


def test_they_are_seated_in_the_sequence_given_and_who_comes_too_late_waits(leader):
    registered = register(leader, "Otieno", "Akinyi", "Baraka")
    assert standing(leader) == [
        ("Otieno", "In the room: Confirmed"),
        ("Akinyi", "In the room: Confirmed"),
        ("Baraka", "In the room: On the waiting list"),
    ]
    assert [row.name for row in registered] == ["Otieno", "Akinyi", "Baraka"]
    assert all(row.contact_id == leader.pk and len(row.code) == 8 for row in registered)
    assert [row.history.get().why for row in registered] == ["free", "free", "full"]


def test_one_mail_tells_of_all(leader, event):
    before = len(outbox())
    otieno, _akinyi, baraka = register(leader, "Otieno", "Akinyi", "Baraka")
    assert len(outbox()) == before + 1
    message = last_mail()
    assert message["Subject"] == "3 people are registered: Roundtable 2"
    assert message["To"] == "Wanjiru Kamau <wanjiru@example.org>"
    text = text_of(message)
    block = (
        f"\nOtieno\nHas a seat: In the room\nCode: {otieno.code_written}\n{manage_url(otieno)}\n"
    )
    assert block in text
    waits = "\nBaraka\nWaits for a seat: In the room. The place on the list now: 1\nCode: "
    assert f"{waits}{baraka.code_written}\n{manage_url(baraka)}\n" in text
    assert code_url(event) in text
    assert manage_url(leader) in text
    assert "\n\n\n" not in text
    page = html_of(message)
    for said in ("Otieno", baraka.code_written, manage_url(baraka), code_url(event)):
        assert said in page


def test_a_name_makes_no_link_in_the_mail(leader):
    register(leader, "win.example.com")
    assert "win. example. com" in text_of(last_mail())
    assert "win.example.com" not in text_of(last_mail())


def test_seats_kept_for_a_group_are_looked_at_for_each(leader, event):
    event.kept_seats.create(
        mode="in_room", group=make_group("youth"), seats=2, until=NOW + timedelta(days=1)
    )
    told = [
        make_details(name="Otieno"),
        make_details(name="Akinyi", group=make_group("youth")),
    ]
    registered = rules.register_several(leader, told, submission=None, now=NOW, at=AT)
    assert standing(leader) == [
        ("Otieno", "In the room: On the waiting list"),
        ("Akinyi", "In the room: Confirmed"),
    ]
    assert [row.history.get().why for row in registered] == ["kept", "free"]


def test_each_stands_after_the_last_as_the_database_says(leader, event):
    event.kept_seats.create(
        mode="in_room", group=make_group("youth"), seats=1, until=NOW + timedelta(days=1)
    )
    found = availability_of(event, now=NOW)
    make_registration(event, email="a@example.org", name="A")
    later = availability_of(type(event).objects.get(pk=event.pk), now=NOW)
    reckoned = with_a_seat_given(found, later.offered[0], group="cso", now=NOW)
    assert (reckoned.free, reckoned.kept, reckoned.seats) == (
        later.free, later.kept, later.seats,
    )  # fmt: skip
    assert (later.free, later.kept) == (("online",), ("in_room",))


def test_answers_and_agreements_are_kept_for_each(leader):
    register(leader, "Otieno", support={"other": "A ramp"}, consents={"processing": True})
    otieno = leader.companions.get()
    assert list(otieno.support_needs.values_list("kind", "note")) == [("other", "A ramp")]
    consents = list(otieno.consents.values_list("purpose", "given", "channel"))
    assert consents == [("processing", True, "web")]


def test_the_same_form_sent_twice_counts_once_even_after_one_gave_up(leader):
    first, _second = register(leader, "Otieno", "Akinyi", submission="s" * 40)
    assert register(leader, "Otieno", "Akinyi", submission="s" * 40) == []
    rules.cancel(first, now=NOW, at=AT)
    assert register(leader, "Otieno", "Akinyi", submission="s" * 40) == []
    assert len(register(leader, "Otieno", submission="t" * 40)) == 1
    assert leader.companions.count() == 3


def test_no_more_than_are_left_and_then_none_of_them(leader):
    rules.register_companion(leader, make_details(name="Otieno"), submission=None, now=NOW, at=AT)
    names = [f"W {number}" for number in range(MOST_COMPANIONS)]
    before = rows()
    with pytest.raises(Refused, match="too_many_companions"):
        register(leader, *names)
    assert rows() == before
    register(leader, *names[1:])
    assert leader.companions.count() == MOST_COMPANIONS


def test_who_gave_up_or_has_no_address_registers_nobody(leader):
    (otieno,) = register(leader, "Otieno")
    with pytest.raises(Refused, match="contact_without_address"):
        register(otieno, "Akinyi")
    rules.cancel(leader, now=NOW, at=AT)
    with pytest.raises(Refused, match="contact_gave_up"):
        register(leader, "Akinyi")


def test_nobody_is_registered_while_registration_is_closed(leader, event):
    RegistrationSettings.objects.filter(event=event).update(stopped=True)
    with pytest.raises(Refused) as refusal:
        register(leader, "Otieno")
    assert refusal.value.reason == Reason.STOPPED


def test_where_the_organisers_decide_all_wait_for_their_word(leader, event):
    RegistrationSettings.objects.filter(event=event).update(approval=True)
    register(leader, "Otieno")
    assert standing(leader) == [("Otieno", "In the room: Waiting for the organisers")]
    assert "The organisers decide on the seat: In the room" in text_of(last_mail())


@pytest.mark.parametrize(("number", "queries"), [(1, 26), (3, 54)], ids=["one", "three"])
def test_each_person_costs_a_constant_number_of_queries(
    leader, number, queries, django_assert_num_queries
):
    """So it is 14 for each, beside 12 for all."""
    told = people(*[f"W {place}" for place in range(number)], mode="online")
    with django_assert_num_queries(queries):
        rules.register_several(leader, told, submission=None, now=NOW, at=AT)


# The form


def path(registration, name="several"):
    return reverse(f"registration:{name}", args=[token_for(registration, Power.MANAGE)])


def typed(*names, **changes):
    """What a leader types: names in the first rows; None takes an answer away."""
    form = {
        "mode": "in_room",
        "group": "cso",
        "country": "KE",
        "agreed": "on",
        "form_token": new_form_token(),
        **{f"name_{number}": name for number, name in enumerate(names, 1)},
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


def post(person, leader, form, **extra):
    return person.post(path(leader), form, **(extra or OUR_PAGE))


def test_a_leader_registers_several_from_her_page(person, leader):
    make_group("youth")
    assert f'href="{path(leader)}"' in words(person.get(path(leader, "manage")))
    held = held_by(person.get(path(leader)))
    assert [name for name in held if name.startswith("name_")] == [
        f"name_{number}" for number in range(1, MOST_COMPANIONS + 1)
    ]
    form = typed(
        "Otieno", "", " Akinyi ",
        group_3="youth", support_3="A ramp", organisation="Bodaboda Riders", county="032",
    )  # fmt: skip
    response = post(person, leader, form)
    assert (response.status_code, response["Location"]) == (
        303, path(leader, "manage") + "?done=added_several",
    )  # fmt: skip
    found = leader.companions.order_by("pk")
    assert [
        (row.name, row.group.code, row.organisation, row.country.code, row.county) for row in found
    ] == [
        ("Otieno", "cso", "Bodaboda Riders", "KE", "032"),
        ("Akinyi", "youth", "Bodaboda Riders", "KE", "032"),
    ]
    assert [list(row.support_needs.values_list("kind", "note")) for row in found] == [
        [], [("other", "A ramp")],
    ]  # fmt: skip
    agreed = [("adult", True, "web"), ("code_of_conduct", True, "web"), ("processing", True, "web")]
    for row in found:
        consents = row.consents.values_list("purpose", "given", "channel").order_by("purpose")
        assert list(consents) == agreed
    shown = words(person.get(response["Location"]))
    assert "They are registered. One mail tells how each of them stands." in shown


def test_there_are_as_many_rows_as_are_left(person, leader):
    register(leader, "Otieno", "Akinyi")
    shown = words(person.get(path(leader)))
    assert "You can register 8 more people." in shown
    assert 'name="name_8"' in shown
    assert 'name="name_9"' not in shown


def test_where_none_is_left_the_page_says_so(person, leader):
    register(leader, *[f"W {number}" for number in range(MOST_COMPANIONS)])
    response = person.get(path(leader))
    assert "You have registered as many people as one address can." in words(response)
    assert "name_1" not in held_by(response)


def test_more_than_are_left_are_refused_and_nothing_typed_is_lost(person, leader):
    form = typed(*[f"W {number}" for number in range(MOST_COMPANIONS)])
    register(leader, "Otieno")
    before = rows()
    response = post(person, leader, form)
    assert response.status_code == 409
    assert "You have registered as many people as one address can." in words(response)
    assert lost_from(response, form) == set()
    assert rows() == before


@pytest.mark.parametrize(
    ("names", "changes", "said"),
    [
        ([], {}, "Person 1: name: Please write at least one name."),
        (["Otieno", ""], {"support_2": "A ramp"},
         "Person 2: name: Please write the name too, or clear this row."),
        (["Otieno", ""], {"group_2": "cso"},
         "Person 2: name: Please write the name too, or clear this row."),
        (["?!"], {}, "Person 1: name: Please write the name in letters."),
        (["www.example.com"], {}, "Person 1: name: Please write only the name, without a web"),
        (["n" * 201], {}, "Please shorten this to 200 characters. You wrote 201."),
        (["Otieno"], {"group_1": "gone"}, "Please choose one of the groups in the list."),
        (["Otieno"], {"agreed": None}, "Please ask each of them first, and then tick this."),
        (["Otieno"], {"mode": None}, "Please choose how you will take part."),
        (["Otieno"], {"group": ""}, "Please choose a group."),
        (["Otieno"], {"county": "032", "country": "UG"}, "You chose a county of Kenya"),
        (["Otieno"], {"form_token": "x"}, "The form came back incomplete."),
        (["Otieno"], {"leave_empty": "x"}, "Please leave this field empty."),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_row_and_nothing_is_lost(person, leader, names, changes, said):
    form = typed(*names, **changes)
    before = rows()
    response = post(person, leader, form)
    assert response.status_code == 200
    assert said in words(response)
    assert rows() == before
    assert lost_from(response, form) <= {"form_token", "group_1"}


@pytest.mark.parametrize(
    "names", [["Otieno", "OTIENO"], ["wanjiru kamau"], ["Akinyi"]],
    ids=["twice in the form", "her own", "somebody she registered"],
)  # fmt: skip
def test_the_same_name_twice_is_asked_about(person, leader, names):
    register(leader, "Akinyi")
    form = typed(*names)
    assert "same_name" not in words(person.get(path(leader)))
    response = post(person, leader, form)
    said = f"Person {len(names)}: name: This name is there already."
    assert said in words(response)
    assert "These are different people who have the same name." in words(response)
    assert lost_from(response, form) == set()
    assert leader.companions.count() == 1
    assert post(person, leader, {**form, "same_name": "on"}).status_code == 303
    assert leader.companions.count() == 1 + len(names)


def test_pressed_twice_it_counts_once(person, leader):
    form = typed("Otieno", "Akinyi")
    assert [post(person, leader, form).status_code for _ in range(2)] == [303, 303]
    assert leader.companions.count() == 2


def test_a_foreign_page_and_a_flood_register_nobody(person, leader, settings):
    form = typed("Otieno")
    assert post(person, leader, form, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    settings.REGISTRATION_POSTS_PER_HOUR = 0
    response = post(person, leader, form)
    assert response.status_code == 429
    assert lost_from(response, form) == set()
    assert not leader.companions.exists()


def test_who_gave_up_or_has_no_address_is_led_back(person, leader):
    (otieno,) = register(leader, "Otieno")
    assert path(otieno) not in words(person.get(path(otieno, "manage")))
    for row in (otieno, leader):
        rules.cancel(row, now=NOW, at=AT)
        for response in (person.get(path(row)), post(person, row, typed("Akinyi"))):
            assert response["Location"] == path(row, "manage")
    assert Registration.objects.count() == 2


def test_the_page_is_kept_nowhere(person, leader):
    response = person.get(path(leader))
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert not response.cookies
