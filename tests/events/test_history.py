"""The history of an event: read, compared, and brought back, by rules and by the admin's pages."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events import history
from events.models import AgendaItem, Assignment, ConceptNote, Event, NoteVersion, Series, Venue
from events.registration.models import SeatRequest
from events.restoring import NothingThere, Part, plan, restore, restore_speaker
from events.rules import record_change
from roundtable.roles import Role
from speakers.models import Speaker
from tests.desk import save, saved
from tests.factories import (
    AT,
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


@pytest.fixture
def event():
    event = make_event(
        slug="e",
        number=2,
        series=make_series(),
        items=[{**SLOT, "title": "Welcome"}, {**SLOT, "title": "Panel"},
               {**SLOT, "title": "Closing"}],
    )  # fmt: skip
    make_note(event, sections=[("", "One."), ("The roundtable", "Two.")])
    make_assignment(event.agenda_items.get(title="Panel"), make_speaker("Otieno"))
    record_change(event, at=AT)
    return event


@pytest.fixture
def amina():
    return make_organiser("amina", first_name="Amina")


@pytest.fixture
def organiser(client, amina):
    client.force_login(amina)
    return client


def now():
    """A moment after everything that was written so far, and before what comes."""
    return timezone.now()


def item(event, title):
    return event.agenda_items.get(title=title)


def words(response):
    assert response.status_code == 200
    page = response.content.decode()
    page = page[page.index('<div id="content"') : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def running_order(event):
    return [
        (
            row.title,
            row.minutes,
            [(p.role, str(p.speaker), p.status) for p in row.assignments.all()],
        )
        for row in AgendaItem.objects.filter(event=event)
    ]


def note_of(event):
    return [
        (note.language, note.version, [(s.heading, s.text) for s in note.sections.all()])
        for note in ConceptNote.objects.filter(event=event)
    ]


def told(trail, *, zone):
    """What each save says, the latest first."""
    trail.fill(trail.saves, zone=zone)
    return [
        (save.by, [(change.kind.value, change.thing) for change in save.changes])
        for save in trail.saves
    ]


def urls(event, name, *arguments):
    return "/".join(["/admin/events/event", str(event.pk), "history", name, *arguments, ""])


# What was, as of a moment


def test_event_reads_as_it_stood_then_whatever_came_since(event):
    then = now()
    panel = item(event, "Panel")
    panel.minutes = 45
    panel.save()
    item(event, "Welcome").delete()
    AgendaItem.objects.create(event=event, position=9, title="Floor", **SLOT)
    event.title = "Another title"
    event.save()
    state = history.as_of(event.pk, then)
    assert state.event.title == "Working together"
    assert [(row.title, row.minutes) for row in state.items] == [
        ("Welcome", 30), ("Panel", 30), ("Closing", 30),
    ]  # fmt: skip
    assert [person.speaker_id for person in state.people] == [Speaker.objects.get().pk]
    assert [section.text for section in state.sections] == ["One.", "Two."]
    present = history.present(event.pk)
    assert [row.title for row in present.items] == ["Panel", "Closing", "Floor"]


def test_before_there_was_an_event_there_is_nothing(event):
    before = event.created_at - timedelta(days=1)
    assert history.as_of(event.pk, before) == history.Snapshot()
    assert history.present(987654) == history.Snapshot()


def test_deleted_event_is_nothing_now_and_whole_then(event):
    pk, then = event.pk, now()
    event.delete()
    assert history.as_of(pk, now()) == history.Snapshot()
    assert len(history.as_of(pk, then).items) == 3


def test_two_records_at_one_instant_count_in_the_order_they_were_written(event):
    instant = now()
    for minutes in (31, 32, 33):
        panel = item(event, "Panel")
        panel.minutes, panel._history_date = minutes, instant
        panel.save()
    state = history.as_of(event.pk, instant)
    assert [row.minutes for row in state.items if row.title == "Panel"] == [33]
    assert len(state.items) == 3


def test_comparing_two_moments_tells_everything_between(event):
    then = now()
    event.venue.town = "Naivasha"
    event.venue.save()
    panel = item(event, "Panel")
    panel.minutes = 45
    panel.save()
    otieno = Speaker.objects.get()
    otieno.organisation = "A group"
    otieno.save()
    section = ConceptNote.objects.get().sections.last()
    section.text = "Two and more."
    section.save()
    states = history.as_of(event.pk, then), history.present(event.pk)
    assert [change.thing for change in history.compare(*states, zone=event.tzinfo)] == [
        "Venue: Nakuru, Kenya",
        "Note: section “The roundtable”",
        "Agenda: “Panel”",
        "Speaker: Otieno",
    ]
    assert history.compare(states[1], states[1], zone=event.tzinfo) == []


# Saves


def test_what_one_request_wrote_is_one_save_by_whom(organiser, event):
    url = f"/admin/events/agendaitem/{item(event, 'Panel').pk}/change/"
    panel, person = item(event, "Panel"), Assignment.objects.get()
    response = organiser.post(
        url,
        {
            "_shown": organiser.get(url).context["shown"],
            "title": "Panel", "minutes": 45, "kind": "panel",
            "assignments-TOTAL_FORMS": 2, "assignments-INITIAL_FORMS": 1,
            "assignments-0-id": person.pk, "assignments-0-item": panel.pk,
            "assignments-0-role": "chair", "assignments-0-speaker": person.speaker_id,
            "assignments-0-status": "confirmed", "assignments-0-position": 0,
            "assignments-1-item": panel.pk, "assignments-1-role": "rapporteur",
            "assignments-1-status": "proposed", "assignments-1-position": 1,
        },
    )  # fmt: skip
    assert response.status_code == 302
    save = history.of_event(event.pk).saves[0]
    trail = history.of_event(event.pk)
    trail.fill(trail.saves[:1], zone=event.tzinfo)
    save = trail.saves[0]
    assert save.by == "Amina"
    assert [
        (change.kind.value, change.thing, [(f.label, f.before, f.after) for f in change.fields])
        for change in save.changes
    ] == [
        ("changed", "Agenda: “Panel”", [("Minutes", "30", "45")]),
        ("changed", "Agenda: panellist Otieno in “Panel”", [("Role", "Panellist", "Chair")]),
        ("added", "Agenda: rapporteur to be announced in “Panel”", [("Status", "", "Proposed")]),
    ]


def test_two_requests_of_one_person_at_once_are_two_saves(organiser, event):
    before = len(history.of_event(event.pk).saves)
    for _ in range(2):
        organiser.post(f"/admin/events/event/{event.pk}/take-off-site/")
        organiser.post(f"/admin/events/event/{event.pk}/take-off-site/")
        Event.objects.filter(pk=event.pk).update(published=True)
    assert len(history.of_event(event.pk).saves) == before + 2


def test_what_no_request_wrote_came_from_a_command(event):
    assert {by for by, _ in told(history.of_event(event.pk), zone=event.tzinfo)} == {
        "Loaded by a command"
    }


def test_somebody_whose_account_is_gone_has_no_name(organiser, amina, event):
    organiser.post(f"/admin/events/event/{event.pk}/take-off-site/")
    amina.delete()
    assert told(history.of_event(event.pk), zone=event.tzinfo)[0] == (
        "Somebody whose account is gone",
        [("changed", "Event")],
    )


def later(row, *, hours, **values):
    """Change a row as a command would some hours from now."""
    for name, value in values.items():
        setattr(row, name, value)
    row._history_date = timezone.now() + timedelta(hours=hours)
    row.save()


def test_saves_of_commands_hours_apart_are_told_apart_with_moves(event):
    rows = {row.title: row for row in event.agenda_items.all()}
    for position, title in enumerate(["Closing", "Welcome", "Panel"], 1):
        later(rows[title], hours=1, position=position)
    later(rows["Panel"], hours=2, minutes=45)
    trail = history.of_event(event.pk)
    trail.fill(trail.saves, zone=event.tzinfo)
    assert [
        [(change.thing, change.moved) for change in save.changes] for save in trail.saves[:2]
    ] == [[("Agenda: “Panel”", None)], [("Agenda: “Closing”", (3, 1))]]


def test_row_saved_twice_in_one_save_is_told_once(event):
    panel = item(event, "Panel")
    later(panel, hours=1, minutes=40)
    later(panel, hours=1, minutes=45)
    trail = history.of_event(event.pk)
    trail.fill(trail.saves, zone=event.tzinfo)
    (change,) = trail.saves[0].changes
    assert [(f.before, f.after) for f in change.fields] == [("30", "45")]


def test_shared_venue_counts_only_while_it_is_the_events_own(event):
    elsewhere, nakuru = Venue.objects.create(town="Kisumu"), event.venue
    later(elsewhere, hours=1, town="Kisumu town")
    later(event, hours=2, venue=elsewhere)
    later(elsewhere, hours=3, town="Kisumu city")
    later(nakuru, hours=4, town="Nakuru town")
    assert told(history.of_event(event.pk), zone=event.tzinfo)[:2] == [
        ("Loaded by a command", [("changed", "Venue: Kisumu town")]),
        ("Loaded by a command", [("changed", "Event")]),
    ]


def test_speaker_counts_only_while_in_the_agenda(event):
    otieno, person = Speaker.objects.get(), Assignment.objects.get()
    later(otieno, hours=1, organisation="A")
    later(person, hours=2, speaker=None)
    later(otieno, hours=3, organisation="B")
    things = [changes for _by, changes in told(history.of_event(event.pk), zone=event.tzinfo)]
    assert things[:2] == [
        [("changed", "Agenda: panellist Otieno in “Panel”")],
        [("changed", "Speaker: Otieno")],
    ]


def test_slot_moved_to_another_event_went_from_this_one_and_came_to_that(event):
    other = make_event()
    panel = item(event, "Panel")
    later(panel, hours=1, event=other)
    later(panel, hours=2, minutes=45)
    zone = event.tzinfo
    assert told(history.of_event(event.pk), zone=zone)[1][1] == [("removed", "Agenda: “Panel”")]
    assert told(history.of_event(event.pk), zone=zone)[0][1] == []
    assert told(history.of_event(other.pk), zone=zone)[1][1] == [("added", "Agenda: “Panel”")]


def test_history_of_a_note_has_its_sections_and_of_a_slot_its_people(event):
    note = ConceptNote.objects.get()
    assert ("added", "Note: section “The roundtable”") in told(
        history.of_row(note), zone=event.tzinfo
    )[0][1]
    assert ("added", "Agenda: panellist Otieno in “Panel”") in told(
        history.of_row(item(event, "Panel")), zone=event.tzinfo
    )[0][1]


# Bringing back


def test_agenda_comes_back_with_its_people_and_its_keys(event):
    then, before = now(), running_order(event)
    keys = set(event.agenda_items.values_list("pk", flat=True))
    panel = item(event, "Panel")
    panel.minutes, panel.position = 45, 9
    panel.save()
    panel.assignments.all().delete()
    item(event, "Welcome").delete()
    AgendaItem.objects.create(event=event, position=5, title="Floor", **SLOT)
    record_change(event, at=AT)
    version = event.content_version
    done = restore(event, Part.AGENDA, moment=then, at=AT)
    assert running_order(event) == before
    assert set(event.agenda_items.values_list("pk", flat=True)) == keys
    assert done.left_out == []
    assert event.content_version == version + 1
    assert Event.objects.get().content_version == version + 1


def test_what_was_brought_back_can_be_taken_back(event):
    then = now()
    item(event, "Welcome").delete()
    meanwhile, state = now(), running_order(event)
    restore(event, Part.AGENDA, moment=then, at=AT)
    assert running_order(event) != state
    restore(event, Part.AGENDA, moment=meanwhile, at=AT)
    assert running_order(event) == state


def test_plan_says_what_would_come_and_writes_nothing(event):
    then = now()
    item(event, "Welcome").delete()
    state, records = running_order(event), AgendaItem.history.count()
    found = plan(event, Part.AGENDA, moment=then)
    assert [change.thing for change in history.compare(
        found.before, found.after, zone=event.tzinfo)] == ["Agenda: “Welcome”"]  # fmt: skip
    assert not found.is_empty
    assert (running_order(event), AgendaItem.history.count()) == (state, records)
    assert plan(event, Part.AGENDA, moment=now()).is_empty


def test_seat_of_a_deleted_speaker_comes_back_to_be_announced(event):
    then = now()
    Assignment.objects.all().delete()
    Speaker.objects.all().delete()
    done = restore(event, Part.AGENDA, moment=then, at=AT)
    assert done.left_out == [
        "The profile of Otieno was deleted since; the seat is to be announced."
    ]
    assert Assignment.objects.get().speaker is None


def test_two_who_changed_seats_change_them_back(event):
    panel, otieno, wangari = item(event, "Panel"), Speaker.objects.get(), make_speaker("Wangari")
    first, second = Assignment.objects.get(), make_assignment(panel, wangari)
    then = now()
    Assignment.objects.filter(pk__in=[first.pk, second.pk]).update(speaker=None)
    for person, speaker in ((first, wangari), (second, otieno)):
        person.speaker = speaker
        person.save()
    restore(event, Part.AGENDA, moment=then, at=AT)
    assert dict(Assignment.objects.values_list("pk", "speaker__name")) == {
        first.pk: "Otieno", second.pk: "Wangari",
    }  # fmt: skip


def test_slot_that_stands_in_another_event_now_is_made_anew(event):
    other, panel, then = make_event(), item(event, "Panel"), now()
    panel.event = other
    panel.save()
    restore(event, Part.AGENDA, moment=then, at=AT)
    assert [title for title, *_ in running_order(event)] == ["Welcome", "Panel", "Closing"]
    assert AgendaItem.objects.get(pk=panel.pk).event == other


def test_note_comes_back_with_its_sections(event):
    then, before = now(), note_of(event)
    note = ConceptNote.objects.get()
    note.version = "2"
    note.save()
    opening, second = note.sections.all()
    opening.text = "Other words."
    opening.save()
    second.delete()
    note.sections.create(position=9, heading="New", text="New.")
    restore(event, Part.NOTE, moment=then, at=AT)
    assert note_of(event) == before


def versions(note):
    return list(note.versions.values_list("version", flat=True))


def test_note_that_comes_back_leaves_the_replaced_version_an_earlier_one(organiser, event):
    then, note = now(), ConceptNote.objects.get()
    assert saved(save(organiser, note, version="2"))
    meanwhile = now()
    restore(event, Part.NOTE, moment=then, at=AT)
    note.refresh_from_db()
    assert (note.version, versions(note)) == ("1", ["2"])
    # The form, opened and sent as it is.
    assert saved(save(organiser, note))
    restore(event, Part.NOTE, moment=meanwhile, at=AT)
    note.refresh_from_db()
    assert (note.version, versions(note)) == ("2", ["1"])


def test_slot_and_section_that_come_back_are_not_said_to_stay_away(event):
    then = now()
    item(event, "Panel").delete()
    ConceptNote.objects.get().delete()
    make_note(event)
    assert [plan(event, part, moment=then).left_out for part in (Part.AGENDA, Part.NOTE)] == [
        [], [],
    ]  # fmt: skip


def test_deleted_note_comes_back_and_one_that_came_since_goes(event):
    then, before = now(), note_of(event)
    ConceptNote.objects.get().delete()
    make_note(event, language="sw")
    restore(event, Part.NOTE, moment=then, at=AT)
    assert note_of(event) == before


def test_note_made_anew_in_the_same_language_keeps_its_row_and_its_versions(event):
    then, before = now(), note_of(event)
    ConceptNote.objects.get().delete()
    anew = make_note(event, sections=[("Other", "Other.")])
    NoteVersion.objects.create(note=anew, version="0")
    restore(event, Part.NOTE, moment=then, at=AT)
    assert note_of(event) == before
    assert ConceptNote.objects.get().pk == anew.pk
    assert NoteVersion.objects.count() == 1


def test_note_with_versions_of_its_own_stays_and_the_organiser_is_told(event):
    then = now()
    swahili = make_note(event, language="sw")
    NoteVersion.objects.create(note=swahili, version="0")
    done = restore(event, Part.NOTE, moment=then, at=AT)
    assert len(done.left_out) == 1
    assert "“sw” was added since" in done.left_out[0]
    assert ConceptNote.objects.filter(language="sw").get().sections.count() == 1


def test_facts_come_back_and_raise_the_sequence_where_the_calendar_is_told(event):
    then, sequence = now(), Event.objects.get().sequence
    event.starts_at += timedelta(hours=1)
    event.ends_at += timedelta(hours=1)
    event.title = "Another title"
    event.status = "postponed"
    event.save()
    record_change(event, at=AT)
    assert event.sequence == sequence + 1
    restore(event, Part.FACTS, moment=then, at=AT)
    event.refresh_from_db()
    assert (event.title, event.status, event.sequence) == (
        "Working together", "scheduled", sequence + 2,
    )  # fmt: skip
    assert event.starts_at == datetime(2020, 10, 31, 9, 45, tzinfo=UTC)


def test_facts_that_would_clash_stay_as_they_are_and_are_named(event):
    event.featured = True
    event.save()
    venue, series = event.venue, event.series
    then = now()
    event.slug, event.featured, event.venue, event.series = "other", False, None, None
    event.title = "Another title"
    event.save()
    make_event(slug="e", featured=True)
    venue.delete()
    series.delete()
    done = restore(event, Part.FACTS, moment=then, at=AT)
    event.refresh_from_db()
    assert (event.slug, event.featured, event.venue, event.series, event.title) == (
        "other", False, None, None, "Working together",
    )  # fmt: skip
    assert done.left_out == [
        "The address “e” belongs to another page now. The present one stays.",
        "Series: “Valuing our communities and cities” was deleted since and does not come back.",
        "Venue: “Nakuru, Kenya” was deleted since and does not come back.",
        "Another event is on the front page now. It stays there.",
    ]


def test_facts_leave_the_calendars_identity_and_the_registrations_alone(event):
    uid, then = event.uid, now()
    make_registration(event)
    event.title = "Another title"
    event.save()
    restore(event, Part.FACTS, moment=then, at=AT)
    event.refresh_from_db()
    assert event.uid == uid
    assert SeatRequest.objects.get().status == "confirmed"


def test_nothing_comes_back_from_before_the_event(event):
    with pytest.raises(NothingThere):
        restore(event, Part.FACTS, moment=AT - timedelta(days=9999), at=AT)


def test_failure_half_way_leaves_everything_as_it_was(event, monkeypatch):
    then = now()
    item(event, "Welcome").delete()
    state = running_order(event)
    monkeypatch.setattr("events.restoring.record_change", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        restore(event, Part.AGENDA, moment=then, at=AT)
    assert running_order(event) == state


def test_profile_comes_back_and_its_events_tell_of_it(event):
    otieno, then = Speaker.objects.get(), now()
    otieno.name, otieno.group = "Somebody else", make_group()
    otieno.save()
    record_change(event, at=AT)
    version = event.content_version
    done = restore_speaker(otieno, moment=then, at=AT)
    otieno.refresh_from_db()
    assert (otieno.name, otieno.group, done.left_out) == ("Otieno", None, [])
    assert Event.objects.get().content_version == version + 1


def test_profile_keeps_its_address_where_the_old_one_is_taken(event):
    otieno = Speaker.objects.get()
    slug, then = otieno.slug, now()
    otieno.slug = "moved"
    otieno.save()
    make_speaker("Another", slug=slug)
    done = restore_speaker(otieno, moment=then, at=AT)
    assert done.left_out == [
        f"The address “{slug}” belongs to another page now. The present one stays."
    ]
    otieno.refresh_from_db()
    assert otieno.slug == "moved"


# The admin's pages


def test_history_page_tells_who_when_what(organiser, event):
    organiser.post(f"/admin/events/event/{event.pk}/take-off-site/")
    text = words(organiser.get(urls(event, "").replace("//", "/")))
    local = timezone.now().astimezone(event.tzinfo)
    assert re.search(rf"{local:%B %Y}, \d\d:\d\d EAT , Amina Event Published: yes →", text)
    assert "Loaded by a command" in text


def test_page_of_every_kind_of_row_has_its_history(organiser, event):
    for row in (event, event.venue, event.series, ConceptNote.objects.get(),
                item(event, "Panel"), Speaker.objects.get()):  # fmt: skip
        url = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/history/"
        assert "Loaded by a command" in words(organiser.get(url)), url


def test_row_from_before_there_was_a_history_says_so(organiser):
    venue = Venue.objects.create(town="Nakuru")
    Venue.history.all().delete()
    text = words(organiser.get(f"/admin/events/venue/{venue.pk}/history/"))
    assert "Nothing is recorded yet." in text


def test_unknown_row_leads_back_to_the_desk(organiser):
    assert organiser.get("/admin/events/event/987654/history/").status_code == 302
    assert organiser.get("/admin/events/event/nonsense/history/").status_code == 302


def test_names_are_shown_as_text_whatever_they_hold(organiser, event):
    event.title = "<script>alert(1)</script>"
    event.save()
    page = organiser.get(f"/admin/events/event/{event.pk}/history/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_pages_of_twenty_five_saves(organiser, event):
    for hour in range(1, 30):
        later(item(event, "Panel"), hours=hour, minutes=30 + hour)
    url = f"/admin/events/event/{event.pk}/history/"
    first, second = words(organiser.get(url)), words(organiser.get(url + "?p=2"))
    assert "Minutes: 58 → became 59" in first
    assert "Page 1 of 2 Earlier" in first
    assert "Minutes: 30 → became 31" in second
    assert "Minutes: 58" not in second
    assert words(organiser.get(url + "?p=nonsense")) == first


@pytest.mark.parametrize("way", ["in one save", "each a save"])
@pytest.mark.parametrize("changes", [1, 3, 300])
def test_queries_of_the_pages_are_constant(organiser, event, changes, way):
    rows = [
        AgendaItem.objects.create(event=event, position=9, title=f"Slot {number}", **SLOT)
        for number in range(changes)
    ]
    for number, row in enumerate(rows, 1):
        later(row, hours=number if way == "each a save" else 1, minutes=45)
    moment = quote(history.of_event(event.pk).saves[-1].moment)
    pages = {
        # The last page has the event's making, and so records of every kind.
        f"/admin/events/event/{event.pk}/history/?p=9999": 21,
        f"/admin/events/event/{event.pk}/history/compare/?before={moment}&after=now": 33,
        f"/admin/events/event/{event.pk}/history/restore/agenda/?moment={moment}": 31,
        f"/admin/events/agendaitem/{rows[0].pk}/history/": 7,
    }
    counted = {}
    for url in pages:
        organiser.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert organiser.get(url).status_code == 200
        counted[url] = len(queries)
    assert counted == pages


def test_comparing_from_the_history_leads_to_bringing_back(organiser, event):
    then = history.of_event(event.pk).saves[0].moment
    later(item(event, "Panel"), hours=1, minutes=45)
    url = f"/admin/events/event/{event.pk}/history/"
    page = organiser.get(url).content.decode()
    (link,) = re.findall(r'href="([^"]+compare/\?before[^"]+)"', page)
    compared = organiser.get(unescape(link))
    assert "Agenda: “Panel” Minutes: 30 → became 45" in words(compared)
    links = re.findall(r'href="([^"]+restore/[^"]+)"', compared.content.decode())
    assert [link.split("restore/")[1].split("/")[0] for link in links] == [
        "agenda", "note", "facts",
    ]  # fmt: skip
    shown = organiser.get(unescape(links[0]))
    assert "What would change now Agenda: “Panel” Minutes: 45 → became 30" in words(shown)
    seen = re.search(r'name="seen" value="([^"]+)"', shown.content.decode())[1]
    done = organiser.post(unescape(links[0]), {"seen": unescape(seen)}, follow=True)
    assert item(event, "Panel").minutes == 30
    assert "Brought back the agenda and the people in it as of" in words(done)
    assert then in unescape(links[0]).replace("%3A", ":").replace("%2B", "+")


def test_two_moments_in_either_order_are_compared_from_the_earlier(organiser, event):
    first = history.of_event(event.pk).saves[0].moment
    later(item(event, "Panel"), hours=1, minutes=45)
    url = f"/admin/events/event/{event.pk}/history/compare/"
    expected = "Minutes: 30 → became 45"
    assert expected in words(organiser.get(url, {"before": "now", "after": first}))
    assert "Nothing differs." in words(organiser.get(url, {"before": first, "after": first}))


def test_saves_of_one_minute_are_told_apart(organiser, event):
    for minutes in ("45", "50"):
        assert saved(save(organiser, event, agenda_items__1__minutes=minutes))
    assert saved(save(organiser, event, title="Anew"))
    for second, found in enumerate(reversed(history.of_event(event.pk).saves[:3]), 7):
        for mark in found.marks:
            mark.model.history.filter(history_id=mark.history_id).update(
                history_date=datetime(2030, 1, 1, 9, 30, second, tzinfo=UTC)
            )
    form = organiser.get(f"/admin/events/event/{event.pk}/history/compare/").context["form"]
    assert [text for _value, text in form.fields["before"].choices[1:4]] == [
        "1 January 2030, 12:30:09 EAT, Amina: event",
        "1 January 2030, 12:30:08 EAT, Amina: agenda items",
        "1 January 2030, 12:30:07 EAT, Amina: agenda items",
    ]


def test_save_of_what_is_not_kept_says_so(organiser, event):
    assert saved(save(organiser, event))
    assert (
        "Saved. What changed is not kept in this history, such as seats and registration times."
    ) in words(organiser.get(f"/admin/events/event/{event.pk}/history/"))


@pytest.mark.parametrize("moment", ["", "nonsense", "2020-10-12T09:00:00"])
def test_moment_nobody_knows_gets_a_sentence(organiser, event, moment):
    url = f"/admin/events/event/{event.pk}/history"
    text = words(organiser.get(f"{url}/compare/", {"before": moment, "after": "now"}))
    assert ("There is no such moment" in text) is bool(moment)
    assert organiser.get(f"{url}/restore/agenda/", {"moment": moment}).status_code == 404


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+23:59",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "9999-12-31T23:59:59Z",
    ],
)
@pytest.mark.parametrize(
    "page", ["event/{}/history/restore/facts/", "event/{}/history/restore/note/"]
)
def test_moment_that_no_clock_can_show_is_nothing(organiser, event, page, moment):
    url = f"/admin/events/{page.format(event.pk)}"
    assert organiser.get(url, {"moment": moment}).status_code == 404


def test_moment_before_the_event_brings_nothing_back(organiser, event):
    url = f"/admin/events/event/{event.pk}/history/restore/facts/?moment=2001-01-01T00:00:00Z"
    page = organiser.get(url, follow=True).content.decode()
    assert "There was nothing then that could be brought back." in page
    assert organiser.get(url.replace("facts", "everything")).status_code == 404


def test_button_pressed_after_somebody_changed_something_asks_again(organiser, event):
    moment = quote(history.of_event(event.pk).saves[0].moment)
    later(item(event, "Panel"), hours=1, minutes=45)
    url = f"/admin/events/event/{event.pk}/history/restore/agenda/?moment={moment}"
    seen = organiser.get(url).context["seen"]
    later(item(event, "Panel"), hours=2, minutes=50)
    again = organiser.post(url, {"seen": seen})
    assert item(event, "Panel").minutes == 50
    assert "Something changed in the meantime." in unescape(again.content.decode())
    assert "Minutes: 50 → became 30" in words(again)


def test_profile_is_brought_back_from_its_own_history(organiser, event):
    otieno = Speaker.objects.get()
    later(otieno, hours=1, name="Somebody else")
    page = organiser.get(f"/admin/speakers/speaker/{otieno.pk}/history/").content.decode()
    (link,) = re.findall(r'href="([^"]+restore/\?moment[^"]+)"', page)
    shown = organiser.get(unescape(link))
    assert "Name: Somebody else → became Otieno" in words(shown)
    organiser.post(unescape(link), {"seen": shown.context["seen"]})
    otieno.refresh_from_db()
    assert otieno.name == "Otieno"


def signed_in(role):
    user = User.objects.create_user(f"{role}@example.org", f"{role}@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("role", "restores"),
    [(Role.EDITOR, True), (Role.READ_ONLY, False), (Role.ACCESS_OFFICER, False)],
)
def test_who_sees_may_read_the_history_and_who_edits_may_bring_back(event, role, restores):
    moment = quote(history.of_event(event.pk).saves[0].moment)
    later(item(event, "Panel"), hours=1, minutes=45)
    client, url = signed_in(role), f"/admin/events/event/{event.pk}/history"
    assert client.get(f"{url}/").status_code == 200
    compared = client.get(f"{url}/compare/").content.decode()
    assert ("history/restore/" in compared) is restores
    for part in Part:
        page = client.get(f"{url}/restore/{part}/?moment={moment}")
        assert page.status_code == (200 if restores else 403)
    if not restores:
        client.post(f"{url}/restore/agenda/?moment={moment}", {"seen": ""})
        assert item(event, "Panel").minutes == 45
    otieno = Speaker.objects.get()
    page = client.get(f"/admin/speakers/speaker/{otieno.pk}/history/restore/?moment={moment}")
    assert page.status_code == (200 if restores else 403)


def test_history_is_for_nobody_else(event):
    client = Client()
    client.force_login(User.objects.create_user("attendee"))
    for name in ("history/", "history/compare/", "history/restore/agenda/", "copy/"):
        response = client.get(f"/admin/events/event/{event.pk}/{name}")
        assert response.status_code in {302, 403}


def test_deleted_event_is_listed_with_who_and_its_history_can_still_be_read(organiser, event):
    pk = event.pk
    organiser.post(f"/admin/events/event/{pk}/delete/", {"post": "yes"})
    assert not Event.objects.exists()
    text = words(organiser.get("/admin/events/event/deleted/"))
    assert re.search(
        r"Roundtable 2: Working together : deleted \d+ \w+ \d{4}, \d\d:\d\d, Amina", text
    )
    text = words(organiser.get(f"/admin/events/event/{pk}/history/"))
    assert "This was deleted. Its history is kept to read." in text
    assert "Agenda: “Panel” removed" in text
    assert organiser.get(f"/admin/events/event/{pk}/history/compare/").status_code == 200
    restoring = f"/admin/events/event/{pk}/history/restore/agenda/?moment=2020-01-01T00:00:00Z"
    assert organiser.get(restoring).status_code == 404


def test_nothing_deleted_says_so(organiser):
    assert "No event was deleted." in words(organiser.get("/admin/events/event/deleted/"))


def test_series_keeps_its_history(organiser):
    series = make_series(theme="One")
    later(series, hours=1, theme="Two")
    text = words(organiser.get(f"/admin/events/series/{series.pk}/history/"))
    assert "Theme: One → became Two" in text
    assert Series.objects.get().theme == "Two"
