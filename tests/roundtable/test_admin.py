"""What organisers do in the admin, by its real forms, and what the public then reads."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User

from events.models import AgendaItem, ConceptNote, Event, Series, Venue
from events.registration.models import Quota, RegistrationSettings
from events.rules import record_change
from speakers.models import Speaker
from tests.desk import address, problems, read, save, saved
from tests.factories import (
    AT,
    START,
    make_assignment,
    make_event,
    make_group,
    make_note,
    make_organiser,
    make_registration,
    make_series,
    make_speaker,
    make_voice,
)

pytestmark = pytest.mark.django_db
SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}
IN_FRONT = (
    "“Working together” is on the front page now. Save without this tick, then "
    "choose “Put on the front page” at the top: the two change places in one step."
)


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser())
    return client


@pytest.fixture
def event(db):
    event = make_event(
        slug="e",
        series=make_series(),
        venue=Venue.objects.create(town="Nakuru", country="KE"),
        items=[{**SLOT, "title": "First"}, {**SLOT, "title": "Second"}],
    )
    make_note(event, sections=[("", "One."), ("The roundtable", "Two.")])
    make_assignment(event.agenda_items.first(), make_speaker("Wangari", slug="wangari"))
    record_change(event, at=AT)
    return event


def follows(client, path, act, words):
    """Whether the public page says the words after ``act``, under another entity tag."""
    before = client.get(path)
    assert words not in before.content.decode()
    assert saved(act())
    after = client.get(path, headers={"if-none-match": before["ETag"]})
    return after.status_code == 200 and words in after.content.decode()


def books(event):
    event = Event.objects.get(pk=event.pk)
    return event.content_version, event.sequence


# Every edit is on its public page at once


def test_edit_of_the_event_is_on_its_page(organiser, event):
    assert follows(organiser, "/events/e/", lambda: save(organiser, event, title="Anew"), "Anew")
    assert books(event) == (3, 0)


def test_edit_of_a_section_is_on_the_note_s_page(organiser, event):
    note = event.concept_notes.get()
    path = "/events/e/concept-note/"
    assert follows(
        organiser, path, lambda: save(organiser, note, sections__0__text="Anew."), "Anew."
    )
    assert books(event) == (3, 0)


def test_edit_of_a_slot_within_the_event_is_on_the_agenda(organiser, event):
    def act():
        return save(organiser, event, agenda_items__1__title="Anew", agenda_items__0__minutes="35")

    assert follows(organiser, "/events/e/agenda/", act, "Anew")
    assert "13:20" in organiser.get("/events/e/agenda/").content.decode()


def test_edit_of_a_slot_and_its_people_is_on_the_agenda(organiser, event):
    item = event.agenda_items.last()
    speaker = make_speaker("Thomas Sankara")

    def act():
        return save(
            organiser, item,
            description="Anew.",
            assignments__TOTAL_FORMS="1",
            assignments__0__item=item.pk,
            assignments__0__speaker=speaker.pk,
            assignments__0__role="panellist",
            assignments__0__status="confirmed",
            assignments__0__position="0",
        )  # fmt: skip

    assert follows(organiser, "/events/e/agenda/", act, "Thomas Sankara")
    assert "Thomas Sankara" in organiser.get("/events/e/speakers/").content.decode()


def test_slots_in_another_order_are_timed_anew(organiser, event):
    assert saved(save(organiser, event, agenda_items__0__position="9"))
    titles = [slot.item.title for slot in organiser.get("/events/e/agenda/").context["slots"]]
    assert titles == ["Second", "First"]


@pytest.mark.parametrize("path", ["/events/e/agenda/", "/events/e/speakers/", "/speakers/wangari/"])
def test_edit_of_a_speaker_is_on_every_page_that_names_her(organiser, event, path):
    speaker = Speaker.objects.get()
    assert follows(organiser, path, lambda: save(organiser, speaker, name="Maathai"), "Maathai")
    assert books(event) == (3, 0)


@pytest.mark.parametrize(
    "path", ["/events/e/", "/events/e/invite.ics", "/calendar.ics", "/events/"]
)
def test_edit_of_the_venue_is_on_every_page_that_names_it(organiser, event, path):
    act = lambda: save(organiser, event.venue, name="County Hall")  # noqa: E731
    assert follows(organiser, path, act, "County Hall")
    assert books(event) == (3, 1)


@pytest.mark.parametrize("path", ["/events/e/", "/events/"])
def test_edit_of_the_series_is_on_every_page_that_names_it(organiser, event, path):
    assert follows(organiser, path, lambda: save(organiser, event.series, theme="Anew"), "Anew")
    assert books(event) == (3, 0)


def test_edit_of_a_group_is_on_the_profiles_that_name_it(organiser):
    speaker = make_speaker(slug="w", group=make_group())
    act = lambda: save(organiser, speaker.group, label="Movements")  # noqa: E731
    assert follows(organiser, "/speakers/w/", act, "Movements")


@pytest.mark.parametrize("fields", [{"status": "cancelled"}, {"starts_at_1": "12:15"}])
def test_calendar_fact_raises_sequence(organiser, event, fields):
    assert saved(save(organiser, event, **fields))
    assert books(event) == (3, 1)
    assert "SEQUENCE:1\r\n" in organiser.get("/events/e/invite.ics").content.decode()


@pytest.mark.parametrize(
    "row",
    [lambda e: e, lambda e: e.venue, lambda e: e.series, lambda e: e.concept_notes.get(),
     lambda e: e.agenda_items.first(), lambda e: Speaker.objects.get()],
)  # fmt: skip
def test_form_saved_as_it_is_changes_nothing(organiser, event, row):
    before = Event.objects.values().get()
    assert saved(save(organiser, row(event)))
    assert Event.objects.values().get() == before


def test_time_of_the_change_is_real(organiser, event):
    assert saved(save(organiser, event, title="Anew"))
    event.refresh_from_db()
    assert datetime.now(UTC) - event.changed_at < timedelta(minutes=5)


def test_event_taken_back_and_published_again(organiser, event):
    assert saved(save(organiser, event, published=None))
    anybody = type(organiser)()
    assert anybody.get("/events/e/").status_code == 404
    assert saved(save(organiser, event, published="on"))
    assert anybody.get("/events/e/").status_code == 200


def test_slot_taken_away_is_gone_from_the_agenda(organiser, event):
    item = event.agenda_items.first()
    url = address(item).replace("change", "delete")
    assert b"First" in organiser.get("/events/e/agenda/").content
    assert organiser.post(url, {"post": "yes"}).status_code == 302
    assert b"First" not in organiser.get("/events/e/agenda/").content


def test_slots_taken_away_together_are_gone_from_the_agenda(organiser, event):
    assert b"First" in organiser.get("/events/e/agenda/").content
    keys = list(event.agenda_items.values_list("pk", flat=True))
    chosen = {"action": "delete_selected", "post": "yes", "_selected_action": keys}
    assert organiser.post("/admin/events/agendaitem/", chosen).status_code == 302
    assert not AgendaItem.objects.exists()
    assert b"First" not in organiser.get("/events/e/agenda/").content
    assert books(event) == (3, 0)


LANGUAGES = [
    ("en", "English"), ("sw", "Kiswahili"), ("fr", "French"), ("ar", "Arabic"),
]  # fmt: skip


def languages(response):
    field = response.context["adminform"].form["language"]
    return [(value, str(label)) for value, label in field.field.choices], field.value()


def test_language_of_a_note_is_chosen_by_name(organiser, event):
    note = event.concept_notes.get()
    assert languages(organiser.get("/admin/events/conceptnote/add/")) == (LANGUAGES, "en")
    assert languages(organiser.get(address(note))) == (LANGUAGES, "en")
    assert saved(save(organiser, note, language="sw"))
    assert ConceptNote.objects.get().language == "sw"
    assert list(problems(save(organiser, note, language="xx"))) == ["language"]


def test_language_a_note_has_already_is_kept(organiser, event):
    note = event.concept_notes.get()
    ConceptNote.objects.update(language="pt-br")
    assert languages(organiser.get(address(note))) == ([*LANGUAGES, ("pt-br", "pt-br")], "pt-br")
    assert saved(save(organiser, note, masthead="Anew"))
    assert ConceptNote.objects.get().language == "pt-br"


def test_note_moved_to_another_event_is_on_its_page_and_off_the_first(organiser, event):
    other = make_event(slug="f")
    assert b"One." in organiser.get("/events/e/concept-note/").content
    assert b"One." not in organiser.get("/events/f/concept-note/").content
    assert saved(save(organiser, event.concept_notes.get(), event=other.pk))
    assert b"One." not in organiser.get("/events/e/concept-note/").content
    assert b"One." in organiser.get("/events/f/concept-note/").content
    assert (books(event), books(other)) == ((3, 0), (2, 0))


def test_event_deleted_is_gone_with_its_pages(organiser, event):
    assert organiser.get("/events/e/").status_code == 200
    url = address(event).replace("change", "delete")
    assert organiser.post(url, {"post": "yes"}).status_code == 302
    assert organiser.get("/events/e/").status_code == 404


# Times are those of the place


def test_times_are_shown_in_the_event_s_zone(organiser, event):
    fields = read(organiser.get(address(event)))
    assert (fields["starts_at_0"], fields["starts_at_1"]) == ("2020-10-31", "12:45:00")
    assert (fields["ends_at_0"], fields["ends_at_1"]) == ("2020-10-31", "14:45:00")


def test_times_typed_are_read_in_the_event_s_zone(organiser, event):
    Event.objects.update(starts_at=START - timedelta(hours=1))
    assert saved(save(organiser, event, starts_at_1="12:45"))
    event.refresh_from_db()
    assert event.starts_at == datetime(2020, 10, 31, 9, 45, tzinfo=UTC)


def test_times_typed_with_another_zone_are_read_in_that_one(organiser, event):
    assert saved(save(organiser, event, zone="Asia/Kathmandu"))
    event.refresh_from_db()
    assert event.starts_at == datetime(2020, 10, 31, 7, 0, tzinfo=UTC)
    assert read(organiser.get(address(event)))["starts_at_1"] == "12:45:00"


def test_when_registration_opens_is_read_in_the_event_s_zone_too(organiser, event):
    prefix = "registration_settings-0-opens_at_"
    sent = {**read(organiser.get(address(event))), f"{prefix}0": "2020-10-01", f"{prefix}1": "8:00"}
    assert saved(organiser.post(address(event), sent))
    opens_at = RegistrationSettings.objects.get().opens_at
    assert opens_at == datetime(2020, 10, 1, 5, 0, tzinfo=UTC)


def test_time_that_the_clocks_leave_out_is_refused(organiser, event):
    # In Berlin 02:30 never was on 29 March 2020.
    response = save(organiser, event, zone="Europe/Berlin", starts_at_0="2020-03-29",
                    starts_at_1="02:30")  # fmt: skip
    assert list(problems(response)) == ["starts_at"]


def test_new_event_is_made_in_its_zone(organiser):
    url = "/admin/events/event/add/"
    sent = read(organiser.get(url)) | {
        "title": "Anew", "slug": "anew", "zone": "Asia/Kathmandu", "published": "on",
        "starts_at_0": "2020-11-01", "starts_at_1": "12:45",
        "ends_at_0": "2020-11-01", "ends_at_1": "13:45",
        "quotas-TOTAL_FORMS": "1", "quotas-0-mode": "online", "quotas-0-seats": "5",
    }  # fmt: skip
    assert saved(organiser.post(url, sent))
    event = Event.objects.get()
    assert event.starts_at == datetime(2020, 11, 1, 7, 0, tzinfo=UTC)
    assert (event.content_version, event.sequence) == (1, 0)
    assert b"Registration is open" in organiser.get("/events/anew/").content


def test_running_order_and_last_change_are_shown_in_the_event_s_zone(organiser, event):
    text = organiser.get(address(event)).content.decode()
    assert "<time>12:45</time> – <time>13:15</time>" in text
    assert "<time>13:15</time> – <time>13:45</time>" in text
    assert "01.03.2026 11:30 EAT" in text


# Bad input: a sentence at the field, and nothing lost


SLUG = "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens."
BAD = {
    "every field": (
        {
            "title": "", "slug": "round table", "zone": "Nakuru", "contact_email": "us",
            "number": "two", "starts_at_0": "2020-02-30", "ends_at_1": "a quarter to three",
            "agenda_items__0__minutes": "0", "agenda_items__1__minutes": "10000",
            "quotas__0__seats": "-1", "registration_settings__0__opens_at_0": "tomorrow",
        },
        {
            "title": ["This field is required."],
            "slug": [SLUG],
            "zone": ["“Nakuru” is not a time zone. Write it like Africa/Nairobi."],
            "contact_email": ["Enter a valid email address."],
            "number": ["Enter a whole number."],
            "starts_at": ["Enter a valid date."],
            "ends_at": ["Enter a valid time."],
            "agenda_items-0-minutes": ["Give the minutes as a whole number from 1 to 600."],
            "agenda_items-1-minutes": ["Give the minutes as a whole number from 1 to 600."],
            "quotas-0-seats": ["Ensure this value is greater than or equal to 0."],
            "registration_settings-0-opens_at": ["Enter a valid date."],
        },
    ),
    "what is taken or too long": (
        {"slug": "taken", "featured": "on", "zone": "../../etc/passwd", "title": "x" * 201},
        {
            "slug": ["Event with this Address already exists."],
            "featured": [IN_FRONT],
            "zone": ["“../../etc/passwd” is not a time zone. Write it like Africa/Nairobi."],
            "title": ["Ensure this value has at most 200 characters (it has 201)."],
        },
    ),
    "end before the start": (
        {"ends_at_1": "12:44"},
        {"ends_at": ["The end must come after the start."]},
    ),
    "end at the start": (
        {"ends_at_1": "12:45"},
        {"ends_at": ["The end must come after the start."]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_sentence_at_its_field_and_nothing_is_lost(organiser, event, case):
    typed, expected = BAD[case]
    make_event(slug="taken", featured=True)
    before = list(Event.objects.order_by("pk").values())
    response = save(organiser, event, **{"summary": "Typed at length.", **typed})
    assert problems(response) == expected
    again = read(response)
    assert again["summary"] == "Typed at length."
    for name, value in typed.items():
        assert again[name.replace("__", "-")] == value
    assert list(Event.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"latitude": "-0.3"}, {"__all__": ["Give both latitude and longitude, or neither."]}),
        ({"join_url": "javascript:alert(1)"}, {"join_url": ["Enter a valid URL."]}),
        ({"join_minutes_before": "soon"}, {"join_minutes_before": ["Enter a whole number."]}),
    ],
)
def test_bad_venue_gets_a_sentence_at_its_field(organiser, event, typed, expected):
    response = save(organiser, event.venue, access_notes="Typed at length.", **typed)
    assert problems(response) == expected
    assert read(response)["access_notes"] == "Typed at length."
    assert books(event) == (2, 0)


def test_link_without_its_scheme_is_taken_as_https(organiser, event):
    assert saved(save(organiser, event.venue, join_url="meet.example.org/nakuru"))
    assert Venue.objects.get().join_url == "https://meet.example.org/nakuru"


def test_address_of_nothing_leads_back_to_the_index(organiser, event):
    for wrong in ("abc", "0", "999999", "1_5F"):
        response = organiser.get(f"/admin/events/event/{wrong}/change/")
        assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_agenda_that_does_not_fill_the_event_is_told_and_saved(organiser, event):
    told = []
    for minutes in ("90", "89", "100"):
        assert saved(save(organiser, event, agenda_items__0__minutes=minutes))
        said = [str(message) for message in organiser.get("/admin/").context["messages"]]
        told.append([text for text in said if text.startswith("The agenda")])
    assert told == [
        [],
        ["The agenda leaves 1 minute free."],
        ["The agenda runs over by 10 minutes."],
    ]


# Seats


def test_quota_below_the_seats_taken_is_refused_and_stopping_is_another_switch(organiser):
    event = make_event(slug="e", quotas={"in_room": 3})
    for number in range(2):
        make_registration(event, email=f"{number}@example.org")
    response = save(organiser, event, quotas__0__seats="1", title="Typed")
    assert problems(response) == {
        "quotas-0-seats": [
            "2 seats are taken already. To take no more people, tick “stop new seats”."
        ]
    }
    assert read(response)["title"] == "Typed"
    assert (Quota.objects.get().seats, Event.objects.get().title) == (3, "Working together")
    assert saved(save(organiser, event, quotas__0__seats="2"))
    assert Quota.objects.get().seats == 2
    stopped = {"registration_settings__0__stopped": "on"}
    assert saved(save(organiser, event, quotas__0__seats="", **stopped))
    assert b"The organisers are taking no more people." in organiser.get("/events/e/").content
    assert event.registrations.holding_a_seat().count() == 2


def test_seats_and_registration_are_headed_in_plain_words(organiser):
    event = make_event(quotas={"in_room": 3})
    for url in (address(event), "/admin/events/event/add/"):
        shown = unescape(organiser.get(url).content.decode())
        headings = re.findall(
            r'<h2 id="\w+-heading" class="inline-heading">\s*(.*?)\s*</h2>', shown
        )
        assert headings[-4:] == [
            "Registration", "Seats", "Seats kept for groups until a time",
            "Questions to whoever registers",
        ]  # fmt: skip
        assert '"addText": "Add another Way to take part"' in shown
        for word in ("quota</", "Quota", "Registration settings", "#1"):
            assert word not in shown


def test_way_to_take_part_that_people_chose_cannot_be_taken_away(organiser):
    event = make_event(quotas={"in_room": 3})
    make_registration(event)
    response = save(organiser, event, quotas__0__DELETE="on")
    assert problems(response) == {
        "quotas": ["1 seat is taken already. To take no more people, tick “stop new seats”."]
    }
    assert Quota.objects.count() == 1


def test_way_to_take_part_that_people_wait_for_cannot_be_taken_away(organiser):
    event = make_event(quotas={"in_room": 0})
    make_registration(event)
    response = save(organiser, event, quotas__0__DELETE="on")
    assert problems(response) == {
        "quotas": ["1 person waits for it. To take no more people, tick “stop new seats”."]
    }
    assert Quota.objects.count() == 1


# What cannot be deleted


def test_speaker_in_an_agenda_is_not_deleted(organiser, event):
    speaker = Speaker.objects.get()
    url = address(speaker).replace("change", "delete")
    assert b"Panellist" in organiser.get(url).content
    response = organiser.post(url, {"post": "yes"})
    assert response.status_code == 200
    assert "Nothing was deleted: an agenda names who would go." in unescape(
        re.sub(r"\s+", " ", response.content.decode())
    )
    assert Speaker.objects.get() == speaker


def test_speaker_in_no_agenda_is_deleted_with_her_page(organiser):
    speaker = make_speaker(slug="w")
    assert organiser.get("/speakers/w/").status_code == 200
    organiser.post(address(speaker).replace("change", "delete"), {"post": "yes"})
    assert organiser.get("/speakers/w/").status_code == 404


@pytest.mark.parametrize("row", [lambda e: e.venue, lambda e: e.series])
def test_venue_and_series_of_an_event_are_not_deleted(organiser, event, row):
    url = address(row(event)).replace("change", "delete")
    assert organiser.post(url, {"post": "yes"}).status_code == 200
    assert (Venue.objects.count(), Series.objects.count()) == (1, 1)


def test_event_with_registrations_is_not_deleted(organiser, event):
    make_registration(event)
    url = address(event).replace("change", "delete")
    assert organiser.post(url, {"post": "yes"}).status_code == 200
    assert Event.objects.count() == 1


@pytest.mark.parametrize("row", [lambda r: r.event, lambda r: r.group])
def test_what_registrations_keep_is_said_without_their_names(organiser, event, row):
    """Only the pages that write the access log name people."""
    kept = row(make_registration(event, name="Wanjiru Kamau"))
    page = address(kept).replace("change", "delete")
    chosen = {"action": "delete_selected", "_selected_action": [kept.pk]}
    listed = organiser.post(page.replace(f"{kept.pk}/delete/", ""), chosen)
    for response in (organiser.get(page), listed):
        shown = response.content.decode()
        assert response.status_code == 200
        assert "1 registration" in shown
        assert "Wanjiru" not in shown
    assert organiser.post(page, {"post": "yes"}).status_code == 200
    assert type(kept).objects.filter(pk=kept.pk).exists()


# Who gets in


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/events/event/", "/admin/events/event/1/change/"]
)
def test_anonymous_is_sent_to_sign_in_and_back(client, path):
    response = client.get(path, follow=True)
    assert response.status_code == 200
    assert response.redirect_chain[-1][0] == f"/accounts/login/?next={path.replace('/', '%2F')}"


@pytest.mark.parametrize("path", ["/admin/", "/admin/events/event/", "/admin/login/"])
def test_attendee_gets_403(client, path):
    client.force_login(User.objects.create_user("attendee"))
    response = client.get(path, follow=True)
    assert response.status_code == 403
    assert b"This page is not for you" in response.content


def test_attendee_changes_nothing(client, event):
    client.force_login(User.objects.create_user("attendee"))
    response = client.post(address(event), {"title": "Mine"}, follow=True)
    assert response.status_code == 403
    assert Event.objects.get().title == "Working together"


def test_organiser_without_permission_for_events_sees_none(client, event):
    client.force_login(User.objects.create_user("helper", is_staff=True))
    assert client.get("/admin/").status_code == 200
    assert client.get(address(event)).status_code == 403


# Lists: the same queries however long


def rows(number):
    for _ in range(number):
        event = make_event(series=make_series(), items=[SLOT])
        make_note(event)
        speaker = make_speaker(group=make_group(f"group{event.pk}"))
        make_assignment(event.agenda_items.get(), speaker)
        make_voice(f"voice{event.pk}")
        make_registration(event, group=speaker.group)


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("events/event", 8),
        ("events/agendaitem", 6),
        ("events/conceptnote", 6),
        ("events/series", 5),
        ("events/venue", 5),
        ("speakers/speaker", 6),
        ("speakers/stakeholdergroup", 5),
        ("speakers/voice", 5),
        ("registration/registration", 10),
    ],
)
def test_list_takes_the_same_queries_however_long_it_is(
    organiser, path, queries, number, django_assert_num_queries
):
    rows(number)
    with django_assert_num_queries(queries):
        response = organiser.get(f"/admin/{path}/")
    assert response.context["cl"].result_count == number


def test_lists_find_what_is_searched_for(organiser, event):
    for path in ("events/event", "events/venue", "events/series", "speakers/speaker"):
        assert organiser.get(f"/admin/{path}/?q=nothing-like-it").context["cl"].result_count == 0
    assert organiser.get("/admin/events/event/?q=together").context["cl"].result_count == 1
    assert ConceptNote.objects.count() == 1
