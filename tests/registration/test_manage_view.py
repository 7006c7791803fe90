import re
from datetime import timedelta

import pytest
from django.urls import reverse

from events.models import Event, Venue
from events.registration import rules
from events.registration.links import Power, token_for
from events.registration.models import Registration
from tests.factories import (
    AT,
    NOW,
    START,
    make_details,
    make_event,
    make_group,
    make_registration,
    make_voice,
)
from tests.registration.people import (
    OUR_PAGE,
    Browser,
    answers,
    calendar_lines,
    calendar_parts,
    held_by,
    last_mail,
    lost_from,
    mails,
    outbox,
    rows,
    text_of,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aged_forms")]
# What an old phone sends from a page that sends no referrer.
OLD_PHONE = {"headers": {"origin": "null"}}
PAGES = ["manage", "change", "another", "several", "cancel"]
BUTTONS = ["change", "cancel", "come_back", "another", "several"]


@pytest.fixture
def registration():
    make_voice("women")
    event = make_event(number=2)
    return make_registration(
        event, question="Who pays?", support={"captions": ""}, voices=[make_voice("women")]
    )


@pytest.fixture
def person():
    return Browser()


def path(registration, name="manage", power=Power.MANAGE):
    return reverse(f"registration:{name}", args=[token_for(registration, power)])


def read(registration):
    return Registration.objects.with_details().get(pk=registration.pk)


def changed(**changes):
    """The change form as she sends it: without address, agreements and form token."""
    away = dict.fromkeys(["email", "adult", "code_of_conduct", "processing", "form_token"])
    return answers(**(away | changes))


def confirmed(registration):
    """Her address is known: else whatever she posts would say so, beside what the test is about."""
    rules.confirm_address(registration, now=NOW, at=AT)


def companion_of(contact, name="Otieno"):
    rules.register_companion(contact, make_details(name=name), submission=None, now=NOW, at=AT)
    return contact.companions.get(name=name)


# See


def test_her_page_shows_her_seat_and_what_she_can_do(person, registration):
    response = person.get(path(registration))
    assert response.status_code == 200
    page = words(response)
    assert "Wanjiru Kamau" in page
    assert "In the room: Confirmed" in page
    assert "12:45 – 14:45 EAT" in page
    for name in ("change", "another", "cancel"):
        assert path(registration, name) in page
    assert path(registration, "personal_ics", Power.CALENDAR) in page
    assert path(registration, "come_back") not in page


def test_her_page_after_giving_up_offers_to_come_back(person, registration):
    rules.cancel(registration, now=NOW, at=AT)
    page = words(person.get(path(registration)))
    assert "You have no seat, and you wait for none." in page
    assert path(registration, "come_back") in page
    for name in ("change", "another", "cancel"):
        assert path(registration, name) not in page


def test_her_page_when_the_event_is_over_offers_nothing(person, settings, registration):
    settings.ROUNDTABLE_CLOCK = START + timedelta(hours=2)
    page = words(person.get(path(registration)))
    assert "The event is over." in page
    for name in BUTTONS:
        assert path(registration, name) not in page


@pytest.mark.parametrize("name", [*PAGES, "come_back", "personal_ics"])
@pytest.mark.parametrize("gave_up", [False, True])
def test_opening_a_page_changes_nothing(person, registration, name, gave_up):
    """Mail scanners open every link, and the links on the page behind it."""
    if gave_up:
        rules.cancel(registration, now=NOW, at=AT)
    before = rows()
    power = Power.CALENDAR if name == "personal_ics" else Power.MANAGE
    for method in (person.get, person.head):
        response = method(path(registration, name, power), {"done": "cancelled"})
        leads_back = name == "come_back" or (gave_up and name not in {"manage", "personal_ics"})
        assert response.status_code == (302 if leads_back else 200)
        assert not response.cookies
    assert rows() == before


@pytest.mark.parametrize(("name", "gave_up"), [("cancel", True), ("come_back", False)])
def test_address_of_a_button_leads_to_her_page(person, registration, name, gave_up):
    """A phone that restores its windows asks for the address a refusal stood at."""
    if gave_up:
        rules.cancel(registration, now=NOW, at=AT)
    response = person.get(path(registration, name))
    assert (response.status_code, response["Location"]) == (302, path(registration))
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"


def test_address_of_giving_up_shows_her_seat_and_the_one_button(person, settings, registration):
    """A mail links there: the mail's reader opens it, and only the button gives up the seat."""
    page = words(person.get(path(registration, "cancel")))
    assert "In the room: Confirmed" in page
    assert re.findall(r'<form method="post" action="([^"]*)"', page) == [
        path(registration, "cancel")
    ]
    assert re.findall(r"<button[^>]*>([^<]*)", page) == ["Give up my seat"]
    assert path(registration) in page
    settings.ROUNDTABLE_CLOCK = START + timedelta(hours=2)
    page = words(person.get(path(registration, "cancel")))
    assert "The event is over, so there is no seat left to give up." in page
    assert "<button" not in page


def test_seat_can_be_given_up_until_the_event_ends(person, settings, registration):
    settings.ROUNDTABLE_CLOCK = START + timedelta(hours=2) - timedelta(seconds=1)
    response = person.post(path(registration, "cancel"), **OUR_PAGE)
    assert response["Location"] == path(registration) + "?done=cancelled"
    assert read(registration).is_cancelled


def test_nothing_is_given_up_once_the_event_is_over(person, settings, registration):
    before = rows()
    settings.ROUNDTABLE_CLOCK = START + timedelta(hours=2)
    response = person.post(path(registration, "cancel"), **OUR_PAGE)
    assert response.status_code == 409
    assert "The event is over, so there is no seat left to give up." in words(response)
    assert rows() == before


def test_personal_pages_are_kept_nowhere_and_tell_nobody_their_address(person, registration):
    responses = [person.get(path(registration, name)) for name in PAGES]
    responses += [
        person.get(path(registration, "personal_ics", Power.CALENDAR)),
        person.post(path(registration, "change"), changed(name=""), **OUR_PAGE),
        person.post(path(registration, "change"), changed(), **OUR_PAGE),
        person.post(path(registration, "cancel"), **OUR_PAGE),
        person.post(path(registration, "come_back"), {"mode": "unknown"}, **OUR_PAGE),
    ]
    assert [response.status_code for response in responses] == [*[200] * 7, 303, 303, 200]
    for response in responses:
        assert "no-store" in response["Cache-Control"]
        assert "private" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["X-Robots-Tag"] == "noindex"
        assert "Cookie" not in response.get("Vary", "")
        assert not response.cookies


@pytest.mark.parametrize("name", [*PAGES, "come_back"])
def test_a_page_of_a_spoilt_link_is_not_there(person, registration, name):
    good = path(registration, name)
    token = token_for(registration, Power.MANAGE)
    for spoilt in ("x", token[:-1], f"{token}x", f"{token}%00", "%00", "%F0%9F%8E%89", "x" * 9999):
        address = good.replace(token, spoilt)
        for response in (person.get(address), person.post(address, **OUR_PAGE)):
            assert response.status_code in {404, 405}
            assert token not in response.content.decode()
    assert person.get(f"/registrations/{token}/unknown/").status_code == 404


@pytest.mark.parametrize("name", [*PAGES, "come_back"])
def test_the_calendar_link_has_no_power(person, registration, name):
    before = rows()
    address = path(registration, name, Power.CALENDAR)
    assert person.get(address).status_code in {404, 405}
    assert person.post(address, changed(), **OUR_PAGE).status_code in {404, 405}
    assert rows() == before


def test_the_managing_link_is_no_calendar_link(person, registration):
    assert person.get(path(registration, "personal_ics", Power.MANAGE)).status_code == 404


def test_the_calendar_file_holds_no_link_with_power(person, registration):
    file = person.get(path(registration, "personal_ics", Power.CALENDAR)).content.decode()
    assert token_for(registration, Power.MANAGE) not in file.replace("\r\n ", "")


def test_old_links_are_useless_once_the_address_was_corrected(person, registration):
    old = path(registration)
    rules.correct_address(registration, "w.kamau@example.org", by=None, now=NOW, at=AT)
    registration.refresh_from_db()
    assert person.get(old).status_code == 404
    assert person.get(path(registration)).status_code == 200


@pytest.mark.parametrize(
    ("done", "sentence"),
    [
        ("changed", "Your changes are saved."),
        ("cancelled", "You gave up your seat. Thank you for telling us."),
        ("returned", "Welcome back. You have a seat again."),
        ("added", "The other person is registered. A mail is on its way."),
    ],
)
def test_her_page_says_what_was_just_done(person, registration, done, sentence):
    assert sentence in words(person.get(path(registration), {"done": done}))
    assert sentence not in words(person.get(path(registration)))


def test_her_page_repeats_no_words_of_others(person, registration):
    response = person.get(path(registration), {"done": "<script>alert(1)</script>Hacked"})
    assert b"Hacked" not in response.content


def test_her_page_shows_the_link_to_join_in_its_time_only(person, settings, registration):
    link = "https://meet.example.org/secret"
    Venue.objects.update(join_url=link, join_minutes_before=60)
    assert link not in words(person.get(path(registration)))
    settings.ROUNDTABLE_CLOCK = START - timedelta(minutes=60)
    assert link in words(person.get(path(registration)))
    rules.cancel(registration, now=NOW, at=AT)
    assert link not in words(person.get(path(registration)))


@pytest.mark.parametrize("companions", [1, 3])
def test_her_page_costs_a_constant_number_of_queries(
    person, registration, companions, django_assert_num_queries
):
    for number in range(companions):
        companion_of(registration, f"Person {number}")
    address = path(registration)
    with django_assert_num_queries(6):
        person.get(address)


# Where a post comes from


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 303),
        ({"origin": "http://testserver"}, 303),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "null"}, 303),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://["}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("name", ["change", "cancel"])
def test_a_post_must_come_from_our_own_page(person, registration, name, sent, status):
    before = rows()
    response = person.post(path(registration, name), changed(name="New"), headers=sent)
    assert response.status_code == status
    assert (rows() == before) is (status == 403)


# Change


def test_change_form_holds_all_that_she_answered(person, registration):
    held = held_by(person.get(path(registration, "change")))
    assert held["name"] == ["Wanjiru Kamau"]
    assert held["mode"] == ["in_room"]
    assert held["group"] == ["cso"]
    assert held["country"] == ["KE"]
    assert held["support"] == ["captions"]
    assert held["voices"] == ["women"]
    assert held["question"] == ["Who pays?"]
    assert "email" not in held


def test_change_form_sent_back_untouched_changes_no_answer(person, registration):
    held = held_by(person.get(path(registration, "change")))
    confirmed(registration)
    before = rows()
    assert person.post(path(registration, "change"), held, **OUR_PAGE).status_code == 303
    after = rows()
    for table in ("SeatRequest", "Quota", "OutboxMail"):
        assert after[table] == before[table]
    for table, hidden in {
        "Registration": {"changed_at"},
        "SupportNeed": {"id"},
        "VoiceAnswer": {"id"},
    }.items():
        assert [{k: v for k, v in row.items() if k not in hidden} for row in after[table]] == [
            {k: v for k, v in row.items() if k not in hidden} for row in before[table]
        ]


def test_change_saves_and_says_so(person, registration):
    typed = changed(name="Wanjiru W. Kamau", mode="online", question="", photographs="yes")
    response = person.post(path(registration, "change"), typed, **OUR_PAGE)
    assert response.status_code == 303
    assert response["Location"] == f"{path(registration)}?done=changed"
    row = read(registration)
    assert (row.name, row.question, row.seat.mode) == ("Wanjiru W. Kamau", "", "online")
    assert (row.support_needs.count(), row.voice_answers.count()) == (0, 0)
    assert row.consents.get(purpose="photographs").given
    assert "Your changes are saved." in words(person.get(response["Location"]))
    assert str(last_mail()["Subject"]) == "You take part another way now: Roundtable 2"


def test_change_with_a_slip_loses_nothing(person, registration):
    typed = changed(name="", organisation="Naka Residents", question="New?", voices=["women"])
    confirmed(registration)
    before = rows()
    response = person.post(path(registration, "change"), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert words(response).count("Please write your name.") == 2
    assert lost_from(response, typed) == set()
    assert rows() == before


def test_change_to_a_mode_that_is_full_keeps_the_seat_and_waits_for_the_other(person):
    event = make_event(quotas={"in_room": 1, "online": 0})
    registration = make_registration(event)
    typed = changed(mode="online", organisation="Naka Residents")
    response = person.post(path(registration, "change"), typed, **OUR_PAGE)
    assert response.status_code == 303
    assert response["Location"] == f"{path(registration)}?done=changed"
    row = read(registration)
    assert (str(row.seat), row.organisation) == ("In the room: Confirmed", "Naka Residents")
    assert [str(wish) for wish in row.wishes] == ["Online: On the waiting list"]
    page = words(person.get(response["Location"]))
    assert "In the room: Confirmed" in page
    assert "Online: you are number 1 on the waiting list." in page
    assert "Until then you keep your seat: In the room." in page
    assert str(last_mail()["Subject"]).startswith("You are on the waiting list: ")


@pytest.mark.parametrize("decided", [False, True])
def test_change_that_is_refused_keeps_the_seat_and_what_was_typed(person, registration, decided):
    """Registration closed while she was typing, or the organisers declined that seat."""
    if decided:
        registration.seat_requests.create(mode="online", status="declined")
        sentence = "The organisers could not give you this seat. Please write to us."
    else:
        type(registration.event.registration_settings).objects.update(stopped=True)
        sentence = "The organisers are taking no more people."
    typed = changed(mode="online", organisation="Naka Residents")
    confirmed(registration)
    before = rows()
    response = person.post(path(registration, "change"), typed, **OUR_PAGE)
    assert response.status_code == 409
    assert sentence in words(response)
    assert lost_from(response, typed) == set()
    assert rows() == before


def test_change_of_details_works_when_registration_is_closed(person, registration):
    type(registration.event.registration_settings).objects.update(stopped=True)
    typed = changed(name="Wanjiru K.")
    assert person.post(path(registration, "change"), typed, **OUR_PAGE).status_code == 303
    assert read(registration).name == "Wanjiru K."


@pytest.mark.parametrize("method", ["get", "post"])
def test_change_after_giving_up_leads_back_to_her_page(person, registration, method):
    rules.cancel(registration, now=NOW, at=AT)
    confirmed(registration)
    before = rows()
    response = getattr(person, method)(path(registration, "change"), changed(), **OUR_PAGE)
    assert (response.status_code, response["Location"]) == (302, path(registration))
    assert rows() == before


def test_change_over_the_limit_keeps_what_was_typed(person, registration, settings):
    settings.REGISTRATION_POSTS_PER_HOUR = 0
    typed = changed(organisation="Naka Residents")
    response = person.post(path(registration, "change"), typed, **OUR_PAGE)
    assert response.status_code == 429
    assert lost_from(response, typed) == set()


# Give up, and come back


def test_giving_up_is_one_button(person, registration):
    response = person.post(path(registration, "cancel"), **OUR_PAGE)
    assert response.status_code == 303
    assert response["Location"] == f"{path(registration)}?done=cancelled"
    assert read(registration).is_cancelled
    assert str(last_mail()["Subject"]) == "You gave up your seat: Roundtable 2"
    assert "You gave up your seat." in words(person.get(response["Location"]))


def test_giving_up_twice_is_giving_up_once(person, registration):
    for _ in range(2):
        assert person.post(path(registration, "cancel"), **OUR_PAGE).status_code == 303
    assert len(outbox()) == 2


def test_coming_back_takes_a_seat(person, registration):
    rules.cancel(registration, now=NOW, at=AT)
    response = person.post(path(registration, "come_back"), {"mode": "online"}, **OLD_PHONE)
    assert response.status_code == 303
    assert response["Location"] == f"{path(registration)}?done=returned"
    assert str(read(registration).seat) == "Online: Confirmed"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Please choose how you will take part."),
        ({"mode": ""}, "Please choose how you will take part."),
        ({"mode": "unknown"}, "Please choose one of the ways in the list."),
    ],
)
def test_coming_back_needs_a_way_to_take_part(person, registration, typed, sentence):
    rules.cancel(registration, now=NOW, at=AT)
    response = person.post(path(registration, "come_back"), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert sentence in words(response)
    assert read(registration).is_cancelled


@pytest.mark.parametrize("online", [0, 1])
def test_coming_back_when_the_last_seat_is_gone_waits_for_one_and_says_so(person, online):
    event = make_event(quotas={"in_room": 1, "online": online})
    registration = make_registration(event)
    rules.cancel(registration, now=NOW, at=AT)
    make_registration(event, email="otieno@example.org")
    response = person.post(path(registration, "come_back"), {"mode": "in_room"}, **OUR_PAGE)
    assert response.status_code == 303
    assert response["Location"] == f"{path(registration)}?done=returned"
    row = read(registration)
    assert row.seat is None
    assert [str(wish) for wish in row.wishes] == ["In the room: On the waiting list"]
    page = words(person.get(response["Location"]))
    assert "Welcome back. You are on the list." in page
    assert "You have a seat again." not in page
    assert "In the room: you are number 1 on the waiting list." in page


def test_coming_back_to_a_closed_registration_says_so(person, registration):
    rules.cancel(registration, now=NOW, at=AT)
    type(registration.event.registration_settings).objects.update(stopped=True)
    response = person.post(path(registration, "come_back"), {"mode": "in_room"}, **OUR_PAGE)
    assert response.status_code == 409
    assert "The organisers are taking no more people." in words(response)


# Her calendar


def calendar(person, registration):
    response = person.get(path(registration, "personal_ics", Power.CALENDAR))
    assert response.status_code == 200
    return response, calendar_lines(response.content)


def test_her_calendar_entry_names_nobody_and_is_the_public_one(person, registration):
    response, lines = calendar(person, registration)
    assert response["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    slug = registration.event.slug
    assert response["Content-Disposition"] == f'attachment; filename="{slug}.ics"'
    public = calendar_lines(person.get(f"/events/{slug}/invite.ics").content)
    (uid,) = [line for line in lines if line.startswith("UID:")]
    assert uid in public
    assert "METHOD:PUBLISH" in lines
    assert "STATUS:CONFIRMED" in lines
    assert not [line for line in lines if line.startswith("ATTENDEE")]
    assert "Wanjiru" not in "".join(lines)
    assert "wanjiru" not in "".join(lines)


def test_her_calendar_entry_is_the_one_of_her_mail(person, registration):
    _, lines = calendar(person, registration)
    mailed = calendar_lines(calendar_parts(last_mail())[0].get_payload(decode=True))
    for name in ("UID:", "SEQUENCE:", "DTSTART", "DTEND", "DTSTAMP"):
        assert [x for x in lines if x.startswith(name)] == [x for x in mailed if x.startswith(name)]


def test_her_calendar_entry_follows_what_she_does(person, registration):
    def state():
        _, lines = calendar(person, registration)
        return [x for x in lines if x.startswith(("SEQUENCE:", "STATUS:"))]

    seen = [state()]
    person.post(path(registration, "cancel"), **OUR_PAGE)
    seen.append(state())
    person.post(path(registration, "come_back"), {"mode": "in_room"}, **OUR_PAGE)
    seen.append(state())
    Event.objects.update(sequence=5)
    seen.append(state())
    assert seen == [
        ["SEQUENCE:0", "STATUS:CONFIRMED"],
        ["SEQUENCE:1", "STATUS:CANCELLED"],
        ["SEQUENCE:2", "STATUS:CONFIRMED"],
        ["SEQUENCE:7", "STATUS:CONFIRMED"],
    ]


def test_her_calendar_entry_has_the_link_to_join_in_its_time_only(person, settings, registration):
    link = "https://meet.example.org/secret"
    Venue.objects.update(join_url=link, join_minutes_before=60)
    assert link not in "".join(calendar(person, registration)[1])
    settings.ROUNDTABLE_CLOCK = START - timedelta(minutes=60)
    assert link in "".join(calendar(person, registration)[1])
    rules.cancel(registration, now=NOW, at=AT)
    assert link not in "".join(calendar(person, registration)[1])


# Another person


def companion(**changes):
    return answers(**({"name": "Otieno", "email": None} | changes))


def test_another_person_is_registered_by_her_page(person, registration):
    assert "wanjiru@example.org" in words(person.get(path(registration, "another")))
    response = person.post(path(registration, "another"), companion(), **OUR_PAGE)
    assert response.status_code == 303
    assert response["Location"] == f"{path(registration)}?done=added"
    other = registration.companions.get()
    assert (other.name, other.email, str(other.seat)) == ("Otieno", None, "In the room: Confirmed")
    assert other.consents.filter(given=True).count() == 3
    assert "Wanjiru Kamau registered you." in text_of(last_mail())
    page = words(person.get(response["Location"]))
    assert path(other) in page
    assert "Otieno" in page


def test_another_person_has_a_page_of_her_own(person, registration):
    other = companion_of(registration)
    page = words(person.get(path(other)))
    assert "Otieno" in page
    assert "Wanjiru" not in page
    assert path(other, "another") not in page
    person.post(path(other, "cancel"), **OUR_PAGE)
    assert read(other).is_cancelled
    assert not read(registration).is_cancelled
    assert "Otieno</a> (has no seat)" in words(person.get(path(registration)))


def test_another_person_sent_twice_is_one(person, registration):
    typed = companion()
    for _ in range(2):
        assert person.post(path(registration, "another"), typed, **OUR_PAGE).status_code == 303
    assert registration.companions.count() == 1
    assert len(mails()) == 2


def test_another_person_by_the_same_form_with_another_name_is_another(person, registration):
    typed = companion()
    person.post(path(registration, "another"), typed, **OUR_PAGE)
    person.post(path(registration, "another"), typed | {"name": "Achieng"}, **OUR_PAGE)
    assert {row.name for row in registration.companions.all()} == {"Otieno", "Achieng"}


def test_another_person_with_a_slip_loses_nothing(person, registration):
    typed = companion(name="", organisation="Naka Residents", adult=None)
    response = person.post(path(registration, "another"), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert words(response).count("This form is for people of 18 and older.") == 2
    assert lost_from(response, typed) == set()


def test_another_person_beyond_the_limit_is_refused_and_nothing_is_lost(person, registration):
    for number in range(rules.MOST_COMPANIONS):
        companion_of(registration, f"Person {number}")
    typed = companion()
    response = person.post(path(registration, "another"), typed, **OUR_PAGE)
    assert response.status_code == 409
    assert "You have registered as many people as one address can." in words(response)
    assert lost_from(response, typed) == set()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["gave up", "companion"])
def test_another_person_is_not_for_everybody(person, registration, method, who):
    if who == "companion":
        registration = companion_of(registration)
    else:
        rules.cancel(registration, now=NOW, at=AT)
    confirmed(registration)
    before = rows()
    response = getattr(person, method)(path(registration, "another"), companion(), **OUR_PAGE)
    assert (response.status_code, response["Location"]) == (302, path(registration))
    assert rows() == before


def test_another_person_on_an_old_phone(person, registration):
    assert person.post(path(registration, "another"), companion(), **OLD_PHONE).status_code == 303


def test_groups_offered_no_longer_stay_with_who_chose_them(person, registration):
    old = make_group("old", offered=False)
    Registration.objects.update(group=old)
    held = held_by(person.get(path(registration, "change")))
    assert held["group"] == ["old"]
    assert person.post(path(registration, "change"), held, **OUR_PAGE).status_code == 303
    assert read(registration).group == old
