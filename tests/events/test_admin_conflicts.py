"""Two organisers edit one page at once: the second is told what changed, and loses nothing."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.core import signing
from django.test import Client

from events.admin.snapshots import SALT, SHOWN
from events.models import AgendaItem, Assignment, Event
from events.registration.models import Quota
from tests.desk import address, problems, read, saved
from tests.factories import (
    START,
    make_assignment,
    make_event,
    make_note,
    make_organiser,
    make_series,
    make_speaker,
)

pytestmark = pytest.mark.django_db
SLOT = {"minutes": 30, "kind": "panel"}


@pytest.fixture
def event(db):
    return make_event(
        slug="e", title="Working together", summary="Short.",
        items=[{**SLOT, "title": title} for title in ("One", "Two", "Three")],
    )  # fmt: skip


class Organiser:
    """Somebody with an open page: what it showed is sent back with what she types."""

    def __init__(self, name):
        self.user = make_organiser(name.lower(), first_name=name)
        self.client = Client()
        self.client.force_login(self.user)

    def opens(self, row):
        self.url = address(row)
        self.sent = read(self.client.get(self.url))
        return self

    def types(self, **typed):
        self.sent |= {name.replace("__", "-"): value for name, value in typed.items()}
        return self

    def saves(self, **typed):
        self.types(**typed)
        sent = {name: value for name, value in self.sent.items() if value is not None}
        self.response = self.client.post(self.url, sent)
        if self.response.status_code == 200:
            self.sent = read(self.response)
        return self.response


@pytest.fixture
def amina(db):
    return Organiser("Amina")


@pytest.fixture
def dan(db):
    return Organiser("Dan")


def told(response):
    """The list of what others changed, as it is read, without who and when."""
    assert response.status_code == 200
    panel = re.search(
        r'<section class="told conflict".*?</section>', response.content.decode(), re.DOTALL
    )
    assert panel, problems(response)
    rows = re.findall(r"<li>(.*?)</li>", panel[0], re.DOTALL)
    without_author = (
        re.sub(r'<span class="by">.*?</span>', "", row, flags=re.DOTALL) for row in rows
    )
    quoted = (row.replace("<q>", "“").replace("</q>", "”") for row in without_author)
    plain = (unescape(re.sub(r"<[^>]+>", "", row)) for row in quoted)
    return [re.sub(r"\s+", " ", row).strip() for row in plain]


def authors(response):
    return [change.author.name for change in response.context["conflict"].changes]


def beside(response, field, *, row=None):
    """The sentence beside a field, which is on the page."""
    if row is None:
        errors = response.context["adminform"].errors
    else:
        errors = response.context["inline_admin_formsets"][0].formset.forms[row].errors
    (sentence,) = errors[field]
    assert sentence in unescape(response.content.decode())
    return sentence


def titles(event):
    return list(event.agenda_items.values_list("title", flat=True))


# Fields


def test_nobody_else_changed_anything_so_it_is_saved(amina, event):
    assert saved(amina.opens(event).saves(title="Anew"))
    assert Event.objects.get().title == "Anew"


def test_what_the_second_did_not_touch_takes_over_the_first_s_value(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(title="By Amina"))
    response = dan.saves(summary="By Dan")
    (sentence,) = told(response)
    assert sentence == (
        "Title: was “Working together”, now “By Amina”. You had not changed it, so the form "
        "below has it already."
    )
    assert authors(response) == ["Amina"]
    assert (Event.objects.get().title, Event.objects.get().summary) == ("By Amina", "Short.")
    assert (dan.sent["title"], dan.sent["summary"]) == ("By Amina", "By Dan")
    assert saved(dan.saves())
    assert (Event.objects.get().title, Event.objects.get().summary) == ("By Amina", "By Dan")


def test_what_both_touched_keeps_the_second_s_typing_and_shows_the_first_s(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(title="By Amina"))
    response = dan.saves(title="By Dan")
    assert told(response) == ["Title: was “Working together”, now “By Amina”; you have “By Dan”."]
    assert beside(response, "title") == "Amina made this “By Amina” meanwhile. Yours stands here."
    assert dan.sent["title"] == "By Dan"
    assert saved(dan.saves())
    assert Event.objects.get().title == "By Dan"


def test_both_typed_the_same_so_there_is_nothing_to_tell(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(title="The same"))
    assert saved(dan.saves(title="The same"))


def test_whoever_is_overtaken_once_more_is_told_once_more(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(title="By Amina"))
    dan.saves(summary="By Dan")
    assert saved(amina.opens(event).saves(title="Once more"))
    assert told(dan.saves())[0].startswith("Title: was “By Amina”, now “Once more”")
    assert saved(dan.saves())
    assert (Event.objects.get().title, Event.objects.get().summary) == ("Once more", "By Dan")


def test_times_are_told_in_the_event_s_zone(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(starts_at_1="12:15"))
    response = dan.saves(starts_at_1="12:30")
    (sentence,) = told(response)
    assert sentence == (
        "Start: was “31 October 2020, 12:45 EAT”, now “31 October 2020, 12:15 EAT”; "
        "you have “2020-10-31 12:30”."
    )
    assert saved(dan.saves())
    assert Event.objects.get().starts_at == datetime(2020, 10, 31, 9, 30, tzinfo=UTC)


def test_zone_that_others_changed_is_taken_over_with_its_times(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(zone="Asia/Kathmandu", starts_at_1="10:00"))
    response = dan.saves(title="By Dan")
    # The end is 14:45 on the wall, before and after.
    assert [line.split(":")[0] for line in told(response)] == ["Start", "Time zone"]
    assert (dan.sent["zone"], dan.sent["starts_at_1"]) == ("Asia/Kathmandu", "10:00:00")
    assert saved(dan.saves())
    assert Event.objects.get().starts_at == datetime(2020, 10, 31, 4, 15, tzinfo=UTC)


def test_zone_changed_here_keeps_the_times_others_set_on_the_wall(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(starts_at_1="11:00"))
    dan.saves(zone="Asia/Kathmandu")
    assert (dan.sent["zone"], dan.sent["starts_at_1"]) == ("Asia/Kathmandu", "11:00:00")


def test_tick_choice_and_reference_are_told_in_words_and_taken_over(amina, dan, event):
    amina.opens(event), dan.opens(event)
    venue = event.venue
    assert saved(amina.saves(published=None, status="postponed", venue=""))
    response = dan.saves(title="By Dan")
    words = [line.split(". You")[0] for line in told(response)]
    assert words == [
        f"Venue: was “{venue}”, now “nothing”", "Status: was “Scheduled”, now “Postponed”",
        "Published: was “yes”, now “no”",
    ]  # fmt: skip
    assert "published" not in dan.sent
    assert saved(dan.saves())
    row = Event.objects.get()
    assert (row.published, row.status, row.venue, row.title) == (False, "postponed", None, "By Dan")


def test_mistake_and_conflict_are_told_together(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(title="By Amina"))
    response = dan.saves(number="two", summary="By Dan")
    assert problems(response)["number"] == ["Enter a whole number."]
    assert b"Please correct" in response.content
    assert saved(dan.saves(number="3"))
    row = Event.objects.get()
    assert (row.title, row.number, row.summary) == ("By Amina", 3, "By Dan")


def test_conflict_alone_is_not_called_an_error(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(title="By Amina"))
    assert b"Please correct" not in dan.saves(title="By Dan").content


def test_another_window_of_the_same_person_is_called_so(amina, event):
    amina.opens(event)
    window = dict(amina.sent)
    assert saved(amina.saves(title="First window"))
    amina.sent = window
    assert authors(amina.saves(summary="Second")) == ["You, in another window"]


def test_books_of_the_event_are_no_conflict(amina, event):
    amina.opens(event)
    Event.objects.update(content_version=9, sequence=4, changed_at=START)
    assert saved(amina.saves(title="Anew"))


def test_change_without_a_history_is_told_without_a_name(amina, event):
    amina.opens(event)
    Event.objects.update(title="By a command")
    assert authors(amina.saves(summary="Anew")) == ["A colleague"]


def test_seats_beside_the_event_are_compared_too(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(quotas__0__seats="40"))
    response = dan.saves(title="By Dan")
    assert told(response)[0].startswith("“In the room: 40”, Seats: was “nothing”, now “40”.")
    assert saved(dan.saves())
    assert Quota.objects.get(mode="in_room").seats == 40


# The running order


def test_slot_changed_by_both_is_told_with_its_name(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(agenda_items__1__minutes="20"))
    response = dan.saves(agenda_items__1__minutes="25", agenda_items__0__minutes="10")
    assert told(response) == ["“Two”, Minutes: was “30”, now “20”; you have “25”."]
    sentence = "Amina made this “20” meanwhile. Yours stands here."
    assert beside(response, "minutes", row=1) == sentence
    assert saved(dan.saves())
    assert list(event.agenda_items.values_list("minutes", flat=True)) == [10, 25, 30]


def test_slot_others_added_comes_into_the_form_where_it_belongs(amina, dan, event):
    amina.opens(event), dan.opens(event)
    added = {"title": "New", "minutes": "5", "kind": "break", "position": "2"}
    # A new row gets the place typed for it; the one that stood there follows.
    assert saved(amina.saves(**{f"agenda_items__3__{name}": v for name, v in added.items()}))
    assert titles(event) == ["One", "New", "Two", "Three"]
    response = dan.saves(agenda_items__0__title="First")
    assert told(response) == ["“New”: added. It is in the form below."]
    assert authors(response) == ["Amina"]
    assert saved(dan.saves())
    assert titles(event) == ["First", "New", "Two", "Three"]


def test_both_added_a_slot_and_both_are_there(amina, dan, event):
    amina.opens(event), dan.opens(event)
    new = {"agenda_items__3__minutes": "5", "agenda_items__3__kind": "break"}
    assert saved(amina.saves(agenda_items__3__title="By Amina", **new))
    assert told(dan.saves(agenda_items__3__title="By Dan", **new)) == [
        "“By Amina”: added. It is in the form below."
    ]
    assert saved(dan.saves())
    assert titles(event) == ["One", "Two", "Three", "By Amina", "By Dan"]


def test_slot_others_deleted_leaves_the_form(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(agenda_items__1__DELETE="on"))
    response = dan.saves(title="By Dan")
    assert told(response) == ["“Two”: deleted. You had not changed it, so it has left the form."]
    assert authors(response) == ["Amina"]
    assert saved(dan.saves())
    assert titles(event) == ["One", "Three"]


def test_slot_others_deleted_while_it_was_edited_stands_as_a_new_one(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(agenda_items__1__DELETE="on"))
    response = dan.saves(agenda_items__1__title="Typed at length")
    assert told(response)[0].startswith("“Two”: deleted. You had changed it, so what you typed")
    assert saved(dan.saves())
    assert "Typed at length" in titles(event)
    assert event.agenda_items.count() == 3


def test_both_deleted_it_and_nobody_needs_to_know(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(agenda_items__1__DELETE="on"))
    assert saved(dan.saves(agenda_items__1__DELETE="on", title="By Dan"))
    assert (titles(event), Event.objects.get().title) == (["One", "Three"], "By Dan")


def test_slot_deleted_here_that_others_changed_is_told_and_stays_ticked(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(agenda_items__1__title="Much better"))
    response = dan.saves(agenda_items__1__DELETE="on")
    assert told(response)[0].startswith("“Much better”, Title: is now “Much better”")
    assert dan.sent["agenda_items-1-DELETE"] == "on"
    assert saved(dan.saves())
    assert titles(event) == ["One", "Three"]


def test_order_that_others_changed_is_taken_over(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(agenda_items__0__position="9"))
    response = dan.saves(title="By Dan")
    assert told(response) == [
        "Order: was “One · Two · Three”, now “Two · Three · One”. The form below has it already."
    ]
    assert authors(response) == ["Amina"]
    assert saved(dan.saves())
    assert titles(event) == ["Two", "Three", "One"]


def test_order_that_both_changed_keeps_the_second_s(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(agenda_items__0__position="9"))
    response = dan.saves(agenda_items__2__position="0")
    assert told(response) == [
        "Order: was “One · Two · Three”, now “Two · Three · One”; you have “Three · One · Two”."
    ]
    assert saved(dan.saves())
    assert titles(event) == ["Three", "One", "Two"]


def test_order_changed_here_and_slots_changed_there_come_together(amina, dan, event):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(agenda_items__2__minutes="45"))
    dan.saves(agenda_items__2__position="0")
    assert saved(dan.saves())
    order = list(event.agenda_items.values_list("title", "minutes"))
    assert order == [("Three", 45), ("One", 30), ("Two", 30)]


# A slot's own page


def test_slot_s_page_and_the_event_s_page_see_each_other(amina, dan, event):
    slot = event.agenda_items.first()
    amina.opens(event), dan.opens(slot)
    assert saved(amina.saves(agenda_items__0__minutes="10"))
    response = dan.saves(description="By Dan")
    assert told(response)[0].startswith("Minutes: was “30”, now “10”.")
    assert saved(dan.saves())
    slot.refresh_from_db()
    assert (slot.minutes, slot.description) == (10, "By Dan")


def test_people_of_a_slot_are_merged_by_row(amina, dan, event):
    slot = event.agenda_items.first()
    first = make_assignment(slot, make_speaker("Wangari"), status="proposed")
    make_assignment(slot, make_speaker("Thomas"), status="proposed")
    amina.opens(slot), dan.opens(slot)
    assert saved(amina.saves(assignments__0__status="confirmed"))
    response = dan.saves(assignments__1__status="declined")
    assert told(response)[0].startswith(
        "“Panellist: Wangari”, Status: was “Proposed”, now “Confirmed”."
    )
    assert saved(dan.saves())
    statuses = Assignment.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["confirmed", "declined"]
    assert first.pk


def test_person_deleted_there_and_edited_here_is_there_again(amina, dan, event):
    slot = event.agenda_items.first()
    make_assignment(slot, make_speaker("Wangari"))
    amina.opens(slot), dan.opens(slot)
    assert saved(amina.saves(assignments__0__DELETE="on"))
    response = dan.saves(assignments__0__role="chair")
    assert told(response)[0].startswith("“Panellist: Wangari”: deleted. You had changed it")
    assert saved(dan.saves())
    assert Assignment.objects.get().role == "chair"


# Deleted meanwhile


def test_slot_deleted_meanwhile_is_told_kindly_and_the_typing_is_shown(amina, dan, event):
    slot = event.agenda_items.last()
    dan.opens(slot)
    assert saved(amina.opens(event).saves(agenda_items__2__DELETE="on"))
    response = dan.saves(title="Typed", description="Typed at length.")
    assert response.status_code == 410
    text = response.content.decode()
    assert "was deleted while you were writing. By: Amina" in text
    assert "Typed at length." in text
    assert AgendaItem.objects.count() == 2


def test_event_deleted_meanwhile_is_told_with_the_running_order_typed(dan, event):
    dan.opens(event)
    Event.objects.get().delete()
    response = dan.saves(title="Typed", agenda_items__0__title="A slot typed")
    assert response.status_code == 410
    assert "Typed" in response.content.decode()
    assert "A slot typed" in response.content.decode()


def test_address_that_never_was_leads_back_to_the_index(dan, event):
    response = dan.client.post("/admin/events/event/999999/change/", {"title": "Mine"})
    assert (response.status_code, response["Location"]) == (302, "/admin/")


# What the form carried can't be read


@pytest.mark.parametrize(
    "shown",
    [None, "", "forged", "x" * 100_000, signing.dumps({"of": "events.event:0"}, salt=SALT),
     signing.dumps({"of": "events.event:0"}, salt="another")],
    ids=["missing", "empty", "forged", "long", "another row's", "another salt's"],
)  # fmt: skip
def test_form_that_does_not_say_what_it_showed_is_compared_once(dan, event, shown):
    dan.opens(event)
    response = dan.saves(**{SHOWN: shown, "title": "By Dan"})
    assert "We can't tell what this page showed" in response.content.decode()
    assert told(response) == ["Title: saved is “Working together”; you have “By Dan”."]
    assert Event.objects.get().title == "Working together"
    assert saved(dan.saves())
    assert Event.objects.get().title == "By Dan"


def test_form_that_does_not_say_what_it_showed_and_changes_nothing_is_saved(dan, event):
    assert saved(dan.opens(event).saves(**{SHOWN: None}))


def test_form_that_does_not_say_what_it_showed_loses_no_row(dan, event):
    dan.opens(event)
    event.agenda_items.last().delete()
    AgendaItem.objects.create(event=event, position=9, title="Four", **SLOT)
    dan.saves(**{SHOWN: None, "agenda_items__2__title": "Typed"})
    assert saved(dan.saves())
    assert sorted(titles(event)) == ["Four", "One", "Two", "Typed"]


def test_form_of_a_row_counts_for_no_other(amina, event):
    other = make_event(slug="f")
    shown = read(amina.client.get(address(other)))[SHOWN]
    response = amina.opens(event).saves(**{SHOWN: shown, "title": "Anew"})
    assert "We can't tell" in response.content.decode()


@pytest.mark.parametrize(
    "count", ["", "-1", "many", "1e3"], ids=["none", "below none", "a word", "a power"]
)
def test_running_order_that_can_t_be_read_is_refused_without_a_trace(amina, dan, event, count):
    amina.opens(event), dan.opens(event)
    assert saved(amina.saves(title="By Amina", agenda_items__0__title="First"))
    dan.saves(agenda_items__TOTAL_FORMS=count)
    assert dan.response.status_code == 200
    assert titles(event) == ["First", "Two", "Three"]


# Who may


def test_somebody_who_may_not_change_events_changes_nothing(dan, event):
    dan.opens(event)
    dan.user.is_superuser = False
    dan.user.save()
    assert dan.saves(title="Mine").status_code == 403


def test_new_event_is_made_without_comparing(dan):
    dan.url = "/admin/events/event/add/"
    dan.sent = read(dan.client.get(dan.url))
    assert SHOWN not in dan.sent
    assert saved(
        dan.saves(title="Anew", slug="anew", starts_at_0="2020-11-01", starts_at_1="12:45",
                  ends_at_0="2020-11-01", ends_at_1="13:45")
    )  # fmt: skip


# The other pages that two people may have open


def test_two_at_a_note_s_sections(amina, dan, event):
    note = make_note(event, sections=(("Aim", "One."), ("", "Two.")))
    amina.opens(note), dan.opens(note)
    assert saved(amina.saves(sections__0__text="One, by Amina."))
    response = dan.saves(sections__1__text="Two, by Dan.")
    assert len(told(response)) == 1
    assert [section.text for section in note.sections.all()] == ["One, by Amina.", "Two."]
    assert saved(dan.saves())
    assert [section.text for section in note.sections.all()] == ["One, by Amina.", "Two, by Dan."]


@pytest.mark.parametrize(
    ("make", "field", "other"),
    [
        (lambda event: make_speaker(), "biography", "job_title"),
        (lambda event: event.venue, "access_notes", "name"),
        (lambda event: make_series(), "description", "occasion"),
    ],
    ids=["speaker", "venue", "series"],
)
def test_two_at_a_profile_a_venue_a_series(amina, dan, event, *, make, field, other):
    row = make(event)
    amina.opens(row), dan.opens(row)
    assert saved(amina.saves(**{field: "By Amina"}))
    response = dan.saves(**{field: "By Dan", other: "Also Dan"})
    assert len(told(response)) == 1
    row.refresh_from_db()
    assert (getattr(row, field), getattr(row, other)) == ("By Amina", "")
    assert (dan.sent[field], dan.sent[other]) == ("By Dan", "Also Dan")
    assert saved(dan.saves())
    row.refresh_from_db()
    assert (getattr(row, field), getattr(row, other)) == ("By Dan", "Also Dan")
