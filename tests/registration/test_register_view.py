import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from events.models import Event
from events.registration import rules
from events.registration.guards import new_form_token, read_form_token
from events.registration.links import Power, token_for
from events.registration.models import Registration
from events.registration.outbox.models import OutboxMail
from tests.factories import AT, NOW, START, make_event, make_group, make_registration, make_voice
from tests.registration.people import (
    OUR_PAGE,
    Browser,
    answers,
    calendar_parts,
    headers,
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


@pytest.fixture
def event():
    make_group("cso")
    make_voice("women")
    make_voice("youth")
    return make_event(number=2)


@pytest.fixture
def person():
    return Browser()


def path(event, name="register"):
    return reverse(f"registration:{name}", args=[event.slug])


def send(person, event, **changes):
    return person.post(path(event), answers(**changes), **OUR_PAGE)


def everything(**changes):
    """Every question answered."""
    return answers(
        phone="+254 700 000000",
        organisation="Naka Residents",
        job_title="Chair",
        county="032",
        support=["captions", "childcare"],
        support_note="My daughter is four.",
        interpretation=["sw", "ar"],
        voices=["women", "youth"],
        question="Who pays?\nWhen?",
        participants_list="on",
        photographs="no",
        **changes,
    )


# Take a seat


def test_registering_leads_to_the_page_after_it_with_one_row_and_one_mail(person, event):
    response = send(person, event)
    assert response.status_code == 303
    assert response["Location"] == path(event, "done")
    row = Registration.objects.with_details().get()
    assert (row.name, row.email, row.event) == ("Wanjiru Kamau", "wanjiru@example.org", event)
    assert str(row.seat) == "In the room: Confirmed"
    assert [mail.to for mail in outbox()] == ["wanjiru@example.org"]


def test_the_page_after_it_shows_event_invitation_and_what_happens_next(person, event):
    response = person.get(path(event, "done"))
    assert response.status_code == 200
    page = words(response)
    assert "Thank you. Look at your mail now" in page
    assert "Roundtable 2: Working together" in page
    assert "12:45 – 14:45 EAT" in page
    assert f'href="/events/{event.slug}/invite.ics"' in page
    assert "What happens next" in page
    assert f'href="{path(event, "lost_link")}"' in page


def test_the_form_asks_all_of_it_in_one_page(person, event):
    response = person.get(path(event))
    assert response.status_code == 200
    page = words(response)
    questions = [
        "name", "email", "mode", "group", "country", "county", "support", "support_note",
        "interpretation", "organisation", "job_title", "phone", "voices", "question",
        "processing", "adult", "code_of_conduct", "participants_list", "photographs",
        "leave_empty", "form_token",
    ]  # fmt: skip
    places = [page.index(f'name="{name}"') for name in questions]
    assert places[1:-1] == sorted(places[1:-1])
    assert held_by(response)["country"] == ["KE"]


def test_the_form_has_no_answer_ticked_beforehand(person, event):
    held = held_by(person.get(path(event)))
    ticked = {"mode", "support", "interpretation", "voices", "participants_list", "photographs",
              "adult", "code_of_conduct", "processing"}  # fmt: skip
    assert not ticked & set(held)


def test_every_answer_is_kept(person, event):
    person.post(path(event), everything(), **OUR_PAGE)
    row = Registration.objects.get()
    assert (row.phone, row.organisation, row.county) == (
        "+254 700 000000",
        "Naka Residents",
        "032",
    )
    assert row.interpretation == ["sw", "ar"]
    assert dict(row.support_needs.values_list("kind", "note")) == {
        "captions": "",
        "childcare": "My daughter is four.",
    }
    assert set(row.voice_answers.values_list("voice__code", flat=True)) == {"women", "youth"}
    assert dict(row.consents.values_list("purpose", "given")) == {
        "processing": True,
        "code_of_conduct": True,
        "adult": True,
        "participants_list": True,
        "photographs": False,
    }


def test_a_client_that_tells_nothing_of_itself_can_register(person, event):
    assert person.post(path(event), answers()).status_code == 303


def test_no_page_of_registering_sets_a_cookie_or_depends_on_one(person, event):
    responses = [
        person.get(path(event)),
        send(person, event, name=""),
        send(person, event),
        person.get(path(event, "done")),
        person.get(path(event, "lost_link")),
        person.post(path(event, "lost_link"), {"email": "wanjiru@example.org"}),
    ]
    assert [response.status_code for response in responses] == [200, 200, 303, 200, 200, 303]
    for response in responses:
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")
        assert "csrf" not in response.content.decode()
    assert not person.cookies


def test_nobody_keeps_a_page_with_somebodys_form(person, event):
    for response in (person.get(path(event)), send(person, event, email="no")):
        assert response["Cache-Control"] == "private, no-cache"


def test_every_form_has_a_token_of_its_own(person, event):
    tokens = {held_by(person.get(path(event)))["form_token"][0] for _ in range(3)}
    assert len(tokens) == 3
    assert None not in {read_form_token(token) for token in tokens}


@pytest.mark.parametrize("name", ["register", "done", "lost_link"])
def test_head_answers_as_get_without_its_body(person, event, name):
    head, get = person.head(path(event, name)), person.get(path(event, name))
    assert head.status_code == get.status_code == 200
    assert head["Content-Type"] == get["Content-Type"]
    assert head.content == b""


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_not_allowed(person, event, method):
    assert getattr(person, method)(path(event)).status_code == 405


@pytest.mark.parametrize("others", [0, 3])
def test_registering_costs_a_constant_number_of_queries(
    person, event, others, django_assert_num_queries
):
    for number in range(others):
        make_registration(event, email=f"person-{number}@example.org")
    typed = answers()
    with django_assert_num_queries(35):
        assert person.post(path(event), typed, **OUR_PAGE).status_code == 303


@pytest.mark.parametrize("others", [0, 3])
def test_the_form_costs_a_constant_number_of_queries(
    person, event, others, django_assert_num_queries
):
    for number in range(others):
        make_registration(event, email=f"person-{number}@example.org")
    with django_assert_num_queries(4):
        person.get(path(event))


# Slips


def test_slips_stand_beside_their_fields_and_in_the_summary(person, event):
    response = send(person, event, name="", email="no", mode=None, phone="x")
    assert response.status_code == 200
    page = words(response)
    assert "Please look at this again" in page
    for field, sentence in {
        "name": "Please write your name.",
        "email": "This is not an email address. It looks like name@example.org.",
        "mode": "Please choose how you will take part.",
        "phone": "Please write the number in digits, such as +254 700 000000.",
    }.items():
        target = f"id_{field}_0" if field == "mode" else f"id_{field}"
        assert f'<li><a href="#{target}">' in page
        assert f'id="{target}"' in page
        assert page.count(sentence) == 2
    assert Registration.objects.count() == OutboxMail.objects.count() == 0


def test_a_slip_costs_nothing_that_was_typed(person, event):
    typed = everything(name="", email="no address")
    response = person.post(path(event), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert lost_from(response, typed) == set()
    # Mended and sent again, it is one registration.
    mended = held_by(response) | {"name": "Wanjiru", "email": "wanjiru@example.org"}
    assert person.post(path(event), mended, **OUR_PAGE).status_code == 303


@pytest.mark.parametrize(
    "name", ["محمد عبد الله", "Miriam O'Brien", "<script>alert(1)</script>", '"><b>', "x" * 200]
)
def test_names_come_back_as_they_were_typed_and_harm_nobody(person, event, name):
    response = send(person, event, name=name, email="")
    assert held_by(response)["name"] == [name]
    assert b"<script>alert" not in response.content
    assert b'value=""><b>' not in response.content


@pytest.mark.parametrize("length", [201, 3000])
def test_a_name_that_is_too_long_comes_back_whole_with_a_sentence(person, event, length):
    response = send(person, event, name="é" * length)
    sentence = f"Please shorten this to 200 characters. You wrote {length}."
    assert words(response).count(sentence) == 2
    assert held_by(response)["name"] == ["é" * length]


@pytest.mark.parametrize("field", ["name", "email", "question"])
def test_a_field_of_10_mb_is_answered_with_the_form(person, event, field):
    typed = everything() | {field: "a" * 10 * 1024 * 1024}
    response = person.post(path(event), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert len(response.content) < 100_000
    assert f'href="#id_{field}"' in words(response)
    rest = {name: value for name, value in typed.items() if name != field}
    assert lost_from(response, rest) == set()
    (cut,) = held_by(response)[field]
    assert 40 <= len(cut) <= 2000
    assert Registration.objects.count() == 0


@pytest.mark.parametrize("field", ["mode", "county", "participants_list", "form_token"])
def test_a_choice_of_10_mb_is_not_sent_back(person, event, field):
    typed = everything(email="") | {field: "a" * 10 * 1024 * 1024}
    response = person.post(path(event), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert len(response.content) < 100_000


def test_an_empty_post_is_answered_with_the_form_and_what_is_missing(person, event):
    response = person.post(path(event), {}, **OUR_PAGE)
    assert response.status_code == 200
    assert words(response).count("Please write your name.") == 2


def test_an_unknown_group_is_told_at_its_field(person, event):
    response = send(person, event, group="unknown")
    assert words(response).count("Please choose one of the groups in the list.") == 2


def test_a_robot_is_told_kindly_and_nothing_is_lost(person, event):
    typed = everything(leave_empty="http://spam.example")
    response = person.post(path(event), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert words(response).count("Please leave this field empty. It catches robots.") == 2
    assert lost_from(response, typed) == set()
    assert Registration.objects.count() == 0


def test_a_forged_token_is_replaced_and_the_next_press_counts(person, event):
    typed = everything(form_token="forged")
    response = person.post(path(event), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert "The form came back incomplete" in words(response)
    assert Registration.objects.count() == 0
    assert person.post(path(event), held_by(response), **OUR_PAGE).status_code == 303


def test_a_form_sent_at_once_counts_at_the_next_press(person, event, monkeypatch):
    typed = everything()
    monkeypatch.setattr("events.registration.forms.LEAST_SECONDS", 3600)
    response = person.post(path(event), typed, **OUR_PAGE)
    assert response.status_code == 200
    assert "That was very quick. Please press the button once more." in words(response)
    assert held_by(response)["form_token"] == [typed["form_token"]]
    assert lost_from(response, typed) == set()
    monkeypatch.setattr("events.registration.forms.LEAST_SECONDS", 0)
    assert person.post(path(event), held_by(response), **OUR_PAGE).status_code == 303


def test_a_name_made_of_an_encoded_line_break_injects_no_header(person, event):
    name = "=?utf-8?q?Wanjiru=0D=0ABcc=3A_all=40example.com=0D=0A=0D=0ABuy?="
    assert send(person, event, name=name).status_code == 303
    head, _, body = bytes(outbox()[0].payload).partition(b"\r\n\r\n")
    assert b"\nBcc" not in head
    assert not body.startswith(b"Buy")
    assert text_of(last_mail()).startswith(f"Dear {name.replace('.', '. ')},\n")


# Twice, and again


def test_a_form_sent_twice_is_one_registration_and_one_mail(person, event):
    typed = everything()
    first = person.post(path(event), typed, **OUR_PAGE)
    before = rows()
    second = person.post(path(event), typed, **OUR_PAGE)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]
    assert rows() == before
    assert len(outbox()) == 1


def test_who_goes_back_to_mend_her_address_gets_a_mail_there(person, event):
    typed = answers(email="wanjiru@exmaple.org")
    person.post(path(event), typed, **OUR_PAGE)
    person.post(path(event), typed | {"email": "wanjiru@example.org"}, **OUR_PAGE)
    assert [mail.to for mail in outbox()] == ["wanjiru@exmaple.org", "wanjiru@example.org"]


def test_who_goes_back_to_mend_her_name_is_told_by_mail_that_nothing_changed(person, event):
    typed = answers(name="Wnajiru")
    person.post(path(event), typed, **OUR_PAGE)
    person.post(path(event), typed | {"name": "Wanjiru"}, **OUR_PAGE)
    assert Registration.objects.get().name == "Wnajiru"
    assert "Nothing was changed." in text_of(last_mail())


@pytest.mark.parametrize(
    ("seats", "told"), [(None, "Your seat is confirmed"), (1, "You are on the waiting list")]
)
def test_the_answer_does_not_tell_whether_an_address_was_registered(person, event, seats, told):
    make_registration(event, email="known@example.org")
    event.quotas.filter(mode="in_room").update(seats=seats)
    new, known = (send(person, event, email=f"{who}@example.org") for who in ("new", "known"))
    assert (new.status_code, headers(new), new.content) == (
        known.status_code,
        headers(known),
        known.content,
    )
    pages = [person.get(answer["Location"]) for answer in (new, known)]
    assert pages[0].content == pages[1].content
    assert headers(pages[0]) == headers(pages[1])
    subjects = [str(mail["Subject"]) for mail in mails()]
    assert subjects[1:] == [
        f"{told}: Roundtable 2",
        "You are registered already: Roundtable 2",
    ]
    assert "Register another person" in text_of(last_mail())


# Closed, full, not yet


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"settings": {"stopped": True}}, "The organisers are taking no more people."),
        ({"settings": {"opens_at": START}}, "Registration is not open yet."),
        ({"settings": {"closes_at": NOW}}, "Registration is closed."),
        ({"status": Event.Status.CANCELLED}, "The event was cancelled."),
        (
            {"status": Event.Status.POSTPONED},
            "The event was put off. Please look again later.",
        ),
    ],
)
def test_a_form_sent_while_registration_is_closed_comes_back_whole(person, event, fields, sentence):
    """As when registration closed while she was typing."""
    other = make_event(**fields)
    typed = everything()
    response = person.post(path(other), typed, **OUR_PAGE)
    assert response.status_code == 409
    assert sentence in words(response)
    assert lost_from(response, typed) == set()
    assert Registration.objects.count() == OutboxMail.objects.count() == 0


@pytest.mark.parametrize("online", [0, 5])
def test_a_form_for_which_there_is_no_seat_is_a_place_on_the_waiting_list(person, event, online):
    """As when the last seat went while she was typing."""
    other = make_event(quotas={"in_room": 0, "online": online})
    response = send(person, other)
    assert (response.status_code, response["Location"]) == (303, path(other, "done"))
    registration = Registration.objects.get()
    assert [str(seat) for seat in registration.seat_requests.all()] == [
        "In the room: On the waiting list"
    ]
    (mail,) = mails()
    assert str(mail["Subject"]) == f"You are on the waiting list: {other.name}"
    assert f"/registrations/{token_for(registration, Power.MANAGE)}/" in text_of(mail)
    assert calendar_parts(mail) == []


def test_where_all_seats_are_taken_the_form_is_for_the_waiting_list(person, event):
    other = make_event(quotas={"in_room": 0})
    response = person.get(path(other))
    assert response.status_code == 200
    assert "All seats are taken. When one is given up, the next on the list has it" in (
        words(response)
    )
    assert words(response).count("Join the waiting list") == 2
    assert held_by(response)["form_token"] != [""]
    assert send(person, other).status_code == 303


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"settings": {"stopped": True}}, "The organisers are taking no more people."),
        ({"settings": {"opens_at": START}}, "Registration is not open yet"),
        ({"starts_at": NOW}, "Registration is closed."),
    ],
)
def test_a_closed_registration_shows_why_instead_of_the_form(person, event, fields, sentence):
    response = person.get(path(make_event(**fields)))
    assert response.status_code == 200
    assert sentence in words(response)
    assert held_by(response) == {}


def test_a_mode_that_is_full_says_so_and_the_other_can_be_had(person, event):
    other = make_event(quotas={"in_room": 0, "online": 1})
    assert "In the room (all seats are taken: you wait for one)" in words(person.get(path(other)))
    assert send(person, other, mode="online").status_code == 303


@pytest.mark.parametrize("name", ["register", "done", "lost_link"])
def test_a_draft_event_is_not_there(person, event, name):
    draft = make_event(published=False)
    assert person.get(path(draft, name)).status_code == 404
    if name != "done":
        assert person.post(path(draft, name), answers(), **OUR_PAGE).status_code == 404
    assert person.get(f"/events/no-such-event/{name}/").status_code == 404
    assert Registration.objects.count() == 0


# Floods and other websites


def test_forms_over_the_limit_come_back_whole(person, event, settings):
    settings.REGISTRATION_POSTS_PER_HOUR = 2
    for number in range(2):
        assert send(person, event, email=f"p{number}@example.org").status_code == 303
    typed = everything()
    response = person.post(path(event), typed, **OUR_PAGE)
    assert response.status_code == 429
    assert "Please wait an hour, or write to us." in words(response)
    assert lost_from(response, typed) == set()
    assert Registration.objects.count() == len(outbox()) == 2
    elsewhere = {**OUR_PAGE, "REMOTE_ADDR": "203.0.113.9"}
    assert person.post(path(event), typed, **elsewhere).status_code == 303


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://["},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "http://testserver"},
]


@pytest.mark.parametrize("sent", FOREIGN)
def test_a_form_from_another_website_comes_back_whole(person, event, sent):
    typed = everything()
    response = person.post(path(event), typed, headers=sent)
    assert response.status_code == 403
    assert "This form came from another website." in words(response)
    assert lost_from(response, typed) == set()
    assert Registration.objects.count() == OutboxMail.objects.count() == 0


@pytest.mark.parametrize("name", ["register", "lost_link"])
def test_another_website_does_not_use_up_the_limit_of_its_visitors(person, event, settings, name):
    settings.REGISTRATION_POSTS_PER_HOUR = 1
    typed = answers() if name == "register" else {"email": "wanjiru@example.org"}
    for sent in FOREIGN:
        assert person.post(path(event, name), typed, headers=sent).status_code == 403
    assert person.post(path(event, name), typed, **OUR_PAGE).status_code == 303


@pytest.mark.parametrize("name", ["register", "lost_link"])
def test_an_empty_form_from_another_website_or_over_the_limit_is_answered(
    person, event, settings, name
):
    foreign = person.post(path(event, name), {}, headers={"origin": "https://evil.example"})
    assert foreign.status_code == (403 if name == "register" else 200)
    settings.REGISTRATION_POSTS_PER_HOUR = 0
    flood = person.post(path(event, name), {}, **OUR_PAGE)
    assert flood.status_code == (429 if name == "register" else 200)


# I lost my link


def test_a_lost_link_is_sent_again(person, event):
    registration = make_registration(event)
    page = person.get(path(event, "lost_link"))
    assert page.status_code == 200
    response = person.post(path(event, "lost_link"), {"email": "WANJIRU@example.org"})
    assert response.status_code == 303
    assert response["Location"] == f"{path(event, 'lost_link')}?sent=1"
    assert "the mail with your link is on its way" in words(person.get(response["Location"]))
    assert outbox()[-1].to == registration.email
    assert "Here is your personal link again." in text_of(last_mail())


def test_a_lost_link_page_does_not_tell_whether_an_address_is_known(person, event):
    make_registration(event, email="known@example.org")
    known, unknown = (
        person.post(path(event, "lost_link"), {"email": f"{who}@example.org"})
        for who in ("known", "unknown")
    )
    assert (known.status_code, headers(known), known.content) == (
        unknown.status_code,
        headers(unknown),
        unknown.content,
    )
    assert [mail.to for mail in outbox()] == ["known@example.org"] * 2


def test_a_lost_link_of_somebody_who_brought_others_leads_to_theirs(person, event):
    contact = make_registration(event)
    details = rules.Details(name="Otieno", mode="online", country="KE", group=make_group())
    rules.register_companion(contact, details, submission=None, now=NOW, at=AT)
    before = len(outbox())
    person.post(path(event, "lost_link"), {"email": contact.email})
    (body,) = [text_of(mail) for mail in mails()[before:]]
    assert body.startswith("Dear Wanjiru Kamau,")
    assert "The people you registered are on the same page." in body
    page = person.get(f"/registrations/{token_for(contact, Power.MANAGE)}/")
    assert f"/registrations/{token_for(contact.companions.get(), Power.MANAGE)}/" in words(page)


def test_a_lost_link_costs_the_same_work_whether_the_address_is_known(person, event):
    """What it takes to make and write the mail is what a stopwatch would tell by."""
    make_registration(event, email="somebody@example.org")
    contact = make_registration(event, email="known@example.org")
    details = rules.Details(name="Otieno", mode="online", country="KE", group=make_group())
    rules.register_companion(contact, details, submission=None, now=NOW, at=AT)
    made = []
    for who in ["known"] * 6 + ["unknown"]:
        with CaptureQueriesContext(connection) as queries:
            person.post(path(event, "lost_link"), {"email": f"{who}@example.org"})
        made.append(sum('INSERT INTO "outbox_outboxmail"' in query["sql"] for query in queries))
    assert made == [1] * 7
    # Two confirmations and three links, which makes five mails in this hour.
    assert [mail.to for mail in outbox()[1:]] == ["known@example.org"] * 5


def test_a_lost_link_where_nobody_is_registered_writes_nothing(person, event):
    response = person.post(path(event, "lost_link"), {"email": "unknown@example.org"})
    assert response.status_code == 303
    assert outbox() == []


def test_lost_links_do_not_flood_an_address(person, event):
    make_registration(event)
    for _ in range(10):
        person.post(path(event, "lost_link"), {"email": "wanjiru@example.org"})
    assert len(outbox()) == 5


@pytest.mark.parametrize("typed", ["", "no address", "a@b.co\nBcc: x@y.co", "\x00", "a" * 5000])
def test_a_lost_link_needs_an_address(person, event, typed):
    response = person.post(path(event, "lost_link"), {"email": typed})
    assert response.status_code == 200
    assert "Please look at this again" in words(response)
    assert outbox() == []


def test_a_lost_link_asked_for_elsewhere_or_too_often_keeps_the_address(person, event, settings):
    make_registration(event)
    typed = {"email": "wanjiru@example.org"}
    foreign = person.post(path(event, "lost_link"), typed, headers=FOREIGN[0])
    assert (foreign.status_code, held_by(foreign)["email"]) == (403, ["wanjiru@example.org"])
    settings.REGISTRATION_POSTS_PER_HOUR = 0
    flood = person.post(path(event, "lost_link"), typed, **OUR_PAGE)
    assert (flood.status_code, held_by(flood)["email"]) == (429, ["wanjiru@example.org"])
    assert len(outbox()) == 1


# The shipped event


def test_the_shipped_event_can_be_registered_for(person, nakuru):
    page = person.get("/events/roundtable-2/register/")
    typed = answers(group="grassroots", voices=["women"], form_token=new_form_token())
    assert "Grassroots" in words(page) or "grassroots" in words(page)
    response = person.post("/events/roundtable-2/register/", typed, **OUR_PAGE)
    assert response["Location"] == "/events/roundtable-2/register/done/"
    text = text_of(last_mail())
    assert "Saturday 31 October 2020\n12:45 – 14:45 EAT (UTC+3)\nNakuru, Kenya" in text
