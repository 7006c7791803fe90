"""An event copied to a new date: by the rule, by the form, and what then stands on the site."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events import history
from events.cloning import (
    Parts,
    People,
    clone,
    exists,
    leftovers,
    next_number,
    shifted,
    suggested_slug,
)
from events.models import AgendaItem, Assignment, ConceptNote, Event, NoteVersion
from events.registration.models import KeptSeats, Quota, Registration, RegistrationSettings
from events.registration.rules import copy_settings, set_targets
from events.rules import NotPublished, put_in_front, record_change, take_off_site
from roundtable.roles import Role
from tests.factories import (
    AT,
    NOW,
    START,
    make_assignment,
    make_event,
    make_group,
    make_note,
    make_organiser,
    make_registration,
    make_series,
    make_speaker,
)

pytestmark = pytest.mark.django_db
SLOT = {"minutes": 30, "kind": "panel"}
NO_SLUG = "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens."
PARIS = ZoneInfo("Europe/Paris")
SPRING = datetime(2021, 3, 27, 9, 45, tzinfo=UTC)


@pytest.fixture
def event():
    event = make_event(
        slug="roundtable-2",
        number=2,
        series=make_series(),
        summary="In short.",
        convenor="The convenor",
        featured=True,
        status="postponed",
        agenda_status="final",
        quotas={"in_room": 40, "online": None},
        items=[
            {**SLOT, "title": "Welcome"},
            {**SLOT, "title": "Panel", "emphasis": "lessons_learned"},
        ],
    )
    note = make_note(
        event, sections=[("", "One."), ("The roundtable", "Two.")], version="3",
        dated=date(2020, 10, 1), masthead="Head", sign_off="Foot", what_changed="A word.",
    )  # fmt: skip
    NoteVersion.objects.create(note=note, version="2")
    panel = event.agenda_items.get(title="Panel")
    make_assignment(panel, make_speaker("Wangari"), role="chair", presence="remote")
    make_assignment(panel, make_speaker("A farmer", to_be_announced=True), status="invited")
    make_assignment(panel, make_speaker("Otieno"), status="declined")
    make_assignment(panel, None, role="rapporteur", status="proposed")
    record_change(event, at=AT)
    return event


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser("amina", first_name="Amina"))
    return client


def copied(event, **given):
    values = {
        "title": "Again", "slug": "roundtable-3", "number": 3, "starts_at": SPRING,
        "zone": event.zone, "at": AT, **given,
    }  # fmt: skip
    return clone(event, **values)


def people(event):
    return [
        (person.role, person.speaker.name if person.speaker else None, person.presence,
         person.status)
        for person in Assignment.objects.filter(item__event=event).order_by("pk")
    ]  # fmt: skip


def words(response):
    page = response.content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page[page.index("<main") :])).split())


# The rule


def test_copy_is_a_draft_of_its_own_at_the_new_time(event):
    copy = Event.objects.get(pk=copied(event).pk)
    assert (copy.title, copy.slug, copy.number) == ("Again", "roundtable-3", 3)
    assert (copy.starts_at, copy.ends_at) == (SPRING, SPRING + timedelta(hours=2))
    assert (copy.status, copy.agenda_status) == ("scheduled", "draft")
    assert (copy.published, copy.featured) == (False, False)
    assert (copy.summary, copy.convenor, copy.zone) == ("In short.", "The convenor", event.zone)
    assert (copy.series, copy.venue) == (event.series, event.venue)
    assert copy.uid != event.uid
    assert (copy.sequence, copy.content_version) == (0, 1)
    assert (copy.created_at, copy.changed_at) == (AT, AT)


def test_event_itself_stays_as_it_was(event):
    before = Event.objects.filter(pk=event.pk).values().get()
    sections = list(ConceptNote.objects.get().sections.values())
    copied(event)
    assert Event.objects.filter(pk=event.pk).values().get() == before
    assert list(ConceptNote.objects.get(event=event).sections.values()) == sections
    assert event.agenda_items.count() == 2
    assert Assignment.objects.filter(item__event=event).count() == 4


def test_agenda_comes_along_in_its_order(event):
    fields = ("position", "title", "minutes", "kind", "emphasis", "description")
    copy = copied(event)
    assert list(copy.agenda_items.values_list(*fields)) == list(
        event.agenda_items.values_list(*fields)
    )


def test_note_comes_along_as_a_first_version_without_a_date(event):
    note = copied(event).concept_notes.get()
    assert (note.version, note.dated, note.what_changed) == ("1", None, "")
    assert (note.masthead, note.sign_off, note.language) == ("Head", "Foot", "en")
    assert list(note.sections.values_list("position", "heading", "text")) == [
        (1, "", "One."), (2, "The roundtable", "Two."),
    ]  # fmt: skip
    assert not note.versions.exists()


def test_roles_stay_and_names_go_since_an_invitation_is_no_promise(event):
    assert people(copied(event)) == [
        ("chair", None, "", "proposed"),
        ("panellist", "A farmer", "", "proposed"),
        ("rapporteur", None, "", "proposed"),
    ]


def test_the_same_people_are_proposed_again_but_not_who_declined(event):
    assert people(copied(event, parts=Parts(people=People.PROPOSED))) == [
        ("chair", "Wangari", "remote", "proposed"),
        ("panellist", "A farmer", "", "proposed"),
        ("rapporteur", None, "", "proposed"),
    ]


def test_parts_left_out_are_left_out(event):
    assert people(copied(event, parts=Parts(people=People.NOBODY))) == []
    copy = copied(
        event, slug="bare", parts=Parts(agenda=False, note=False, series=False, venue=False)
    )
    assert (copy.agenda_items.count(), copy.concept_notes.count()) == (0, 0)
    assert (copy.series, copy.venue) == (None, None)


def test_length_is_the_time_that_passes_whatever_the_clocks_do():
    start = datetime(2021, 3, 27, 23, 0, tzinfo=PARIS)
    event = make_event(starts_at=start, ends_at=start.astimezone(UTC) + timedelta(hours=4))
    # That night clocks in Paris go from 02:00 to 03:00.
    copy = copied(event, starts_at=start + timedelta(days=1), zone="Europe/Paris")
    assert copy.minutes == 240
    night = copied(event, slug="n", starts_at=start, zone="Europe/Paris")
    assert night.local_end.replace(tzinfo=None) == datetime(2021, 3, 28, 4, 0)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"slug": "roundtable-2"}, "slug"), ({"zone": "Nakuru"}, "zone"), ({"title": ""}, "title")],
)
def test_what_no_event_may_be_is_refused_and_nothing_is_made(event, given, field):
    with pytest.raises(ValidationError) as refused:
        copied(event, **given)
    assert list(refused.value.message_dict) == [field]
    assert Event.objects.count() == 1


def test_failure_half_way_leaves_nothing_behind(event, monkeypatch):
    monkeypatch.setattr("events.cloning.record_change", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        copied(event)
    assert (Event.objects.count(), AgendaItem.objects.count()) == (1, 2)


def test_copy_begins_its_own_history_with_everything_in_one_save(event):
    copy = copied(event)
    trail = history.of_event(copy.pk)
    trail.fill(trail.saves, zone=copy.tzinfo)
    assert [len(save.changes) for save in trail.saves] == [9]
    assert trail.saves[0].words == f"copy:{event.pk}"


@pytest.mark.parametrize(
    ("line", "number", "names"),
    [
        ("Concept Note for Roundtable 2", 3, True),
        ("Concept Note for Roundtable 2", 2, False),
        ("31 October 2020 | Nakuru, Kenya", 2, True),
        ("2020-10-31", None, True),
        ("October 2020, 12.45 – 14.45", 3, False),
        ("World Cities Day", 3, False),
    ],
)
def test_copied_heading_lines_that_name_the_source_are_found(event, line, number, names):
    event.concept_notes.update(masthead=f"Concept Note\n{line}")
    copy = copied(event, number=number)
    found = [(left.note, left.source) for left in leftovers(copy)]
    assert found == ([(copy.concept_notes.get(), event)] if names else [])


def test_heading_lines_are_their_authors_once_they_were_edited(event):
    event.concept_notes.update(masthead="Roundtable 2")
    copy = copied(event)
    note = copy.concept_notes.get()
    note.masthead = "After Roundtable 2"
    note.save()
    assert leftovers(copy) == []
    assert leftovers(event) == []


def test_copying_says_where_the_old_number_still_stands(organiser, event):
    event.concept_notes.update(masthead="Roundtable 2")
    page = organiser.post(form_of(event), typed(), follow=True)
    note = ConceptNote.objects.get(event__slug="roundtable-3")
    assert (
        f'<a href="/admin/events/conceptnote/{note.pk}/change/">The heading lines of the concept '
        "note still name the number or the day of “Roundtable 2: Working together”.</a>"
    ) in page.content.decode()


@pytest.mark.parametrize("rows", [1, 3, 300])
def test_queries_of_copying_are_constant(rows):
    event = make_event(items=[{**SLOT, "title": "Slot"} for _ in range(rows)])
    make_note(event, sections=[("", "Text.")] * rows)
    for item in event.agenda_items.all():
        make_assignment(item)
    with CaptureQueriesContext(connection) as queries:
        copied(event)
    # SQLite takes only so many values at once; each of twelve batches more is one query.
    batches = 12 if rows == 300 and connection.vendor == "sqlite" else 0
    assert len(queries) == 32 + batches


# Registration


def test_quotas_come_along_and_nobody_is_registered(event):
    event.status = "scheduled"
    event.save()
    make_registration(event, now=NOW)
    copy = copied(event)
    copy_settings(event, copy)
    assert dict(copy.quotas.values_list("mode", "seats")) == {"in_room": 40, "online": None}
    assert Registration.objects.filter(event=copy).count() == 0
    assert Quota.objects.filter(event=event).count() == 2


def test_registration_times_keep_their_distance_and_their_time_on_the_wall():
    start = datetime(2020, 10, 20, 18, 0, tzinfo=PARIS)
    event = make_event(
        zone="Europe/Paris",
        starts_at=start,
        settings={
            "opens_at": datetime(2020, 9, 29, 9, 0, tzinfo=PARIS),
            "closes_at": datetime(2020, 10, 20, 12, 0, tzinfo=PARIS),
            "stopped": True,
        },
    )
    # Clocks go back on 25 October, between what opens and what begins.
    copy = copied(event, starts_at=datetime(2020, 11, 3, 18, 0, tzinfo=PARIS), zone="Europe/Paris")
    copy_settings(event, copy)
    settings = copy.registration_settings
    assert settings.opens_at.astimezone(PARIS) == datetime(2020, 10, 13, 9, 0, tzinfo=PARIS)
    assert settings.closes_at.astimezone(PARIS) == datetime(2020, 11, 3, 12, 0, tzinfo=PARIS)
    assert settings.stopped is False


def test_registration_without_times_stays_without(event):
    copy = copied(event)
    copy_settings(event, copy)
    settings = RegistrationSettings.objects.get(event=copy)
    assert (settings.opens_at, settings.closes_at) == (None, None)


def test_seats_kept_for_a_group_are_kept_again_as_long_before_the_start(event):
    until = START - timedelta(days=7)
    KeptSeats.objects.create(event=event, mode="in_room", group=make_group(), seats=5, until=until)
    copy = copied(event)
    copy_settings(event, copy)
    kept = copy.kept_seats.get()
    assert (kept.mode, kept.group.code, kept.seats) == ("in_room", "cso", 5)
    assert kept.until == SPRING - timedelta(days=7)


def test_wishes_for_the_table_and_the_switch_come_along(event):
    RegistrationSettings.objects.filter(event=event).update(shows_open_seats=True)
    group, other = make_group(), make_group("un")
    set_targets(event, targets={group.pk: 4, other.pk: 0})
    copy = copied(event)
    copy_settings(event, copy)
    assert dict(copy.table_targets.values_list("group__code", "people")) == {"cso": 4, "un": 0}
    assert dict(event.table_targets.values_list("group__code", "people")) == {"cso": 4, "un": 0}
    assert copy.registration_settings.shows_open_seats is True


def test_times_that_fall_into_the_skipped_hour_still_open_before_they_close():
    event = make_event(
        zone="Europe/Paris",
        starts_at=datetime(2021, 2, 28, 12, 0, tzinfo=PARIS),
        settings={
            "opens_at": datetime(2021, 2, 28, 2, 59, tzinfo=PARIS),
            "closes_at": datetime(2021, 2, 28, 3, 1, tzinfo=PARIS),
        },
    )
    copy = copied(event, starts_at=datetime(2021, 3, 28, 12, 0, tzinfo=PARIS), zone="Europe/Paris")
    copy_settings(event, copy)
    settings = copy.registration_settings
    assert settings.closes_at - settings.opens_at == timedelta(minutes=1)


def test_shift_follows_into_another_zone(event):
    copy = copied(event, starts_at=datetime(2021, 6, 5, 14, 0, tzinfo=PARIS), zone="Europe/Paris")
    # A day before, three quarters of an hour earlier.
    before = START - timedelta(days=1, minutes=45)
    assert shifted(before, old=event, new=copy) == datetime(2021, 6, 4, 13, 15, tzinfo=PARIS)


# What is suggested


def test_next_number_follows_the_last_of_the_series(event):
    assert next_number(event) == 3
    make_event(series=event.series, number=7)
    assert next_number(event) == 8
    assert next_number(make_event(number=4)) == 5
    assert next_number(make_event()) is None


def test_suggested_address_is_free(event):
    assert suggested_slug(event, 3) == "roundtable-3"
    make_event(slug="roundtable-3")
    assert suggested_slug(event, 3) == "roundtable-3-2"
    assert suggested_slug(make_event(slug="spring"), None) == "spring-2"


@pytest.mark.parametrize(
    ("hour", "there"), [(1, True), (2, False), (3, True)], ids=["before", "skipped", "after"]
)
def test_time_that_clocks_skip_does_not_exist(hour, there):
    assert exists(datetime(2021, 3, 28, hour, 30), PARIS) is there
    assert exists(datetime(2021, 10, 31, 2, 30), PARIS)


# The form


def form_of(event):
    return f"/admin/events/event/{event.pk}/copy/"


def typed(**changes):
    form = {
        "title": "Again", "number": "3", "slug": "roundtable-3", "date": "2021-03-27",
        "time": "12:45", "zone": "Africa/Nairobi", "series": "on", "venue": "on", "agenda": "on",
        "people": "roles", "note": "on", "registration": "on", **changes,
    }  # fmt: skip
    return {name: value for name, value in form.items() if value is not None}


def test_form_suggests_the_next_one(organiser, event):
    form = organiser.get(form_of(event)).context["form"]
    suggested = {name: form[name].value() for name in form.fields}
    assert suggested == {
        "title": "Working together", "number": 3, "slug": "roundtable-3", "date": None,
        "time": event.local_start.time(), "zone": "Africa/Nairobi", "series": True, "venue": True,
        "agenda": True, "people": "roles", "note": True, "registration": True,
    }  # fmt: skip


def test_form_makes_the_copy_and_opens_it(organiser, event):
    response = organiser.post(form_of(event), typed(), follow=True)
    copy = Event.objects.get(slug="roundtable-3")
    assert response.redirect_chain == [(f"/admin/events/event/{copy.pk}/change/", 302)]
    assert "“Roundtable 3: Again” is here, as a draft." in words(response)
    assert copy.starts_at == SPRING
    assert copy.quotas.count() == 2
    assert copy.agenda_items.count() == 2
    text = words(organiser.get(f"/admin/events/event/{copy.pk}/history/"))
    assert "Copied from “Roundtable 2: Working together”." in text
    assert organiser.get("/events/roundtable-3/").status_code == 200
    assert Client().get("/events/roundtable-3/").status_code == 404


def test_form_without_ticks_copies_the_bare_event(organiser, event):
    nothing = dict.fromkeys(("series", "venue", "agenda", "note", "registration", "number"))
    organiser.post(form_of(event), typed(**nothing))
    copy = Event.objects.get(slug="roundtable-3")
    assert (copy.series, copy.venue, copy.number) == (None, None, None)
    assert (copy.agenda_items.count(), copy.concept_notes.count(), copy.quotas.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"slug": "roundtable-2"}, {
            "slug": ["“Roundtable 2: Working together” has this address. Choose another one."]}),
        ({"slug": "no good"}, {
            "slug": [NO_SLUG]}),
        ({"date": "soon"}, {"date": ["This is not a date. Write it like 2021-03-27."]}),
        ({"date": "2021-02-30"}, {"date": ["This is not a date. Write it like 2021-03-27."]}),
        ({"date": ""}, {"date": ["Give the day it takes place."]}),
        ({"time": "noon"}, {"time": ["This is not a time. Write it like 12:45."]}),
        ({"time": ""}, {"time": ["Give the time it starts."]}),
        ({"zone": "Nakuru"}, {
            "zone": ["“Nakuru” is not a time zone. Write it like Africa/Nairobi."]}),
        ({"zone": "Europe/Paris", "date": "2021-03-28", "time": "02:30"}, {
            "time": ["Clocks in Europe/Paris go forward that night and skip this time."]}),
        ({"date": "0001-01-01", "time": "00:00"}, {
            "date": ["This day is too far away to reckon with."]}),
        ({"date": "9999-12-31", "time": "23:59", "zone": "America/Lima"}, {
            "date": ["This day is too far away to reckon with."]}),
        ({"number": "-1"}, {"number": ["Ensure this value is greater than or equal to 1."]}),
        ({"title": ""}, {"title": ["This field is required."]}),
        ({"people": "all"}, {
            "people": ["Select a valid choice. all is not one of the available choices."]}),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence_at_the_field_and_what_was_typed_is_kept(
    organiser, event, changes, problems
):
    response = organiser.post(form_of(event), typed(**{"title": "Typed at length", **changes}))
    assert response.status_code == 200
    assert response.context["form"].errors == problems
    page = unescape(response.content.decode())
    for (sentence,) in problems.values():
        assert sentence in page
    for value in {"title": "Typed at length", **changes}.values():
        assert f'value="{value}"' in page or value in {"", "all"}
    assert Event.objects.count() == 1


def test_past_day_is_allowed_with_a_word_of_warning(organiser, event):
    warning = "It starts in the past."
    assert warning in words(organiser.post(form_of(event), typed(date="2019-03-27"), follow=True))
    later = organiser.post(form_of(event), typed(slug="later"), follow=True)
    assert warning not in words(later)


def test_form_asks_only_for_what_there_is(organiser):
    event = make_event()
    Event.objects.filter(pk=event.pk).update(venue=None)
    form = organiser.get(form_of(event)).context["form"]
    assert not {"series", "venue"} & form.fields.keys()


@pytest.mark.parametrize(
    ("role", "status", "seats"),
    [(Role.ORGANISER, 200, True), (Role.EDITOR, 200, False), (Role.READ_ONLY, 403, None)],
)
def test_who_adds_events_copies_them_and_who_sets_quotas_their_seats(event, role, status, seats):
    user = User.objects.create_user("c@example.org", "c@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    response = client.get(form_of(event))
    assert response.status_code == status
    page = client.get(f"/admin/events/event/{event.pk}/change/").content.decode()
    assert ("/copy/" in page) is (status == 200)
    if status == 200:
        assert ("registration" in response.context["form"].fields) is seats
        client.post(form_of(event), typed())
        assert Event.objects.get(slug="roundtable-3").quotas.count() == (2 if seats else 0)
    else:
        assert client.post(form_of(event), typed()).status_code == 403
        assert Event.objects.count() == 1


def test_unknown_event_can_not_be_copied(organiser):
    assert organiser.get("/admin/events/event/987654/copy/").status_code == 404


# Drafts, archive, the front page


def test_front_page_changes_hands_in_one_step(event):
    other = make_event()
    assert put_in_front(other, at=AT) == event
    assert list(Event.objects.filter(featured=True)) == [other]
    assert put_in_front(other, at=AT) is None
    assert list(Event.objects.filter(featured=True)) == [other]


def test_draft_is_not_put_in_front(event):
    draft = make_event(published=False)
    with pytest.raises(NotPublished):
        put_in_front(draft, at=AT)
    assert list(Event.objects.filter(featured=True)) == [event]


def test_event_taken_off_the_site_leaves_the_front_page_too(event):
    take_off_site(event, at=AT)
    row = Event.objects.get()
    assert (row.published, row.featured) == (False, False)
    assert row.content_version == event.content_version + 1


def test_button_puts_an_event_in_front_and_says_whose_place_it_takes(organiser, event, client):
    other = make_event(title="The next one")
    page = organiser.post(f"/admin/events/event/{other.pk}/put-in-front/", follow=True)
    assert "in place of “Roundtable 2: Working together”" in words(page)
    assert "The next one" in words(Client().get("/"))
    assert organiser.get(f"/admin/events/event/{event.pk}/put-in-front/").status_code == 302
    assert Event.objects.get(featured=True) == other
    draft = make_event(published=False)
    page = organiser.post(f"/admin/events/event/{draft.pk}/put-in-front/", follow=True)
    assert "is a draft. Publish it first" in words(page)


def test_taking_off_the_site_is_asked_about_first(organiser, event):
    Event.objects.update(status="scheduled")
    event.refresh_from_db()
    for number in range(2):
        make_registration(event, email=f"p{number}@example.org")
    url = f"/admin/events/event/{event.pk}/take-off-site/"
    assert (
        f'href="{url}"' in organiser.get(f"/admin/events/event/{event.pk}/change/").content.decode()
    )
    text = words(organiser.get(url))
    assert "Take “Roundtable 2: Working together” off the site?" in text
    assert "It leaves the front page, too." in text
    assert "2 people hold a seat. They keep their place, and no mail tells them." in text
    assert list(Event.objects.published()) == [event]
    assert "is a draft now." in words(organiser.post(url, follow=True))
    assert list(Event.objects.published()) == []


def test_page_about_nobody_s_seat_says_nothing_of_seats(organiser):
    event = make_event()
    text = words(organiser.get(f"/admin/events/event/{event.pk}/take-off-site/"))
    assert ("hold" in text, "the front page" in text) == (False, False)


def test_draft_is_put_on_the_site_by_its_button(organiser, event):
    event.concept_notes.update(masthead="Roundtable 2")
    draft = copied(event)
    url = f"/admin/events/event/{draft.pk}/put-on-site/"
    assert (
        f'href="{url}"' in organiser.get(f"/admin/events/event/{draft.pk}/change/").content.decode()
    )
    text = words(organiser.get(url))
    assert "at its own address: /events/roundtable-3/" in text
    assert "Its agenda is a draft. Only organisers go on seeing that." in text
    assert "still name the number or the day of “Roundtable 2: Working together”" in text
    assert Client().get("/events/roundtable-3/").status_code == 404
    assert "is on the site now." in words(organiser.post(url, follow=True))
    assert Client().get("/events/roundtable-3/").status_code == 200
    # Where it is already, there is nothing to ask.
    assert organiser.get(url).status_code == 302


def test_list_puts_one_in_front_and_refuses_two(organiser, event):
    others = [make_event(), make_event()]
    url = "/admin/events/event/"

    def act(name, rows):
        chosen = {"action": name, "_selected_action": [row.pk for row in rows]}
        return words(organiser.post(url, chosen, follow=True))

    assert "Only one event can be on the front page." in act("put_in_front", others)
    assert Event.objects.get(featured=True) == event
    act("put_in_front", others[:1])
    assert Event.objects.get(featured=True) == others[0]
    act("take_off_site", others)
    assert list(Event.objects.published()) == [event]


def test_buttons_are_for_who_may_change_events(event):
    user = User.objects.create_user("r@example.org", "r@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=Role.READ_ONLY))
    client = Client()
    client.force_login(user)
    for button in ("put-in-front", "take-off-site", "put-on-site"):
        assert client.post(f"/admin/events/event/{event.pk}/{button}/").status_code == 403
    assert "put_in_front" not in client.get("/admin/events/event/").content.decode()
    assert Event.objects.published().count() == 1


def test_list_filters_by_where_an_event_stands(organiser):
    day = timedelta(days=1)
    rows = {
        "draft": make_event(published=False),
        "coming": make_event(starts_at=NOW + day),
        "past": make_event(starts_at=NOW - day),
        "cancelled": make_event(status="cancelled", starts_at=NOW + day),
    }
    for stands, row in rows.items():
        page = organiser.get("/admin/events/event/", {"stands": stands})
        assert list(page.context["cl"].queryset) == [row], stands
    assert organiser.get("/admin/events/event/").context["cl"].result_count == 4


@pytest.mark.parametrize("count", [0, 1, 40])
def test_archive_stands_under_its_series_with_constant_queries(client, count):
    series = make_series(theme="Valuing cities", occasion="World Cities Day 2020")
    for number in range(count):
        make_event(
            title=f"Past {number:02}", starts_at=NOW - timedelta(days=number + 1),
            series=series if number % 2 == 0 else None,
        )  # fmt: skip
    with CaptureQueriesContext(connection) as queries:
        text = words(client.get("/events/"))
    assert len(queries) == 3
    assert len(re.findall(r"Past \d\d", text)) == count
    assert ("Valuing cities World Cities Day 2020 Past 00" in text) is (count > 0)
    assert ("Other events Past 01" in text) is (count > 1)
    assert ("There is no past event here yet." in text) is (count == 0)
