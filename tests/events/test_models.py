from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from events.models import (
    AgendaItem,
    Assignment,
    ConceptNote,
    Event,
    NoteSection,
    Venue,
    validate_zone,
)
from tests.factories import (
    NOW,
    START,
    make_assignment,
    make_event,
    make_note,
    make_series,
    make_speaker,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SLOT = {"title": "Panel", "minutes": 30, "kind": "panel"}


def refused(write):
    """Whether the database itself refuses, whoever asks it."""
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        return True
    return False


def sentences(row, field):
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    return caught.value.message_dict[field]


def test_event_is_named_by_its_number():
    event = make_event(number=2, title="Working together")
    assert (event.name, str(event)) == ("Roundtable 2", "Roundtable 2: Working together")


def test_event_without_number_is_named_by_its_title():
    event = make_event(title="Working together")
    assert (event.name, str(event)) == ("Working together", "Working together")


def test_event_in_nakuru_starts_at_12_45_there_and_at_09_45_utc():
    event = make_event(starts_at=datetime(2020, 10, 31, 12, 45, tzinfo=ZoneInfo("Africa/Nairobi")))
    event.refresh_from_db()
    assert event.starts_at == datetime(2020, 10, 31, 9, 45, tzinfo=UTC)
    assert f"{event.local_start:%H:%M %Z}" == "12:45 EAT"
    assert f"{event.local_end:%H:%M %Z}" == "14:45 EAT"
    assert event.minutes == 120


def test_event_s_minutes_are_those_that_pass_when_the_clocks_change():
    # On 25 October 2020 Berlin had the hour from two to three twice.
    berlin = ZoneInfo("Europe/Berlin")
    event = Event(
        starts_at=datetime(2020, 10, 25, 1, 0, tzinfo=berlin),
        ends_at=datetime(2020, 10, 25, 4, 0, tzinfo=berlin),
        zone="Europe/Berlin",
    )
    assert event.minutes == 240


def test_event_has_the_address_of_its_slug():
    assert make_event(slug="roundtable-9").get_absolute_url() == "/events/roundtable-9/"


@pytest.mark.parametrize("length", [timedelta(0), -HOUR])
def test_event_never_ends_before_it_starts(length):
    event = make_event()
    event.ends_at = event.starts_at + length
    assert sentences(event, "__all__") == ["The end must come after the start."]
    assert refused(lambda: Event.objects.filter(pk=event.pk).update(ends_at=event.ends_at))


def test_event_of_one_minute_is_an_event():
    event = make_event(ends_at=START + timedelta(minutes=1))
    event.full_clean()
    assert event.minutes == 1


def test_only_one_event_is_on_the_front_page():
    make_event(featured=True)
    second = make_event()
    second.featured = True
    assert sentences(second, "__all__") == ["Another event is on the front page already."]
    assert refused(second.save)


def test_two_events_never_share_an_address():
    make_event(slug="same")
    event = make_event()
    event.slug = "same"
    assert sentences(event, "slug") == ["Event with this Address already exists."]
    assert refused(event.save)


def test_every_event_has_an_identity_of_its_own():
    first, second = make_event(), make_event()
    assert first.uid != second.uid
    assert refused(lambda: Event.objects.filter(pk=second.pk).update(uid=first.uid))


@pytest.mark.parametrize("name", ["Africa/Nairobi", "UTC", "America/Argentina/Buenos_Aires"])
def test_zone_of_the_database_is_taken(name):
    assert validate_zone(name) is None


@pytest.mark.parametrize(
    "name", ["", "EAT", "Nairobi", "africa/nairobi", "+03:00", "../../etc/passwd", "localtime"]
)
def test_other_zone_is_refused_with_an_example(name):
    with pytest.raises(ValidationError) as caught:
        validate_zone(name)
    assert caught.value.messages == [f"“{name}” is not a time zone. Write it like Africa/Nairobi."]


def test_published_events_are_those_anybody_may_see():
    seen = make_event()
    make_event(published=False)
    assert list(Event.objects.published()) == [seen]


def test_upcoming_events_come_next_first_and_past_ones_latest_first():
    later, sooner = make_event(starts_at=NOW + 5 * HOUR), make_event(starts_at=NOW + HOUR)
    earlier, latest = make_event(starts_at=NOW - 9 * HOUR), make_event(starts_at=NOW - 5 * HOUR)
    assert list(Event.objects.upcoming(NOW)) == [sooner, later]
    assert list(Event.objects.past(NOW)) == [latest, earlier]


def test_event_is_past_from_its_end_on():
    event = make_event(starts_at=NOW - 2 * HOUR, ends_at=NOW)
    assert list(Event.objects.upcoming(NOW - timedelta(seconds=1))) == [event]
    assert list(Event.objects.upcoming(NOW)) == []
    assert list(Event.objects.past(NOW)) == [event]


def test_front_page_has_the_featured_event_then_the_next_then_the_latest():
    past, latest = make_event(starts_at=NOW - 9 * HOUR), make_event(starts_at=NOW - 5 * HOUR)
    assert list(Event.objects.in_front(NOW)) == [latest, past]
    later, sooner = make_event(starts_at=NOW + 5 * HOUR), make_event(starts_at=NOW + HOUR)
    assert list(Event.objects.in_front(NOW)) == [sooner, later, latest, past]
    Event.objects.filter(pk=past.pk).update(featured=True)
    assert list(Event.objects.in_front(NOW)) == [past, sooner, later, latest]


def test_venue_reads_from_the_building_out_to_the_country():
    venue = Venue(name="County Hall", address="Kenyatta Avenue", town="Nakuru", country="KE")
    assert str(venue) == "County Hall, Kenyatta Avenue, Nakuru, Kenya"
    assert Venue(town="Nakuru", country="KE").full_text == "Nakuru, Kenya"


def test_venue_nobody_knows_yet_is_to_be_announced():
    assert (str(Venue()), Venue().full_text) == ("To be announced", "")


def test_venue_has_both_coordinates_or_none():
    Venue.objects.create(latitude=Decimal("-0.3031"), longitude=Decimal("36.08"))
    venue = Venue(latitude=Decimal("-0.3031"))
    assert sentences(venue, "__all__") == ["Give both latitude and longitude, or neither."]
    assert refused(venue.save)


@pytest.mark.parametrize(("latitude", "longitude"), [("90.1", "0"), ("0", "-180.1")])
def test_venue_off_the_globe_is_refused(latitude, longitude):
    venue = Venue(latitude=Decimal(latitude), longitude=Decimal(longitude))
    with pytest.raises(ValidationError):
        venue.full_clean()


def test_link_to_join_is_an_address_of_the_web():
    venue = Venue(join_url="javascript:alert(1)")
    assert sentences(venue, "join_url") == ["Enter a valid URL."]


def test_venue_of_an_event_cannot_vanish():
    with pytest.raises(ProtectedError):
        make_event().venue.delete()


def test_series_of_an_event_cannot_vanish():
    series = make_series()
    make_event(series=series)
    with pytest.raises(ProtectedError):
        series.delete()


@pytest.mark.parametrize("minutes", [1, 600])
def test_slot_takes_1_to_600_minutes(minutes):
    item = AgendaItem(event=make_event(), **{**SLOT, "minutes": minutes})
    item.full_clean()
    item.save()


@pytest.mark.parametrize("minutes", [0, 601, 10000])
def test_slot_of_other_minutes_is_refused(minutes):
    item = AgendaItem(event=make_event(), **{**SLOT, "minutes": minutes})
    assert sentences(item, "minutes")
    assert refused(item.save)


def test_slots_stand_in_their_positions():
    event = make_event()
    names = {2: "second", 1: "first", 3: "third"}
    for position, title in names.items():
        AgendaItem.objects.create(event=event, position=position, **{**SLOT, "title": title})
    assert [str(item) for item in event.agenda_items.all()] == ["first", "second", "third"]


def test_note_is_one_per_event_and_language():
    event = make_event()
    make_note(event, language="en")
    make_note(event, language="sw")
    second = ConceptNote(event=event, language="en")
    assert "This event has a note in this language already." in sentences(second, "__all__")
    assert refused(second.save)


def test_section_without_heading_is_the_opening():
    note = make_note(make_event(number=2), sections=[("", "One."), ("The roundtable", "Two.")])
    assert [str(section) for section in note.sections.all()] == ["Opening", "The roundtable"]
    assert str(note) == "Concept note for Roundtable 2"


def test_section_needs_a_text():
    section = NoteSection(note=make_note(make_event()), heading="Empty")
    assert sentences(section, "text") == ["This field cannot be blank."]


def test_event_takes_its_note_and_agenda_with_it():
    event = make_event(items=[SLOT])
    make_note(event)
    make_assignment(event.agenda_items.get())
    event.delete()
    assert not ConceptNote.objects.exists()
    assert not NoteSection.objects.exists()
    assert not AgendaItem.objects.exists()
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("status", "named"),
    [("proposed", False), ("invited", False), ("confirmed", True), ("declined", False)],
)
def test_person_is_named_once_confirmed(status, named):
    item, speaker = make_event(items=[SLOT]).agenda_items.get(), make_speaker()
    assignment = make_assignment(item, speaker, status=status)
    assert assignment.person == (speaker if named else None)


@pytest.mark.parametrize("status", ["proposed", "invited", "confirmed"])
def test_role_to_be_announced_is_shown_whatever_its_status(status):
    item, role = make_event(items=[SLOT]).agenda_items.get(), make_speaker(to_be_announced=True)
    assert make_assignment(item, role, status=status).person == role


def test_person_whose_profile_was_taken_off_is_not_named():
    item = make_event(items=[SLOT]).agenda_items.get()
    assert make_assignment(item, make_speaker(published=False)).person is None
    assert make_assignment(item).person is None


def test_pages_show_nobody_who_declined():
    event = make_event(items=[SLOT])
    item = event.agenda_items.get()
    shown = [make_assignment(item, make_speaker(), status=status)
             for status in ("proposed", "invited", "confirmed")]  # fmt: skip
    make_assignment(item, make_speaker(), status="declined")
    assert list(Assignment.objects.shown()) == shown
    assert event.agenda_items.with_people().get().shown_assignments == shown


def test_person_has_a_role_once_in_a_slot():
    item, speaker = make_event(items=[SLOT]).agenda_items.get(), make_speaker()
    make_assignment(item, speaker, role="panellist")
    make_assignment(item, speaker, role="moderator")
    again = Assignment(item=item, speaker=speaker, role="panellist")
    assert "This person has this role in this slot already." in sentences(again, "__all__")
    assert refused(again.save)


def test_roles_nobody_is_named_for_may_stand_side_by_side():
    item = make_event(items=[SLOT]).agenda_items.get()
    first, second = make_assignment(item), make_assignment(item)
    assert str(first) == str(second) == "Panellist: to be announced"


def test_person_in_an_agenda_cannot_vanish():
    speaker = make_speaker()
    make_assignment(make_event(items=[SLOT]).agenda_items.get(), speaker)
    with pytest.raises(ProtectedError):
        speaker.delete()


def test_draft_agenda_is_not_public():
    assert Event(agenda_status="provisional").has_public_agenda is True
    assert Event(agenda_status="final").has_public_agenda is True
    assert Event(agenda_status="draft").has_public_agenda is False
