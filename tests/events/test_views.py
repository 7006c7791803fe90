import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User

from events.models import Event, Venue
from events.rules import record_change
from tests.factories import (
    AT,
    NOW,
    START,
    make_assignment,
    make_event,
    make_note,
    make_series,
    make_speaker,
)

pytestmark = pytest.mark.django_db
NOTE = Path(__file__).parent.parent / "data" / "concept-note.txt"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}
LINK = "https://meet.example.org/nakuru"
PAGES = ["", "concept-note/", "agenda/", "speakers/", "invite.ics", "agenda.ics"]


def words(html):
    """The text as a reader sees it, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def main(response):
    assert response.status_code == 200
    page = response.content.decode()
    return words(page[page.index("<main") : page.index("</main>")])


@pytest.fixture
def organiser(client):
    """The client, signed in as somebody who may see events and is nothing else."""
    user = User.objects.create_user("organiser", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_event"))
    client.force_login(user)
    return client


@pytest.fixture
def attendee(client):
    client.force_login(User.objects.create_user("attendee"))
    return client


# What stands on the pages


def test_front_page_is_the_event_in_front(client, nakuru):
    response = client.get("/")
    assert response.context["event"] == nakuru
    text = main(response)
    assert "Working together to build sustainable cities and communities" in text
    assert "Roundtable 2 · Valuing our communities and cities · World Cities Day 2020" in text
    assert "Saturday 31 October 2020, 12:45 – 14:45 EAT (UTC+3)" in text
    assert "Nakuru, Kenya" in text
    assert "Nakuru City" not in text
    assert "Registration is open" in text
    assert "UN HABITAT" in text
    assert 'href="/events/roundtable-2/register/"' in response.content.decode()


def test_event_page_is_the_front_page_at_its_own_address(client, nakuru):
    assert main(client.get("/events/roundtable-2/")) == main(client.get("/"))


def test_front_page_without_any_event_says_so(client):
    response = client.get("/")
    assert main(response).startswith("Nothing is planned yet")
    assert not response.cookies


def test_front_page_shows_no_draft(client):
    make_event(published=False, title="Hidden", featured=True)
    assert "Hidden" not in client.get("/").content.decode()


def test_every_line_of_the_note_stands_on_its_page_word_for_word_and_in_its_place(client, nakuru):
    note = " ".join(NOTE.read_text(encoding="utf-8").split())
    assert len(note) == 3283
    before, found, after = main(client.get("/events/roundtable-2/concept-note/")).partition(note)
    assert found == note
    # Around it stands where one is, and which version it is; no word of ours is in between.
    assert before.endswith("Concept note ")
    assert after == " Version 1. To print, or to pass on: as PDF"


def test_note_of_an_event_without_one_is_to_be_announced(client):
    event = make_event()
    assert "The concept note is to be announced." in main(
        client.get(f"{event.get_absolute_url()}concept-note/")
    )


def test_note_is_shown_in_the_reader_s_language_else_in_english_else_in_any(client):
    event = make_event()
    url = f"{event.get_absolute_url()}concept-note/"
    make_note(event, language="sw", sections=[("", "Kiswahili.")])
    record_change(event, at=AT)
    assert "Kiswahili." in main(client.get(url))
    make_note(event, language="en", sections=[("", "English.")])
    record_change(event, at=AT)
    assert "English." in main(client.get(url))
    assert "Kiswahili." not in main(client.get(url))


def test_agenda_gives_each_slot_its_time_length_emphasis_and_people(client, nakuru):
    text = main(client.get("/events/roundtable-2/agenda/"))
    for start, minutes, title in [
        ("12:45", 5, "Welcome and how to take part"),
        ("13:10", 15, "Success stories"),
        ("13:55", 20, "Policy implications"),
        ("14:42", 3, "Closing"),
    ]:
        assert f"{start} {minutes} min {title}" in text
    assert "Provisional" in text
    assert "14:45" in text
    assert "Moderator to be announced" in text
    assert "Representative of a UN agency" in text


def test_speakers_page_has_each_person_once_in_the_agenda_s_order(client, nakuru):
    response = client.get("/events/roundtable-2/speakers/")
    slugs = [speaker.slug for speaker in response.context["speakers"]]
    assert slugs == [
        "local-government", "un-agency", "communities", "civil-society", "private-sector",
        "national-government", "other-stakeholders",
    ]  # fmt: skip
    text = main(response)
    assert [text.count(speaker.name) for speaker in response.context["speakers"]] == [1] * 7


def test_person_is_named_on_pages_only_once_confirmed(client):
    event = make_event(items=[SLOT])
    item = event.agenda_items.get()
    for status in ("proposed", "invited", "declined"):
        make_assignment(item, make_speaker("Not Yet"), status=status)
    make_assignment(item, make_speaker("Taken Off", published=False))
    make_assignment(item, make_speaker("Wangari Maathai"))
    record_change(event, at=AT)
    for page in ("", "agenda/", "speakers/"):
        html = client.get(event.get_absolute_url() + page).content.decode()
        assert "Wangari Maathai" in html
        assert "Not Yet" not in html
        assert "Taken Off" not in html


@pytest.mark.parametrize("path", ["", "agenda/", "speakers/", "invite.ics"])
def test_draft_agenda_is_on_no_page(client, organiser, path):
    event = make_event(items=[{**SLOT, "title": "Secret slot"}], agenda_status="draft")
    make_assignment(event.agenda_items.get(), make_speaker("Secret speaker"))
    record_change(event, at=AT)
    html = client.get(event.get_absolute_url() + path).content.decode()
    assert "Secret" not in html


def test_draft_agenda_has_no_calendar_file(client):
    event = make_event(items=[SLOT], agenda_status="draft")
    assert client.get(f"{event.get_absolute_url()}agenda.ics").status_code == 404


def test_all_events_are_listed_upcoming_and_past(client):
    make_event(title="Soon", starts_at=NOW + HOUR)
    make_event(title="Later", starts_at=NOW + DAY)
    make_event(title="Under way", starts_at=NOW - HOUR)
    make_event(title="Over", starts_at=NOW - DAY)
    make_event(title="Long over", starts_at=NOW - 9 * DAY)
    make_event(title="Hidden", starts_at=NOW + HOUR, published=False)
    response = client.get("/events/")
    assert [event.title for event in response.context["upcoming"]] == ["Under way", "Soon", "Later"]
    assert [event.title for event in response.context["past"]] == ["Over", "Long over"]
    assert "Hidden" not in response.content.decode()


def test_list_without_events_says_so(client):
    text = main(client.get("/events/"))
    assert "Nothing is planned at present." in text
    assert "There is no past event here yet." in text


def test_event_in_another_zone_is_shown_in_the_time_of_its_place(client):
    event = make_event(zone="Asia/Kathmandu")
    assert "15:30 – 17:30 +0545 (UTC+5:45)" in main(client.get(event.get_absolute_url()))


def test_what_organisers_typed_is_text_and_never_markup(client):
    evil = "<script>alert(1)</script>"
    event = make_event(
        title=evil, summary=evil, convenor=evil, series=make_series(theme=evil, occasion=evil),
        venue=Venue.objects.create(name=evil, town=evil, access_notes=evil),
        items=[{**SLOT, "title": evil, "description": evil}],
    )  # fmt: skip
    make_note(event, sections=[(evil, evil)], masthead=evil, sign_off=evil)
    speaker = make_speaker(evil, biography=evil, organisation=evil, job_title=evil)
    make_assignment(event.agenda_items.get(), speaker)
    record_change(event, at=AT)
    addresses = [event.get_absolute_url() + page for page in PAGES[:4]]
    for address in ["/", "/events/", speaker.get_absolute_url(), *addresses]:
        html = client.get(address).content.decode()
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


# Tenses


@pytest.mark.parametrize(
    ("starts_at", "phase", "sentence"),
    [
        (NOW + HOUR, "before", "Registration is open"),
        (NOW - HOUR, "live", "The roundtable is under way"),
        (NOW - DAY, "after", "This roundtable is over"),
    ],
)
def test_event_page_knows_the_phase(client, starts_at, phase, sentence):
    response = client.get(make_event(starts_at=starts_at).get_absolute_url())
    assert response.context["phase"] == phase
    assert sentence in main(response)


@pytest.mark.parametrize("page", ["", "concept-note/", "agenda/", "speakers/"])
def test_what_is_unknown_is_announced_before_and_not_recorded_after(client, page):
    before = main(client.get(make_event().get_absolute_url() + page))
    after = main(client.get(make_event(starts_at=NOW - DAY).get_absolute_url() + page))
    assert "to be announced" in before
    assert "not recorded" not in before
    assert "not recorded" in after
    assert "to be announced" not in after


def test_archive_calls_nobody_to_register(client, nakuru, settings):
    settings.ROUNDTABLE_CLOCK = START + 30 * DAY
    html = client.get("/").content.decode()
    assert "This roundtable is over" in html
    assert "/register/" not in html
    for page in ("agenda/", "speakers/"):
        text = main(client.get(f"/events/roundtable-2/{page}"))
        assert "not recorded here" in text
        assert "to be announced" not in text


def test_cancelled_event_says_so_in_its_tense(client):
    ahead = make_event(status="cancelled")
    past = make_event(status="cancelled", starts_at=NOW - DAY)
    assert "This roundtable will not take place." in main(client.get(ahead.get_absolute_url()))
    assert "This roundtable did not take place." in main(client.get(past.get_absolute_url()))


def test_link_to_join_stands_on_the_page_while_it_may_be_seen(client, settings):
    venue = Venue.objects.create(join_url=LINK, join_audience="everybody", join_minutes_before=60)
    url = make_event(venue=venue).get_absolute_url()
    for moment, seen in [(START - HOUR - timedelta(seconds=1), False), (START - HOUR, True),
                         (START + HOUR, True), (START + 2 * HOUR, False)]:  # fmt: skip
        settings.ROUNDTABLE_CLOCK = moment
        assert (LINK in client.get(url).content.decode()) is seen
        assert (LINK in client.get(f"{url}invite.ics").content.decode()) is seen
        assert (LINK in client.get("/calendar.ics").content.decode()) is seen


def test_link_to_join_for_people_with_a_seat_is_on_no_public_page(client, settings):
    venue = Venue.objects.create(join_url=LINK, join_minutes_before=60)
    url = make_event(venue=venue).get_absolute_url()
    settings.ROUNDTABLE_CLOCK = START
    for address in ["/", "/events/", "/calendar.ics", *[url + page for page in PAGES]]:
        assert LINK not in client.get(address).content.decode()


# Who sees what


@pytest.mark.parametrize("page", PAGES)
def test_organiser_sees_a_draft_marked_as_one_and_nobody_keeps_it(organiser, page):
    event = make_event(published=False, items=[SLOT])
    response = organiser.get(event.get_absolute_url() + page)
    assert response.status_code == 200
    assert set(response["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert not response.has_header("ETag")
    if page.endswith("/") or not page:
        assert "Only organisers see this page." in main(response)


@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_sees_a_draft(client, page):
    event = make_event(published=False, items=[SLOT])
    assert client.get(event.get_absolute_url() + page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_attendee_sees_no_draft(attendee, page):
    event = make_event(published=False, items=[SLOT])
    assert attendee.get(event.get_absolute_url() + page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_unknown_event_is_404_for_everybody(organiser, page):
    assert organiser.get(f"/events/nowhere/{page}").status_code == 404


def test_answer_for_a_draft_does_not_tell_that_there_is_one(client):
    make_event(published=False, slug="secret")
    draft, nothing = client.get("/events/secret/"), client.get("/events/nothing/")
    assert (draft.status_code, dict(draft.headers)) == (nothing.status_code, dict(nothing.headers))
    assert draft.content.replace(b"secret", b"nothing") == nothing.content


def test_pages_are_for_reading_only(client):
    url = make_event().get_absolute_url()
    for address in ["/", "/events/", "/calendar.ics", *[url + page for page in PAGES]]:
        assert client.post(address).status_code == 405


# Calendar files: how they are handed over. What stands in them, test_calendar says.


@pytest.mark.parametrize(
    ("path", "disposition"),
    [
        ("/events/e/invite.ics", 'attachment; filename="e.ics"'),
        ("/events/e/agenda.ics", 'attachment; filename="e-agenda.ics"'),
        ("/calendar.ics", 'inline; filename="calendar.ics"'),
    ],
)
def test_calendar_file_is_handed_over_as_one(client, path, disposition):
    make_event(slug="e", items=[SLOT])
    response = client.get(path)
    assert response["Content-Type"].startswith("text/calendar; charset=utf-8")
    assert response["Content-Disposition"] == disposition
    assert response.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert response.content.endswith(b"END:VCALENDAR\r\n")


def test_feed_names_the_series_and_holds_published_events_only(client):
    make_event(title="First", series=make_series(theme="Our cities"))
    make_event(title="Cancelled one", status="cancelled")
    make_event(title="Hidden", published=False)
    content = client.get("/calendar.ics").content.decode()
    assert "X-WR-CALNAME:Our cities\r\n" in content
    assert content.count("BEGIN:VEVENT") == 2
    assert "Cancelled one" in content
    assert "Hidden" not in content


def test_feed_without_events_is_a_calendar(client):
    assert client.get("/calendar.ics").content.startswith(b"BEGIN:VCALENDAR\r\n")


# Query counts, cold: the page has not been asked for before


def grow(event, rows):
    """Give the event so many slots with a person each, and its note so many sections."""
    for position in range(1, rows + 1):
        item = event.agenda_items.create(position=position, **SLOT)
        make_assignment(item, make_speaker())
    make_note(event, sections=[("Part", "Text.")] * rows)
    record_change(event, at=AT)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("page", "queries"),
    [
        ("", 7),
        ("concept-note/", 5),
        ("agenda/", 4),
        ("speakers/", 4),
        ("invite.ics", 3),
        ("agenda.ics", 3),
    ],
)
def test_cold_page_takes_the_same_queries_however_much_stands_on_it(
    client, page, queries, rows, django_assert_num_queries
):
    event = make_event(series=make_series())
    grow(event, rows)
    with django_assert_num_queries(queries):
        assert client.get(event.get_absolute_url() + page).status_code == 200


@pytest.mark.parametrize("events", [1, 3])
@pytest.mark.parametrize(("path", "queries"), [("/", 7), ("/events/", 3), ("/calendar.ics", 2)])
def test_cold_page_takes_the_same_queries_however_many_events_there_are(
    client, path, queries, events, django_assert_num_queries
):
    for _ in range(events):
        grow(make_event(series=make_series()), 1)
        make_event(starts_at=NOW - DAY, series=make_series())
    with django_assert_num_queries(queries):
        assert client.get(path).status_code == 200


def test_event_page_of_a_draft_costs_its_reader_only_a_session(
    organiser, django_assert_num_queries
):
    event = make_event(published=False)
    grow(event, 3)
    # The same as cold, and who is signed in, with what permissions.
    with django_assert_num_queries(11):
        assert organiser.get(event.get_absolute_url()).status_code == 200
    assert Event.objects.published().count() == 0
