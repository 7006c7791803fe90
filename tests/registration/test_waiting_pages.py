"""What somebody sees who waits for a seat, and the buttons she has."""

import re
from datetime import timedelta

import pytest

from events.registration import rules
from events.registration.links import Power, token_for
from events.registration.models import KeptSeats, Registration, RegistrationSettings, SeatRequest
from tests.factories import AT, NOW, make_details, make_event, make_group, make_registration
from tests.registration.people import OUR_PAGE, Browser, answers, mails, text_of, words


@pytest.fixture
def event(db):
    """One seat in the room, which Amina has, and as many online as come."""
    event = make_event(slug="e", quotas={"in_room": 1, "online": None})
    make_registration(event, email="amina@example.org")
    return event


@pytest.fixture
def browser():
    return Browser()


def wait(event, name="baraka", **fields):
    return make_registration(event, email=f"{name}@example.org", name=name.title(), **fields)


def page_of(registration, end=""):
    return f"/registrations/{token_for(registration, Power.MANAGE)}/{end}"


def shown(browser, registration, end=""):
    return " ".join(re.sub(r"<[^>]+>", " ", words(browser.get(page_of(registration, end)))).split())


def press(browser, registration, end, **typed):
    return browser.post(page_of(registration, end), typed, **OUR_PAGE)


def stands(registration):
    return dict(SeatRequest.objects.filter(registration=registration).values_list("mode", "status"))


def test_form_says_that_one_waits_and_offers_a_seat_meanwhile(event, aged_forms, browser):
    page = words(browser.get("/events/e/register/"))
    assert "In the room (all seats are taken: you wait for one)" in page
    assert "If I have to wait, I take a seat online until then." in page
    make_group("cso")
    typed = answers(email="baraka@example.org", mode="in_room", meanwhile="on")
    answer = browser.post("/events/e/register/", typed, **OUR_PAGE)
    assert (answer.status_code, answer["location"]) == (303, "/events/e/register/done/")
    baraka = Registration.objects.get(email="baraka@example.org")
    assert stands(baraka) == {"in_room": "waiting", "online": "confirmed"}


@pytest.mark.parametrize("quotas", [{"in_room": 2, "online": None}, {"in_room": 0, "online": 0}])
def test_meanwhile_is_not_asked_where_all_is_free_or_nothing_is(db, browser, quotas):
    make_event(slug="e", quotas=quotas)
    assert "If I have to wait" not in words(browser.get("/events/e/register/"))


def test_where_all_is_taken_the_button_says_waiting_list(event, browser):
    event.quotas.filter(mode="online").delete()
    assert "Join the waiting list" in words(browser.get("/events/e/"))
    page = words(browser.get("/events/e/register/"))
    assert "<h1>Join the waiting list</h1>" in page
    assert '<button class="button">Join the waiting list</button>' in page


def test_the_page_after_the_form_promises_no_invitation_to_who_waits(event, browser):
    """It is the same for everybody, so it must be true of everybody."""
    page = words(browser.get("/events/e/register/done/"))
    assert "it holds your personal link. Once you have a seat, the invitation comes along." in page


def test_her_page_tells_her_place_and_what_comes_next(event, browser):
    wait(event)
    chebet = wait(event, "chebet")
    page = shown(browser, chebet)
    assert "In the room: you are number 2 on the waiting list." in page
    assert "The moment a seat is yours, a mail tells you." in page
    assert "Your calendar" not in page
    assert "Stop waiting" in page


def test_she_takes_a_seat_online_by_one_button_and_keeps_her_place(event, browser):
    baraka = wait(event)
    assert "Take a seat online while I wait" in shown(browser, baraka)
    answer = press(browser, baraka, "meanwhile/", mode="online")
    assert answer["location"] == page_of(baraka) + "?done=meanwhile"
    assert stands(baraka) == {"in_room": "waiting", "online": "confirmed"}
    page = shown(browser, baraka, "?done=meanwhile")
    assert "You have a seat now, and you keep your place on the list." in page
    assert "Until then you keep your seat: Online." in page
    assert "Take a seat online while I wait" not in page


def test_she_stops_waiting_by_one_button_and_keeps_the_seat_online(event, browser):
    baraka = wait(event, meanwhile=True)
    answer = press(browser, baraka, "stop-waiting/", mode="in_room")
    assert answer["location"] == page_of(baraka) + "?done=off_the_list"
    assert stands(baraka) == {"in_room": "cancelled", "online": "confirmed"}
    assert "You wait for that seat no longer." in shown(browser, baraka, "?done=off_the_list")


def test_who_left_the_list_reads_nowhere_that_she_gave_up_a_seat(event, browser):
    """She never had one."""
    baraka = wait(event)
    answer = press(browser, baraka, "cancel/")
    assert answer["location"] == page_of(baraka) + "?done=off_the_list"
    page = shown(browser, baraka, "?done=off_the_list")
    assert "You wait for that seat no longer." in page
    assert "You have no seat, and you wait for none." in page
    assert "You gave up" not in page


def test_a_seat_meanwhile_is_not_promised_to_who_moved_up_just_then(event, browser):
    """Her page lay open while the seat in the room became hers."""
    baraka = wait(event)
    rules.cancel(Registration.objects.get(email="amina@example.org"), now=NOW, at=AT)
    press(browser, baraka, "meanwhile/", mode="online")
    assert stands(baraka) == {"in_room": "confirmed"}
    page = shown(browser, baraka, "?done=meanwhile")
    assert "In the room: Confirmed" in page
    assert "your place on the list" not in page


def test_the_mail_s_link_shows_one_button_that_gives_the_seat_to_the_next(event, browser):
    baraka, chebet = wait(event), wait(event, "chebet")
    amina = Registration.objects.get(email="amina@example.org")
    press(browser, amina, "cancel/")
    mail = text_of(mails("baraka@example.org")[-1])
    (link,) = re.findall(r"http://localhost:8000(/registrations/\S+/cancel/)", mail)
    before = stands(baraka)
    page = words(browser.get(link))
    assert (stands(baraka), page.count("<button")) == (before, 1)
    browser.post(link, {}, **OUR_PAGE)
    assert (stands(baraka), stands(chebet)) == ({"in_room": "cancelled"}, {"in_room": "confirmed"})


def test_who_was_passed_by_a_kept_seat_is_told_so(db, browser):
    event = make_event(quotas={"in_room": 2})
    row = KeptSeats(event=event, mode="in_room", group=make_group("grassroots"), seats=1,
                    until=NOW + timedelta(days=1))  # fmt: skip
    rules.keep_seats(row, now=NOW, at=AT)
    make_registration(event, email="amina@example.org")
    baraka = wait(event)
    assert "asked after you" not in shown(browser, baraka)
    wait(event, "chebet", group=make_group("grassroots"))
    assert "1 person who asked after you has a seat" in shown(browser, baraka)


def test_what_the_organisers_have_not_decided_stands_beside_the_seat_she_keeps(event, browser):
    amina = Registration.objects.get(email="amina@example.org")
    RegistrationSettings.objects.update(approval=True)
    rules.change(amina, make_details(mode="online"), now=NOW, at=AT)
    page = shown(browser, amina)
    assert "Online: the organisers have not decided yet." in page
    assert "Until then you keep your seat: In the room." in page
    press(browser, amina, "stop-waiting/", mode="online")
    assert stands(amina) == {"in_room": "confirmed", "online": "cancelled"}
    assert "have not decided" not in shown(browser, amina)


@pytest.mark.parametrize(("end", "mode"), [("meanwhile/", "phone"), ("stop-waiting/", "")])
def test_a_button_that_says_nothing_known_leads_back(event, browser, end, mode):
    baraka = wait(event)
    answer = press(browser, baraka, end, mode=mode)
    assert (answer.status_code, answer["location"]) == (302, page_of(baraka))
    assert stands(baraka) == {"in_room": "waiting"}


def test_what_can_t_be_done_any_more_is_said_on_her_page(event, browser):
    baraka = wait(event)
    event.quotas.filter(mode="online").update(seats=0)
    answer = press(browser, baraka, "meanwhile/", mode="online")
    assert answer.status_code == 409
    assert "All seats of this kind are taken." in words(answer)


def test_no_seat_meanwhile_where_the_organisers_look_at_each_person_first(event, browser):
    """She was approved for the room, found it full, and the seats online are theirs to give."""
    baraka = wait(event)
    RegistrationSettings.objects.update(approval=True)
    page = shown(browser, baraka)
    assert "number 1 on the waiting list" in page
    assert "while I wait" not in page
    answer = press(browser, baraka, "meanwhile/", mode="online")
    assert answer.status_code == 409
    assert "The organisers look at each registration first." in words(answer)


def test_no_seat_meanwhile_of_the_kind_that_was_declined(event, browser):
    baraka = wait(event)
    SeatRequest.objects.create(registration=baraka, mode="online", rank=2, status="declined")
    assert "while I wait" not in shown(browser, baraka)


def test_a_seat_that_is_kept_for_others_is_not_called_taken(event, browser):
    baraka = wait(event)
    event.quotas.filter(mode="online").update(seats=1)
    row = KeptSeats(event=event, mode="online", group=make_group("grassroots"), seats=1,
                    until=NOW + timedelta(days=1))  # fmt: skip
    rules.keep_seats(row, now=NOW, at=AT)
    answer = press(browser, baraka, "meanwhile/", mode="online")
    assert answer.status_code == 409
    assert "are kept for other groups for now." in words(answer)


def test_a_button_of_an_old_page_is_answered_in_words(event, browser):
    """She left the list in one window, and presses what another still shows."""
    baraka = wait(event)
    press(browser, baraka, "cancel/")
    answer = press(browser, baraka, "meanwhile/", mode="online")
    assert answer.status_code == 409
    assert "You are not on the waiting list any more." in words(answer)


@pytest.mark.parametrize("end", ["meanwhile/", "stop-waiting/"])
def test_buttons_take_no_post_from_another_site_and_change_nothing_by_a_look(event, browser, end):
    baraka = wait(event)
    foreign = {"headers": {"sec-fetch-site": "cross-site", "origin": "https://example.com"}}
    assert browser.post(page_of(baraka, end), {"mode": "online"}, **foreign).status_code == 403
    assert browser.get(page_of(baraka, end) + "?mode=online").status_code == 302
    assert stands(baraka) == {"in_room": "waiting"}


def test_the_calendar_file_of_who_waits_holds_no_seat(event, browser):
    baraka = wait(event)
    file = browser.get(f"/registrations/{token_for(baraka, Power.CALENDAR)}/invite.ics")
    assert b"STATUS:CANCELLED" in file.content


@pytest.mark.parametrize("waiting", [1, 3])
def test_her_page_costs_a_constant_number_of_queries(
    event, browser, waiting, django_assert_num_queries
):
    people = [wait(event, f"person-{number}") for number in range(waiting)]
    page = page_of(people[-1])
    with django_assert_num_queries(7):
        browser.get(page)


def test_the_page_of_the_policy_says_how_one_waits(event, browser):
    page = words(browser.get("/events/e/seats/"))
    assert "<h2>If you find no seat</h2>" in page
    assert "You wait for one, in the order in which people asked." in page


def test_who_waits_is_told_what_choosing_another_way_costs_her(event, browser):
    warning = "you leave the list as soon as you have a seat"
    baraka = wait(event)
    assert warning in words(browser.get(page_of(baraka) + "change/"))
    amina = Registration.objects.get(email="amina@example.org")
    assert warning not in words(browser.get(page_of(amina) + "change/"))
