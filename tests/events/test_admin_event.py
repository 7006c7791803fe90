"""Drafts of an agenda, its preview and version, and moving an event people have seats at."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.messages import WARNING, get_messages
from django.test import Client

from events.models import Event
from events.registration.models import SeatRequest
from tests.desk import address, problems, read, save, saved
from tests.factories import make_assignment as assign
from tests.factories import make_event, make_organiser, make_registration, make_speaker

pytestmark = pytest.mark.django_db
SECRET = "A slot nobody may see yet"


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser())
    return client


def words(response):
    text = re.sub(r"<[^>]+>", " ", unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


# A draft is seen only in the preview

PUBLIC = [
    "/", "/events/", "/events/e/", "/events/e/agenda/", "/events/e/agenda.ics",
    "/events/e/agenda.pdf", "/events/e/invite.ics", "/events/e/speakers/",
    "/events/e/concept-note/", "/calendar.ics", "/sitemap.xml", "/speakers/w/",
]  # fmt: skip


@pytest.fixture
def draft(db):
    event = make_event(
        slug="e", agenda_status="draft", featured=True,
        items=[{"title": SECRET, "minutes": 30, "kind": "panel"}],
    )  # fmt: skip
    assign(event.agenda_items.get(), make_speaker("Wangari", slug="w"))
    return event


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("query", ["", "?preview", "?preview=1"])
@pytest.mark.parametrize("signed_in", [False, True], ids=["anybody", "organiser"])
def test_draft_of_an_agenda_is_on_no_public_page(client, draft, path, query, signed_in):
    if signed_in:
        client.force_login(make_organiser())
    response = client.get(path + query)
    assert SECRET.encode() not in response.content
    # Calendar files fold long lines.
    assert b"nobody may see" not in response.content.replace(b"\r\n ", b"")
    if path.startswith("/events/e/agenda."):
        assert response.status_code == 404
    elif path == "/events/e/agenda/":
        assert "The agenda is to be announced." in words(response)


@pytest.mark.parametrize("published", [True, False])
def test_preview_shows_the_draft_and_is_never_kept(organiser, draft, published):
    Event.objects.update(published=published)
    response = organiser.get(f"/admin/events/event/{draft.pk}/preview/")
    assert SECRET in words(response)
    assert "Preview : this agenda is a draft. Only organisers see it. Back to editing" in words(
        response
    )
    assert "Draft Version 1, 1 March 2026." in words(response)
    assert "private" in response["Cache-Control"]
    assert "no-store" in response["Cache-Control"]
    assert not response.has_header("ETag")
    assert f'href="{address(draft)}#running-order"' in response.content.decode()


@pytest.mark.parametrize(("status", "shown"), [("draft", 0), ("provisional", 1)])
def test_preview_links_to_what_is_there(organiser, draft, status, shown):
    Event.objects.update(agenda_status=status)
    page = organiser.get(f"/admin/events/event/{draft.pk}/preview/").content.decode()
    for link in ("/events/e/agenda.pdf", "/events/e/agenda.ics"):
        assert page.count(f'<p class="no-print"><a href="{link}"') == shown
        assert organiser.get(link).status_code == (200 if shown else 404)


def test_preview_is_linked_from_the_event_s_page(organiser, draft):
    assert (
        f'href="/admin/events/event/{draft.pk}/preview/"'
        in organiser.get(address(draft)).content.decode()
    )


@pytest.mark.parametrize("status", ["provisional", "final"])
def test_agenda_that_is_no_draft_is_public_as_soon_as_it_is_saved(organiser, draft, status):
    anybody = Client()
    before = anybody.get("/events/e/agenda/")
    assert SECRET not in words(before)
    assert saved(save(organiser, draft, agenda_status=status))
    after = anybody.get("/events/e/agenda/", headers={"if-none-match": before["ETag"]})
    assert (after.status_code, SECRET in words(after)) == (200, True)
    assert SECRET in anybody.get("/events/e/agenda.ics").content.decode()
    assert saved(save(organiser, draft, agenda_status="draft"))
    assert SECRET not in words(anybody.get("/events/e/agenda/"))


def warned(response):
    told = get_messages(response.wsgi_request)
    return [str(message) for message in told if message.level == WARNING]


def test_final_agenda_that_is_not_finished_is_saved_with_a_warning(organiser):
    event = make_event(items=[{"title": "Panel", "minutes": 135, "kind": "panel"}])
    assign(event.agenda_items.get(), None, role="moderator")
    response = save(organiser, event, agenda_status="final")
    assert saved(response)
    (warning,) = warned(response)
    assert warning == (
        "The agenda is called final, and is not finished: The running order is 15 minutes longer "
        "than the event. Still to be announced: Moderator in “Panel”."
    )
    assert Event.objects.get().agenda_status == "final"


def test_final_agenda_that_is_finished_is_saved_without_a_word(organiser):
    event = make_event(items=[{"title": "Floor", "minutes": 120, "kind": "floor"}])
    response = save(organiser, event, agenda_status="final")
    assert saved(response)
    assert warned(response) == []


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("provisional", "Provisional Version 1, 1 March 2026. It may still change."),
        ("final", "Final Version 1 of 1 March 2026. All times"),
    ],
)
def test_version_and_date_are_on_the_agenda(client, status, sentence):
    make_event(slug="e", agenda_status=status,
               items=[{"title": "A", "minutes": 30, "kind": "panel"}])  # fmt: skip
    assert sentence in words(client.get("/events/e/agenda/"))


def test_version_rises_with_the_agenda(organiser, client):
    event = make_event(slug="e", items=[{"title": "A", "minutes": 30, "kind": "panel"}])
    assert saved(save(organiser, event, agenda_items__0__minutes="31"))
    assert "Provisional Version 2, " in words(Client().get("/events/e/agenda/"))


def preview_status(client, event):
    return client.get(f"/admin/events/event/{event.pk}/preview/").status_code


def test_preview_is_for_who_may_see_events(client, draft):
    assert preview_status(client, draft) == 302
    user = User.objects.create_user("helper", is_staff=True)
    client.force_login(user)
    assert preview_status(client, draft) == 403
    user.user_permissions.add(Permission.objects.get(codename="view_event"))
    assert preview_status(client, draft) == 200


def test_preview_of_nothing_is_not_found(organiser):
    for wrong in ("0", "abc", "999999"):
        assert organiser.get(f"/admin/events/event/{wrong}/preview/").status_code == 404


def test_preview_of_an_event_without_slots_says_so(organiser):
    event = make_event(agenda_status="draft")
    response = organiser.get(f"/admin/events/event/{event.pk}/preview/")
    assert "The agenda is to be announced." in words(response)


# Moving an event that people have seats at


@pytest.fixture
def full(db):
    """Two people have a seat, one waits for one."""
    event = make_event(slug="e", quotas={"in_room": 2, "online": None})
    for number in range(3):
        make_registration(event, email=f"{number}@example.org")
    return event


def panel(response):
    text = unescape(response.content.decode())
    found = re.search(r'<section class="told move".*?</section>', text, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])).strip() if found else ""


def agree(client, response, event, **typed):
    """Tick “Yes, change it” on the form that came back, and save."""
    sent = read(response) | {name.replace("__", "-"): value for name, value in typed.items()}
    token = re.search(r'name="move_agreed" value="([^"]+)"', response.content.decode())[1]
    return client.post(address(event), sent | {"move_agreed": unescape(token)})


def test_moved_start_says_first_what_will_happen_to_whom(organiser, full):
    response = save(organiser, full, starts_at_1="13:45", ends_at_1="15:45", title="Typed")
    said = panel(response)
    assert said.startswith(
        "People have seats at this time The event moves from Saturday 31 October 2020, "
        "12:45 – 14:45 EAT, to Saturday 31 October 2020, 13:45 – 15:45 EAT."
    )
    assert "2 people hold a seat. 1 person waits for one. They keep their place." in said
    assert "No mail goes out by itself." in said
    assert said.endswith("Yes, change it")
    assert list(problems(response)) == ["starts_at"]
    full.refresh_from_db()
    assert (full.local_start.hour, full.title, full.sequence) == (12, "Working together", 0)
    assert saved(agree(organiser, response, full))
    full.refresh_from_db()
    assert (full.local_start.hour, full.title, full.sequence) == (13, "Typed", 1)


def test_it_is_true_that_no_mail_goes_out_by_itself(organiser, full):
    from events.registration.outbox.models import OutboxMail

    before = OutboxMail.objects.count()
    response = save(organiser, full, starts_at_1="13:45", ends_at_1="15:45")
    assert saved(agree(organiser, response, full))
    assert OutboxMail.objects.count() == before
    assert "DTSTART;TZID=Africa/Nairobi:20201031T134500" in (
        Client().get("/events/e/invite.ics").content.decode()
    )


def test_moved_zone_says_first_what_will_happen_to_whom(organiser, full):
    response = save(organiser, full, zone="Asia/Kathmandu")
    assert "12:45 – 14:45 EAT, to Saturday 31 October 2020, 12:45 – 14:45 +0545." in panel(response)
    assert list(problems(response)) == ["zone"]
    assert saved(agree(organiser, response, full))
    assert Event.objects.get().zone == "Asia/Kathmandu"


def test_zone_of_the_same_time_says_that_the_moment_stays(organiser, full):
    response = save(organiser, full, zone="Africa/Kampala")
    assert "It starts at the same moment as before" in panel(response)


def test_move_over_midnight_says_both_days(organiser, full):
    response = save(organiser, full, starts_at_1="23:00", ends_at_0="2020-11-01", ends_at_1="01:00")
    assert "23:00 – Sunday 1 November 2020, 01:00 EAT." in panel(response)


def test_tick_agrees_to_that_move_only(organiser, full):
    response = save(organiser, full, starts_at_1="13:45", ends_at_1="15:45")
    again = agree(organiser, response, full, starts_at_1="14:00")
    assert "14:00 – 15:45" in panel(again)
    full.refresh_from_db()
    assert full.local_start.hour == 12


def test_tick_is_kept_while_something_else_is_mended(organiser, full):
    response = save(organiser, full, starts_at_1="13:45", ends_at_1="15:45", number="two")
    again = agree(organiser, response, full)
    assert list(problems(again)) == ["number"]
    assert "move_agreed" in read(again)


def test_another_end_alone_is_asked_about(organiser, full):
    response = save(organiser, full, ends_at_1="16:00")
    assert panel(response).startswith(
        "People have seats at this time The event starts as before and ends at another time: it "
        "was Saturday 31 October 2020, 12:45 – 14:45 EAT, and will be Saturday 31 October 2020, "
        "12:45 – 16:00 EAT. 2 people hold a seat. 1 person waits for one. They keep their place."
    )
    assert problems(response) == {
        "ends_at": ["People have seats at this time. See the top of the page."]
    }
    assert panel(agree(organiser, response, full, ends_at_1="16:30")).count("16:30") == 1
    assert saved(agree(organiser, response, full))
    full.refresh_from_db()
    assert (full.minutes, full.sequence) == (195, 1)


@pytest.mark.parametrize(
    ("status", "words_first", "place"),
    [
        (
            "cancelled",
            "The event is cancelled: nobody can register any more;",
            "Their registrations are kept.",
        ),
        (
            "postponed",
            "The event is postponed: nobody can register until it has a new date;",
            "They keep their place.",
        ),
    ],
)
def test_calling_off_or_putting_off_is_asked_about(organiser, full, status, words_first, place):
    response = save(organiser, full, status=status)
    text = panel(response)
    nobody_told = "people who hold a seat get no mail by themselves. 2 people hold a seat."
    assert text.startswith(f"People have seats at this event {words_first} {nobody_told}")
    assert f"1 person waits for one. {place}" in text
    assert "The event moves" not in text
    assert problems(response) == {
        "status": ["People have seats at this event. See the top of the page."]
    }
    assert Event.objects.get().status == "scheduled"
    assert saved(agree(organiser, response, full))
    assert Event.objects.get().status == status
    back = panel(save(organiser, full, status="scheduled"))
    assert "The event takes place: people can register while registration is open;" in back


def test_tick_for_a_move_is_none_for_calling_off(organiser, full):
    response = save(organiser, full, starts_at_1="13:45", ends_at_1="15:45")
    again = agree(organiser, response, full, status="cancelled")
    assert "The event is cancelled" in panel(again)
    assert "13:45 – 15:45" in panel(again)
    assert Event.objects.get().status == "scheduled"


def warnings(client):
    shown = client.get("/admin/")
    return [str(message) for message in shown.context["messages"] if message.level_tag == "warning"]


@pytest.mark.parametrize(
    "typed",
    [
        {"status": "cancelled"},
        {"ends_at_1": "16:00"},
        {"starts_at_1": "13:00"},
        {"zone": "Africa/Kampala"},
    ],
)
def test_who_was_not_told_is_said_after_it_is_saved(organiser, full, typed):
    assert saved(agree(organiser, save(organiser, full, **typed), full))
    link = f"/admin/registration/registration/export/?event__id__exact={full.pk}"
    said = "2 people hold a seat and have had no mail of it."
    assert warnings(organiser) == [f'{said} <a href="{link}">Export the registrations</a>']
    assert organiser.get(link).context["number"] == 3
    assert saved(save(organiser, full, title="Anew"))
    assert warnings(organiser) == []


def test_who_may_not_export_is_led_nowhere(full):
    from roundtable.roles import Role

    user = User.objects.create_user("editor", is_staff=True)
    user.groups.set(Group.objects.filter(name=Role.EDITOR))
    client = Client()
    client.force_login(user)
    assert saved(agree(client, save(client, full, status="cancelled"), full))
    assert warnings(client) == ["2 people hold a seat and have had no mail of it."]


def test_where_people_only_wait_that_is_said(organiser, full):
    SeatRequest.objects.update(status="waiting")
    assert saved(agree(organiser, save(organiser, full, status="postponed"), full))
    (text,) = warnings(organiser)
    assert text.startswith("3 people wait for a seat and have had no mail of it.")


@pytest.mark.parametrize(
    "typed",
    [{"title": "Anew"}, {"ends_at_1": "14:45"}, {"starts_at_1": "12:45"}, {"venue": ""}],
)
def test_what_moves_nobody_is_saved_at_once(organiser, full, typed):
    assert saved(save(organiser, full, **typed))


def test_event_without_registrations_is_moved_at_once(organiser):
    event = make_event()
    assert saved(save(organiser, event, starts_at_1="13:45", ends_at_1="15:45"))


def test_whoever_gave_up_the_seat_is_not_counted(organiser, full):
    SeatRequest.objects.update(status="cancelled")
    assert saved(save(organiser, full, starts_at_1="13:45", ends_at_1="15:45"))


@pytest.mark.parametrize(
    "typed",
    [
        {"ends_at_1": "12:44"},
        {"ends_at_1": "12:45"},
        {"ends_at_0": "2020-10-30"},
        {"starts_at_1": "15:00"},
    ],
)
def test_end_before_the_start_is_told_at_the_end(organiser, full, typed):
    response = save(organiser, full, **typed)
    assert problems(response) == {"ends_at": ["The end must come after the start."]}
    for name, value in typed.items():
        assert read(response)[name] == value


def test_end_after_the_start_on_the_night_the_clocks_are_put_back(organiser):
    """In Berlin, 25 October 2020: 02:30 the first time to 02:15 the second is 45 minutes."""
    event = make_event()
    typed = {"zone": "Europe/Berlin", "starts_at_0": "2020-10-25", "ends_at_0": "2020-10-25"}
    assert saved(save(organiser, event, **typed, starts_at_1="01:30", ends_at_1="03:30"))
    event = Event.objects.get()
    assert event.minutes == 180


# Deleting an event


def test_page_that_asks_before_deleting_says_it_is_final(organiser):
    event = make_event()
    url = f"/admin/events/event/{event.pk}/delete/"
    sentence = (
        "Deleting is final. What the event said can be read afterwards under “Deleted events”, "
        "and not brought back."
    )
    assert sentence in words(organiser.get(url))
    chosen = {"action": "delete_selected", "_selected_action": [event.pk]}
    assert sentence in words(organiser.post("/admin/events/event/", chosen))
    assert organiser.post(url, {"post": "yes"}).status_code == 302
    assert not Event.objects.exists()


def test_event_with_registrations_is_refused_with_what_to_do_instead(organiser):
    event = make_event()
    make_registration(event)
    url = f"/admin/events/event/{event.pk}/delete/"
    chosen = {"action": "delete_selected", "_selected_action": [event.pk]}
    for response in (
        organiser.get(url),
        organiser.post(url, {"post": "yes"}),
        organiser.post("/admin/events/event/", chosen),
    ):
        text = words(response)
        assert "Nothing was deleted: people registered" in text
        assert "set its status to “Cancelled”" in text
        assert "protected related objects" not in text
    assert f'href="/admin/events/event/{event.pk}/take-off-site/"' in (
        organiser.get(url).content.decode()
    )
    assert Event.objects.count() == 1
