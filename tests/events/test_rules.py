from datetime import timedelta

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from events.models import AgendaItem, Assignment, Event, NoteSection, Venue
from events.rules import join_link, last_change, phase, record_change, record_changes
from tests.factories import (
    AT,
    START,
    make_assignment,
    make_event,
    make_note,
    make_series,
    make_speaker,
)

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = AT + HOUR
SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}
LINK = "https://meet.example.org/nakuru"


def books(event):
    """What is written of an event: content version, SEQUENCE, time of the last change."""
    row = Event.objects.get(pk=event.pk)
    return row.content_version, row.sequence, row.changed_at


@pytest.fixture
def event(db):
    """An event with everything a page shows, recorded once."""
    event = make_event(
        series=make_series(),
        venue=Venue.objects.create(town="Nakuru", country="KE"),
        items=[{**SLOT, "title": "First"}, {**SLOT, "title": "Second"}],
    )
    make_note(event, sections=[("", "One."), ("The roundtable", "Two.")])
    for item in event.agenda_items.all():
        make_assignment(item, make_speaker())
    record_change(event, at=AT)
    assert books(event) == (2, 0, AT)
    return event


def change(row, **fields):
    """Write fields of a row the way a form would, past ``record_change``."""
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


# The first record


def test_first_record_gives_version_1_and_no_sequence():
    event = Event.objects.create(slug="new", title="New", starts_at=START, ends_at=START + HOUR)
    assert books(event)[:2] == (0, 0)
    assert record_change(event, at=AT) is True
    assert books(event) == (1, 0, AT)
    assert (event.content_version, event.sequence, event.changed_at) == (1, 0, AT)


def test_first_record_takes_its_time_even_if_the_row_was_made_later():
    event = Event.objects.create(
        slug="new", title="New", starts_at=START, ends_at=START + HOUR, changed_at=LATER
    )
    record_change(event, at=AT)
    assert books(event) == (1, 0, AT)


def test_nothing_changed_changes_nothing(event):
    before = Event.objects.filter(pk=event.pk).values().get()
    assert record_change(event, at=LATER) is False
    assert Event.objects.filter(pk=event.pk).values().get() == before


def test_saving_the_same_again_changes_nothing(event):
    for row in (event, event.venue, event.series, *event.agenda_items.all()):
        row.save()
    assert record_change(event, at=LATER) is False


# Calendar facts


CALENDAR_FACTS = {
    "start": lambda event: change(event, starts_at=event.starts_at + MINUTE),
    "end": lambda event: change(event, ends_at=event.ends_at + MINUTE),
    "zone": lambda event: change(event, zone="Africa/Kampala"),
    "cancelled": lambda event: change(event, status="cancelled"),
    "postponed": lambda event: change(event, status="postponed"),
    "building": lambda event: change(event.venue, name="County Hall"),
    "street": lambda event: change(event.venue, address="Kenyatta Avenue"),
    "town": lambda event: change(event.venue, town="Naivasha"),
    "country": lambda event: change(event.venue, country="UG"),
    "coordinates": lambda event: change(event.venue, latitude="-0.3", longitude="36.1"),
    "join link": lambda event: change(event.venue, join_url=LINK),
    "who sees the link": lambda event: change(event.venue, join_audience="everybody"),
    "another venue": lambda event: change(event, venue=Venue.objects.create(town="Kisumu")),
    "no venue any more": lambda event: change(event, venue=None),
}

CONTENT_FACTS = {
    "title": lambda event: change(event, title="Another"),
    "summary": lambda event: change(event, summary="A typo less."),
    "number": lambda event: change(event, number=7),
    "address": lambda event: change(event, slug="another"),
    "convenor": lambda event: change(event, convenor="UN HABITAT"),
    "contact": lambda event: change(event, contact_email="us@example.org"),
    "draft": lambda event: change(event, published=False),
    "agenda status": lambda event: change(event, agenda_status="final"),
    "draft agenda": lambda event: change(event, agenda_status="draft"),
    "series": lambda event: change(event.series, theme="Another theme"),
    "another series": lambda event: change(event, series=make_series()),
    "getting in": lambda event: change(event.venue, access_notes="No steps."),
    "link shown from": lambda event: change(event.venue, join_minutes_before=5),
    "venue with the same place": lambda event: change(
        event, venue=Venue.objects.create(town="Nakuru", country="KE", access_notes="No steps.")
    ),
    "note": lambda event: change(event.concept_notes.get(), version="2"),
    "sign off": lambda event: change(event.concept_notes.get(), sign_off="UN HABITAT"),
    "another note": lambda event: make_note(event, language="sw"),
    "no note": lambda event: event.concept_notes.get().delete(),
    "section": lambda event: change(NoteSection.objects.first(), text="Other words."),
    "heading": lambda event: change(NoteSection.objects.first(), heading="Opening"),
    "what changed in the note": lambda event: change(
        event.concept_notes.get(), what_changed="A word."
    ),
    "an earlier version": lambda event: event.concept_notes.get().versions.create(version="0"),
    "another section": lambda event: event.concept_notes.get().sections.create(text="Three."),
    "fewer sections": lambda event: NoteSection.objects.first().delete(),
    "sections in another order": lambda event: change(NoteSection.objects.first(), position=9),
    "slot": lambda event: change(AgendaItem.objects.first(), title="Other words"),
    "minutes": lambda event: change(AgendaItem.objects.first(), minutes=31),
    "emphasis": lambda event: change(AgendaItem.objects.first(), emphasis="lessons_learned"),
    "another slot": lambda event: AgendaItem.objects.create(event=event, position=3, **SLOT),
    "fewer slots": lambda event: AgendaItem.objects.first().delete(),
    "slots in another order": lambda event: change(AgendaItem.objects.first(), position=9),
    "speaker": lambda event: change(Assignment.objects.first().speaker, name="Another"),
    "profile taken off": lambda event: change(Assignment.objects.first().speaker, published=False),
    "role": lambda event: change(Assignment.objects.first(), role="chair"),
    "confirmed": lambda event: change(Assignment.objects.first(), status="invited"),
    "declined": lambda event: change(Assignment.objects.first(), status="declined"),
    "remote": lambda event: change(Assignment.objects.first(), presence="remote"),
    "people in another order": lambda event: change(Assignment.objects.first(), position=9),
    "another person": lambda event: make_assignment(AgendaItem.objects.first(), make_speaker()),
    "fewer people": lambda event: Assignment.objects.first().delete(),
    "person in another slot": lambda event: change(
        Assignment.objects.first(), item=AgendaItem.objects.last()
    ),
}


@pytest.mark.parametrize("fact", CALENDAR_FACTS)
def test_calendar_fact_raises_version_and_sequence_once(event, fact):
    CALENDAR_FACTS[fact](event)
    assert record_change(event, at=LATER) is True
    assert books(event) == (3, 1, LATER)
    assert (event.content_version, event.sequence, event.changed_at) == (3, 1, LATER)
    assert record_change(event, at=LATER + HOUR) is False
    assert books(event) == (3, 1, LATER)


@pytest.mark.parametrize("fact", CONTENT_FACTS)
def test_other_public_fact_raises_the_version_once_and_no_sequence(event, fact):
    CONTENT_FACTS[fact](event)
    assert record_change(event, at=LATER) is True
    assert books(event) == (3, 0, LATER)
    assert record_change(event, at=LATER + HOUR) is False
    assert books(event) == (3, 0, LATER)


def test_every_field_of_an_event_is_a_fact_or_keeps_the_books():
    facts = {"title", "summary", "number", "slug", "convenor", "contact_email", "venue",
             "starts_at", "ends_at", "zone", "status", "series", "published",
             "agenda_status"}  # fmt: skip
    # A new field belongs among the facts, with a case of its own above.
    assert {field.name for field in Event._meta.concrete_fields} == {
        *facts, *Event.BOOKS, "id", "uid", "created_at", "featured",
    }  # fmt: skip


def test_several_changes_at_once_count_as_one(event):
    change(event.venue, town="Naivasha", access_notes="No steps.")
    change(event, title="Another", status="postponed")
    record_change(event, at=LATER)
    assert books(event) == (3, 1, LATER)


def test_change_taken_back_is_another_change(event):
    for title in ("Another", "Working together"):
        change(event, title=title)
        record_change(event, at=LATER)
    assert books(event)[:2] == (4, 0)


def test_row_replaced_by_its_equal_is_no_change(event):
    section = NoteSection.objects.first()
    copy = NoteSection(note=section.note, position=section.position, text=section.text)
    section.delete()
    copy.save()
    assert record_change(event, at=LATER) is False


# What nobody may read raises nothing


def test_front_page_is_no_fact_of_the_event(event):
    change(event, featured=True)
    assert record_change(event, at=LATER) is False


def test_draft_agenda_raises_nothing_until_it_is_shown(event):
    change(event, agenda_status="draft")
    record_change(event, at=AT)
    change(AgendaItem.objects.first(), title="Other words")
    make_assignment(AgendaItem.objects.first(), make_speaker())
    assert record_change(event, at=LATER) is False
    change(event, agenda_status="provisional")
    assert record_change(event, at=LATER) is True
    assert books(event) == (4, 0, LATER)


def test_speaker_of_another_event_raises_nothing(event):
    change(make_speaker(), name="Another")
    make_assignment(make_event(items=[SLOT]).agenda_items.get(), make_speaker())
    assert record_change(event, at=LATER) is False


def test_person_who_declined_raises_nothing_more(event):
    assignment = Assignment.objects.first()
    change(assignment, status="declined")
    record_change(event, at=LATER)
    change(assignment.speaker, name="Another")
    assert record_change(event, at=LATER) is False


def test_language_of_the_organiser_is_no_fact(event):
    change(event.venue, country="DE")
    record_change(event, at=LATER)
    assert books(event)[:2] == (3, 1)
    with translation.override("fr"):
        assert event.venue.full_text == "Nakuru, Allemagne"
        change(event, summary="A typo less.")
        record_change(event, at=LATER)
    assert books(event)[:2] == (4, 1)


def test_venue_with_nothing_known_tells_a_calendar_no_more_than_none(event):
    change(event, venue=None)
    record_change(event, at=LATER)
    change(event, venue=Venue.objects.create())
    assert record_change(event, at=LATER) is True
    assert books(event)[:2] == (4, 1)


# Times


def test_time_of_the_last_change_never_goes_back(event):
    change(event, title="Another")
    record_change(event, at=AT - DAY)
    assert books(event) == (3, 0, AT)


def test_stale_object_is_brought_up_to_date_and_writes_nothing_of_its_own(event):
    stale = Event.objects.get(pk=event.pk)
    change(event, title="Another", starts_at=START - HOUR)
    record_change(event, at=LATER)
    stale.title = "Never saved"
    assert record_change(stale, at=LATER + HOUR) is False
    assert (stale.content_version, stale.sequence, stale.changed_at) == (3, 1, LATER)
    assert Event.objects.get(pk=event.pk).title == "Another"


def test_ordinary_save_of_a_stale_object_leaves_the_books_alone(event):
    stale = Event.objects.get(pk=event.pk)
    change(event, starts_at=START - HOUR)
    record_change(event, at=LATER)
    change(stale, title="Another", starts_at=START - HOUR)
    assert books(event) == (3, 1, LATER)
    assert record_change(stale, at=LATER + HOUR) is True
    assert books(event) == (4, 1, LATER + HOUR)


def test_several_events_are_recorded_each_for_itself():
    venue = Venue.objects.create(town="Nakuru", country="KE")
    first, second, other = make_event(venue=venue), make_event(venue=venue), make_event()
    change(venue, town="Naivasha")
    record_changes([first, second, other], at=LATER)
    assert [books(event)[:2] for event in (first, second, other)] == [(2, 1), (2, 1), (1, 0)]


STEPS = st.lists(
    st.tuples(st.sampled_from(["title", "status", "nothing"]), st.integers(-50, 50)), max_size=6
)


@settings(max_examples=10, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_numbers_and_times_only_rise(steps):
    event = make_event()
    statuses = ["scheduled", "postponed", "cancelled"]
    for number, (step, minutes) in enumerate(steps):
        before = books(event)
        if step == "title":
            change(event, title=f"Title {number}")
        elif step == "status":
            change(event, status=statuses[statuses.index(event.status) - 1])
        changed = record_change(event, at=AT + minutes * MINUTE)
        after = books(event)
        assert changed is (step != "nothing")
        assert after[0] == before[0] + changed
        assert after[1] == before[1] + (step == "status")
        assert after[2] == (max(before[2], AT + minutes * MINUTE) if changed else before[2])


@pytest.mark.parametrize(("slots", "queries"), [(1, 9), (3, 9)])
def test_recording_takes_the_same_queries_however_long_the_agenda(
    slots, queries, django_assert_num_queries
):
    event = make_event(items=[SLOT] * slots)
    make_note(event, sections=[("", "One.")] * slots)
    for item in event.agenda_items.all():
        make_assignment(item, make_speaker())
    with django_assert_num_queries(queries):
        record_change(event, at=LATER)


# Phases


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (START - timedelta(microseconds=1), "before"),
        (START, "live"),
        (START + 2 * HOUR - timedelta(microseconds=1), "live"),
        (START + 2 * HOUR, "after"),
    ],
)
def test_event_is_live_from_its_start_up_to_its_end(moment, expected):
    assert phase(make_event(), now=moment) == expected


# The link to join


@pytest.fixture
def with_link(db):
    """An event with a link that everybody sees from an hour before the start."""
    return make_event(
        venue=Venue.objects.create(join_url=LINK, join_audience="everybody", join_minutes_before=60)
    )


@pytest.mark.parametrize(
    ("moment", "link"),
    [
        (START - HOUR - timedelta(microseconds=1), ""),
        (START - HOUR, LINK),
        (START, LINK),
        (START + 2 * HOUR - timedelta(microseconds=1), LINK),
        (START + 2 * HOUR, ""),
    ],
)
def test_link_is_shown_from_its_minute_until_the_end(with_link, moment, link):
    assert join_link(with_link, now=moment) == link


def test_link_for_people_with_a_seat_is_shown_to_nobody_else(with_link):
    change(with_link.venue, join_audience="registered")
    assert join_link(with_link, now=START) == ""
    assert join_link(with_link, now=START, has_seat=True) == LINK
    assert join_link(with_link, now=START - DAY, has_seat=True) == ""


def test_event_without_venue_or_link_has_no_link_to_join():
    assert join_link(make_event(), now=START, has_seat=True) == ""
    nowhere = Event.objects.create(
        slug="nowhere", title="Nowhere", starts_at=START, ends_at=START + HOUR
    )
    assert join_link(nowhere, now=START, has_seat=True) == ""


# When something public last changed


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (START - 2 * HOUR, START - 5 * HOUR),
        (START - HOUR, START - HOUR),
        (START + HOUR, START - HOUR),
        (START + 2 * HOUR, START + 2 * HOUR),
        (START + DAY, START + 2 * HOUR),
    ],
)
def test_public_link_comes_and_goes_by_the_clock(with_link, moment, expected):
    with_link.changed_at = START - 5 * HOUR
    assert last_change(with_link, now=moment) == expected


def test_link_for_people_with_a_seat_changes_nothing_public(with_link):
    change(with_link.venue, join_audience="registered")
    assert last_change(with_link, now=START) == with_link.changed_at


def test_last_change_is_the_event_s_own_where_that_came_later(with_link):
    with_link.changed_at = START + MINUTE
    assert last_change(with_link, now=START + HOUR) == START + MINUTE
