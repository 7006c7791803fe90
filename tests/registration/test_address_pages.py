"""Confirming an address on her page, what pages say of it, and the organisers' desk."""

import pytest
from django.test import Client
from django.urls import reverse

from events.registration import rules
from events.registration.links import Power, token_for
from events.registration.models import AddressCheck, HistoryEntry, Registration
from events.registration.rules import addresses
from tests.factories import AT, NOW, make_details, make_event, make_organiser, make_registration
from tests.registration.people import OUR_PAGE, Browser, mails, rows, text_of, words

BUTTON = "This is my address"
What = HistoryEntry.What


def event_with(rule, *, seats=1):
    return make_event(quotas={"in_room": seats, "online": None}, settings={"address_check": rule})


def path_of(registration, page="manage"):
    return reverse(f"registration:{page}", args=[token_for(registration, Power.MANAGE)])


def read(registration):
    return Registration.objects.with_details().get(pk=registration.pk)


def subjects(to="wanjiru@example.org"):
    return [mail["Subject"].partition(":")[0] for mail in mails(to)]


@pytest.fixture
def held(db):
    """A seat that counts only once its holder has confirmed her address."""
    return make_registration(event_with(AddressCheck.BEFORE, seats=2))


@pytest.fixture
def asked(db):
    """The only seat of an event; somebody waits for it, and its holder was asked."""
    event = event_with(AddressCheck.WHEN_WAITING)
    registration = make_registration(event)
    make_registration(event, email="baraka@example.org")
    rules.check_addresses(event, now=NOW, at=AT)
    return registration


# Her page


def test_one_button_confirms_her_address(held):
    browser = Browser()
    page = words(browser.get(path_of(held)))
    assert BUTTON in page
    assert "held for you, not confirmed yet" in page
    assert "wanjiru@example.org" in page
    assert "Your calendar" not in page
    answer = browser.post(path_of(held, "confirm_address"), **OUR_PAGE)
    assert (answer.status_code, answer["Location"]) == (
        303, path_of(held) + "?done=address_confirmed",
    )  # fmt: skip
    page = words(browser.get(answer["Location"]))
    assert "Thank you. Your address is confirmed." in page
    assert BUTTON not in page
    assert "In the room: Confirmed" in page
    assert subjects() == ["Please confirm your address", "Your seat is confirmed"]


def test_opening_links_confirms_nothing(held):
    before = rows()
    for page in ("manage", "confirm_address", "change", "cancel"):
        Browser().get(path_of(held, page))
    assert rows() == before


def test_a_post_from_elsewhere_confirms_nothing(held):
    foreign = {"headers": {"sec-fetch-site": "cross-site", "origin": "https://example.org"}}
    assert Browser().post(path_of(held, "confirm_address"), **foreign).status_code == 403
    assert read(held).address_confirmed_at is None


def test_the_calendars_link_confirms_nothing(held):
    path = reverse("registration:confirm_address", args=[token_for(held, Power.CALENDAR)])
    assert Browser().post(path, **OUR_PAGE).status_code == 404
    assert read(held).address_confirmed_at is None


@pytest.mark.parametrize("page", ["change", "another", "come_back", "meanwhile", "stop_waiting"])
def test_any_other_post_by_her_link_confirms_it_too(held, page):
    Browser().post(path_of(held, page), **OUR_PAGE)
    assert read(held).address_confirmed_at is not None


def test_giving_up_does_not_and_nobody_is_invited_by_it(held):
    """A stranger whose address was used does that."""
    Browser().post(path_of(held, "cancel"), **OUR_PAGE)
    assert read(held).address_confirmed_at is None
    assert subjects() == ["Please confirm your address", "You gave up your seat"]


def test_her_calendar_has_no_seat_that_does_not_count_yet(held):
    path = reverse("registration:personal_ics", args=[token_for(held, Power.CALENDAR)])
    assert b"STATUS:CANCELLED" in Client().get(path).content
    rules.confirm_address(held, now=NOW, at=AT)
    assert b"STATUS:CONFIRMED" in Client().get(path).content


def test_where_others_wait_her_page_asks_once_she_was_asked(asked):
    page = words(Client().get(path_of(asked)))
    assert BUTTON in page
    assert "your seat can go to somebody who waits" in page
    assert "In the room: Confirmed" in page
    mail = text_of(mails("wanjiru@example.org")[-1])
    assert "Other people wait for one." in mail
    assert path_of(asked) in mail


def test_who_was_not_asked_finds_no_such_button(db):
    for rule in (AddressCheck.NEVER, AddressCheck.WHEN_WAITING):
        registration = make_registration(event_with(rule))
        assert BUTTON not in words(Client().get(path_of(registration)))


def test_who_waits_and_who_gave_up_find_no_such_button(held, asked):
    waits = Registration.objects.get(email="baraka@example.org")
    rules.cancel(held, now=NOW, at=AT)
    for registration in (held, waits):
        assert BUTTON not in words(Client().get(path_of(registration)))


def test_her_link_again_says_what_is_left_to_do(held):
    rules.send_links(held.event, email="wanjiru@example.org", at=AT)
    assert "This seat is yours once you confirm your address." in text_of(mails()[-1])
    rules.confirm_address(held, now=NOW, at=AT)
    rules.send_links(held.event, email="wanjiru@example.org", at=AT)
    assert "once you confirm" not in text_of(mails()[-1])


# What pages say of the rule


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (AddressCheck.BEFORE, "A seat is held for you when you register."),
        (AddressCheck.WHEN_WAITING, "Your seat is yours at once."),
    ],
)
def test_how_seats_are_given_tells_the_rule_in_force(db, rule, said):
    page = words(Client().get(reverse("registration:seats", args=[event_with(rule).slug])))
    assert "Confirming your address" in page
    assert said in page
    assert "After 48 hours" in page


def test_and_nothing_where_nobody_is_asked(db):
    event = event_with(AddressCheck.NEVER)
    page = words(Client().get(reverse("registration:seats", args=[event.slug])))
    assert "Confirming your address" not in page


def test_the_page_after_the_form_says_what_to_press(db):
    for rule, there in ((AddressCheck.BEFORE, True), (AddressCheck.WHEN_WAITING, False)):
        page = words(Client().get(reverse("registration:done", args=[event_with(rule).slug])))
        assert (BUTTON in page) is there


def test_who_lost_her_seat_is_told_kindly_and_how_to_come_back(held):
    Registration.objects.filter(pk=held.pk).update(address_asked_at=AT)
    addresses._release(read(held).seat, at=AT)
    mail = text_of(mails()[-1])
    assert "So we could not keep your seat: In the room. We are sorry." in mail
    assert path_of(held) in mail
    assert "Take a seat again" in words(Client().get(path_of(held)))


# The organisers' desk


@pytest.fixture
def desk(db):
    client = Client()
    client.force_login(make_organiser())
    return client


def change_page(registration):
    return reverse("admin:registration_registration_change", args=[registration.pk])


def test_organisers_mark_an_address_as_confirmed(held, desk):
    page = words(desk.get(change_page(held)))
    assert "not confirmed" in page
    path = reverse("admin:registration_registration_address_confirmed", args=[held.pk])
    assert desk.get(path).status_code == 405
    assert desk.post(path)["Location"] == change_page(held)
    assert read(held).address_confirmed_at is not None
    entry = held.history.get(what=What.ADDRESS_CONFIRMED)
    assert entry.by_name == "organiser"
    assert "Mark the address as confirmed" not in words(desk.get(change_page(held)))


def test_nobody_else_may(held):
    path = reverse("admin:registration_registration_address_confirmed", args=[held.pk])
    client = Client()
    client.post(path)
    viewer = make_organiser("viewer")
    viewer.is_superuser = False
    viewer.save()
    client.force_login(viewer)
    client.post(path)
    assert read(held).address_confirmed_at is None


def test_the_list_finds_who_has_not_confirmed(held, desk):
    other = make_registration(held.event, email="amina@example.org", name="Amina Odhiambo")
    rules.confirm_address(other, now=NOW, at=AT)
    rules.register_companion(
        other, make_details(name="Wambui Njoroge"), submission=None, now=NOW, at=AT
    )
    address = reverse("admin:registration_registration_changelist")

    def found(value):
        response = desk.get(address, {"address": value})
        return [row.name for row in response.context_data["cl"].result_list]

    assert found("unconfirmed") == ["Wanjiru Kamau"]
    assert found("confirmed") == ["Amina Odhiambo"]
    assert len(found("")) == 3
