"""Who comes along with a person to assist or interpret, and takes no seat."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from events.registration import rules
from events.registration.links import Power, token_for
from events.registration.models import Registration, SupportNeed
from events.registration.queries import seats_taken, table_of
from roundtable.roles import Role
from tests.factories import AT, NOW, make_details, make_event, make_group, make_registration
from tests.registration.people import (
    OUR_PAGE,
    Browser,
    answers,
    held_by,
    html_of,
    last_mail,
    lost_from,
    mails,
    rows,
    text_of,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aged_forms")]
AKINYI = ("assistant", "Akinyi")
OTIENO = ("interpreter", "Otieno")
COMES = "Akinyi comes along and needs no seat."
SOMEBODY = "Somebody comes along with you and needs no seat."


@pytest.fixture(autouse=True)
def before_the_event(settings):
    settings.ROUNDTABLE_CLOCK = NOW


@pytest.fixture
def person():
    return Browser()


@pytest.fixture
def event():
    make_group("cso")
    return make_event(number=2, quotas={"in_room": 2, "online": None})


def path(registration, name="manage"):
    return reverse(f"registration:{name}", args=[token_for(registration, Power.MANAGE)])


def along(registration):
    return list(registration.attendants.values_list("kind", "name"))


def register(person, event, **changes):
    return person.post(
        reverse("registration:register", args=[event.slug]), answers(**changes), **OUR_PAGE
    )


def desk(role):
    user = User.objects.create_user(role.value, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


# What it is not: a seat, or a person at the table


def test_who_comes_along_takes_no_seat_and_is_nobody_at_the_table(event):
    wanjiru = make_registration(event, attendants=[AKINYI, OTIENO])
    assert along(wanjiru) == [AKINYI, OTIENO]
    assert seats_taken(event) == {"in_room": 1}
    assert table_of(event).people == 1
    other = make_registration(event, email="b@example.org")
    assert str(other.seat) == "In the room: Confirmed"


# The form


def test_the_form_takes_up_to_two(person, event):
    register(
        person, event,
        attendant_1="assistant", attendant_1_name=" Akinyi ", attendant_2="interpreter",
    )  # fmt: skip
    assert along(Registration.objects.get()) == [AKINYI, ("interpreter", "")]


def test_the_tick_alone_is_an_assistant_without_a_name(person, event):
    register(person, event, support="assistant")
    wanjiru = Registration.objects.get()
    assert along(wanjiru) == [("assistant", "")]
    assert [need.kind for need in wanjiru.support_needs.all()] == ["assistant"]
    assert SOMEBODY in text_of(last_mail())


def test_the_tick_adds_nobody_to_those_who_are_named(person, event):
    register(
        person, event,
        support="assistant", attendant_1="interpreter", attendant_1_name="Otieno",
    )  # fmt: skip
    assert along(Registration.objects.get()) == [OTIENO]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"attendant_1_name": "Akinyi"}, "Please choose what this person comes for."),
        ({"attendant_2": "friend"}, "Please choose from the list."),
        ({"attendant_1": "assistant", "attendant_1_name": "?!"},
         "Please write the name in letters."),
        ({"attendant_1": "assistant", "attendant_1_name": "www.example.org"},
         "Please write only the name, without a web address."),
        ({"attendant_2": "assistant", "attendant_2_name": "n" * 201},
         "Please shorten this to 200 characters. You wrote 201."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(person, event, changes, said):
    before = rows()
    response = register(person, event, **changes)
    assert response.status_code == 200
    assert said in words(response)
    assert lost_from(response, changes) <= {"attendant_2"} & {
        name for name, value in changes.items() if value == "friend"
    }
    assert rows() == before


def test_she_changes_it_by_her_link(person, event):
    wanjiru = make_registration(event, attendants=[AKINYI])
    held = held_by(person.get(path(wanjiru, "change")))
    assert (held["attendant_1"], held["attendant_1_name"]) == (["assistant"], ["Akinyi"])
    typed = {name: values for name, values in held.items() if values != [""]}
    person.post(path(wanjiru, "change"), typed, **OUR_PAGE)
    assert along(wanjiru) == [AKINYI]
    assert [entry.fields for entry in wanjiru.history.filter(what="changed")] == [["consents"]]
    typed |= {"attendant_1": "interpreter", "attendant_1_name": "Otieno"}
    person.post(path(wanjiru, "change"), typed, **OUR_PAGE)
    assert along(wanjiru) == [OTIENO]
    del typed["attendant_1"], typed["attendant_1_name"]
    person.post(path(wanjiru, "change"), typed, **OUR_PAGE)
    assert along(wanjiru) == []
    changes = wanjiru.history.filter(what="changed").order_by("pk")
    assert [entry.fields for entry in changes][1:] == [["support"], ["support"]]


# What she is told


@pytest.mark.parametrize("mode", ["in_room", "online"])
def test_mail_and_page_tell_her(person, event, mode):
    event.quotas.filter(mode="online").update(seats=0)
    wanjiru = make_registration(event, mode=mode, attendants=[AKINYI])
    assert COMES in text_of(last_mail())
    assert COMES in html_of(last_mail())
    assert COMES in words(person.get(path(wanjiru)))
    for told in (text_of(last_mail()), html_of(last_mail())):
        assert "ssistant" not in told


def test_who_comes_without_anybody_is_told_nothing_of_it(person, event):
    wanjiru = make_registration(event)
    assert "comes along" not in text_of(last_mail()) + words(person.get(path(wanjiru)))


def test_a_name_makes_no_link_in_the_mail(event):
    make_registration(event, attendants=[("assistant", "win.example.com")])
    assert "win. example. com comes along" in text_of(last_mail())


def test_an_address_that_was_left_is_told_of_nobody(event):
    wanjiru = make_registration(event, attendants=[AKINYI])
    rules.correct_address(wanjiru, "new@example.org", by=None, now=NOW, at=AT)
    assert "Akinyi" not in text_of(mails("wanjiru@example.org")[-1])
    assert COMES in text_of(mails("new@example.org")[-1])


# Who sees it


@pytest.mark.parametrize("role", [Role.OWNER, Role.ORGANISER, Role.READ_ONLY, Role.ACCESS_OFFICER])
def test_only_the_access_officer_sees_who_comes_along(event, role):
    wanjiru = make_registration(event, attendants=[AKINYI])
    rules.change(wanjiru, make_details(attendants=[OTIENO]), now=NOW, at=AT)
    client, sees = desk(role), role == Role.ACCESS_OFFICER
    page = words(client.get(f"/admin/registration/registration/{wanjiru.pk}/change/"))
    assert ("Otieno" in page, "Interpreter" in page) == (sees, sees)
    # That there was such a change is told to nobody else.
    assert ("Changed her answers" in page) is sees
    support = client.get("/admin/registration/registration/support/")
    assert support.status_code == (200 if sees else 403)


def test_the_page_of_support_tells_who_comes_along_with_whom(event):
    make_registration(event, attendants=[AKINYI, ("interpreter", "")])
    gone = make_registration(event, email="b@example.org", name="Gone", attendants=[OTIENO])
    rules.cancel(gone, now=NOW, at=AT)
    page = " ".join(words(desk(Role.ACCESS_OFFICER).get(
        "/admin/registration/registration/support/")).split())  # fmt: skip
    assert "1 person asked for support." in page
    assert "Who comes along and needs no seat (2)" in page
    assert '<li>Assistant: <strong dir="auto">Akinyi</strong> · with <bdi>Wanjiru' in page
    assert "<li>Interpreter · with <bdi>Wanjiru" in page
    assert "Otieno" not in page


def test_the_filter_finds_who_brings_somebody(event):
    wanjiru = make_registration(event, attendants=[AKINYI])
    make_registration(event, email="b@example.org")
    assert list(Registration.objects.asking_for_support()) == [wanjiru]
    assert Registration.objects.asking_for_support(False).count() == 1


def test_it_goes_with_her(event):
    wanjiru = make_registration(event, attendants=[AKINYI], support={"captions": ""})
    rules.erase(wanjiru, now=NOW, at=AT)
    assert (rows()["Attendant"], SupportNeed.objects.count()) == ([], 0)
