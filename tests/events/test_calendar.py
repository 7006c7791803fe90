import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from events import calendar
from events.agenda import timed
from events.models import AgendaItem, Event, Series, Venue
from tests.events.entries import (
    EVENT_URL,
    NOTE_URL,
    ORIGIN,
    PUBLISHER,
    ZOOM,
    cancellation,
    description,
    feed,
    invitation,
    lines,
    nakuru,
    online,
    personal,
    properties,
    request,
    slots,
    value,
    values,
)

BUILDERS = [invitation, personal, request, cancellation, feed]
FOR_ALL = [invitation, personal, feed]

# The ideal file of research/calendar.md, as this house writes it.
IDEAL = r"""
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Roundtable//Roundtable site//EN
CALSCALE:GREGORIAN
METHOD:PUBLISH
BEGIN:VTIMEZONE
TZID:Africa/Nairobi
X-LIC-LOCATION:Africa/Nairobi
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
TZNAME:EAT
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:roundtable-2-2020-10-31@roundtable
DTSTAMP:20201020T080000Z
CREATED:20201001T060000Z
LAST-MODIFIED:20201020T080000Z
SEQUENCE:0
STATUS:CONFIRMED
TRANSP:OPAQUE
CLASS:PUBLIC
DTSTART;TZID=Africa/Nairobi:20201031T124500
DTEND;TZID=Africa/Nairobi:20201031T144500
SUMMARY:Roundtable 2: Working together to build sustainable cities and communities
DESCRIPTION:World Cities Day 2020: “Valuing our communities and cities”\n\n31 October 2020\, 12:45–14:45 EAT (UTC+3)\nNakuru\, Kenya\n\nProvisional agenda\n12:45 Welcome\n12:50 Stories\, and lessons\n\nEvent page: https://roundtable.example.org/events/roundtable-2/\nConcept note: https://roundtable.example.org/events/roundtable-2/concept-note/\nContact: roundtable@example.org
LOCATION:Nakuru\, Kenya
CATEGORIES:World Cities Day 2020,Valuing our communities and cities
URL:https://roundtable.example.org/events/roundtable-2/
ATTACH;FMTTYPE=text/html:https://roundtable.example.org/events/roundtable-2/concept-note/
ORGANIZER;CN="UN HABITAT":mailto:roundtable@example.org
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Roundtable 2 starts in one hour
TRIGGER:-PT1H
END:VALARM
END:VEVENT
END:VCALENDAR
"""  # noqa: E501


def test_invitation_is_the_ideal_file():
    assert lines(invitation()) == IDEAL.strip().split("\n")


# Bytes


HARD_TITLES = [
    "المائدة المستديرة: " + "العمل معًا " * 16,
    "🌍👩🏾‍🌾🏘️" * 28,
    "x" * 200,
    "€" * 200,
    "a" + "é" * 199,
    "\\" * 200,
    "," * 200,
]


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize("title", HARD_TITLES)
def test_lines_are_folded_at_75_octets_between_characters(build, title):
    file = build(nakuru(title=title))
    physical = file.split(b"\r\n")
    assert [line for line in physical if len(line) > 75] == []
    for line in physical:
        line.decode()  # would fail on half a character
    assert (
        icalendar.Calendar.from_ical(file).events[0]["SUMMARY"] == f"Roundtable 2: {title.strip()}"
    )


@pytest.mark.parametrize("build", BUILDERS)
def test_every_line_ends_with_crlf_and_there_is_no_bom(build):
    file = build(nakuru(summary="One.\r\nTwo.\rThree.\nFour."))
    assert file.startswith(b"BEGIN:VCALENDAR\r\n")
    assert file.endswith(b"END:VCALENDAR\r\n")
    rest = file.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest
    assert b"\\n\\nOne.\\nTwo.\\nThree.\\nFour.\\n\\n" in rest.replace(b" ", b"")


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("One, two", r"One\, two"),
        ("One; two", r"One\; two"),
        ("One: two", "One: two"),
        (r"C:\New\now", r"C:\\New\\now"),
        (r"Already \, escaped", r"Already \\\, escaped"),
        ("One\nTwo\r\nThree", "One Two Three"),
        ("One \u2028 Two\x85Three\x0bFour", "One Two Three Four"),
        ("Tab\there", "Tab here"),
        ("  Around  ", "Around"),
        ("Cities & “towns” <b>it's</b>", "Cities & “towns” <b>it's</b>"),
        ("Table\u00a0ronde\u202f: non\u2011stop", "Table\u00a0ronde\u202f: non\u2011stop"),
    ],
)
def test_text_is_escaped_once_and_never_as_html(title, written):
    assert value(invitation(nakuru(number=None, title=title)), "SUMMARY") == written


def test_control_characters_are_left_out_everywhere():
    controls = "".join(map(chr, [*range(32), *range(127, 160)]))
    hard = f"a{controls}b"
    event = nakuru(
        title=hard,
        summary=hard,
        convenor=hard,
        venue=Venue(name=hard, latitude=Decimal(1), longitude=Decimal(2)),
        series=Series(theme=hard, occasion=hard),
    )
    publisher = calendar.Publisher(ORIGIN, "roundtable@example.org", hard)
    items = [AgendaItem(pk=1, title=hard, minutes=5, description=hard)]
    files = [
        build(event, publisher=publisher, items=items)
        for build in (invitation, personal, request, cancellation)
    ]
    files.append(feed(event, publisher=publisher, name=hard))
    files.append(
        calendar.agenda(
            event, timed_items=timed(event, items), publisher=publisher, event_url=EVENT_URL
        )
    )
    for file in files:
        text = file.decode().replace("\r\n", "")
        assert [c for c in text if unicodedata.category(c) == "Cc"] == []
        assert icalendar.Calendar.from_ical(file).events[0]["SUMMARY"].endswith("b")


def test_lone_surrogate_is_left_out():
    assert value(invitation(nakuru(title="Half \ud83d pair")), "SUMMARY") == (
        "Roundtable 2: Half  pair"
    )


texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("\\,;:\"'nN\n\r\t \x0b\x1c\x85\u2028"),
    ),
    max_size=200,
)


def on_one_line(text):
    """The text without control characters, its lines joined by blanks."""
    parts = [
        "".join(c for c in line if unicodedata.category(c) != "Cc").strip(" ")
        for line in text.replace("\t", " ").splitlines()
    ]
    return " ".join(part for part in parts if part)


@settings(deadline=None)
@given(title=texts, summary=texts)
def test_any_text_gives_a_file_that_others_read(title, summary):
    title = f"T{title}"
    file = invitation(nakuru(number=None, title=title, summary=summary))
    text = file.decode()
    physical = file.split(b"\r\n")
    assert max(map(len, physical)) <= 75
    assert physical.pop() == b""
    assert "\r" not in text.replace("\r\n", "")
    assert "\n" not in text.replace("\r\n", "")
    assert line_names(file) == line_names(invitation())
    written = on_one_line(title)
    assert icalendar.Calendar.from_ical(file).events[0]["SUMMARY"] == written
    assert vobject.readOne(text).vevent.summary.value == written


def line_names(file):
    return [line.partition(":")[0].partition(";")[0] for line in lines(file)]


# Calendar


@pytest.mark.parametrize("build", BUILDERS)
def test_file_is_one_calendar_with_its_head(build):
    found = lines(build(nakuru()))
    assert found[:4] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Roundtable//Roundtable site//EN",
        "CALSCALE:GREGORIAN",
    ]
    assert found.count("BEGIN:VCALENDAR") == 1
    assert found.count("BEGIN:VEVENT") == 1


@pytest.mark.parametrize(
    ("build", "method"),
    [
        (invitation, "PUBLISH"),
        (personal, "PUBLISH"),
        (feed, "PUBLISH"),
        (request, "REQUEST"),
        (cancellation, "CANCEL"),
    ],
)
def test_method_says_which_product_it_is(build, method):
    assert [line for line in lines(build(nakuru())) if line.startswith("METHOD")] == [
        f"METHOD:{method}"
    ]


@pytest.mark.parametrize("build", FOR_ALL)
def test_what_anybody_fetches_names_no_attendee(build):
    assert b"ATTENDEE" not in build(nakuru())


@pytest.mark.parametrize("build", BUILDERS)
def test_same_input_gives_the_same_bytes(build):
    assert build(nakuru()) == build(nakuru())


# Time


@pytest.mark.parametrize("build", BUILDERS)
def test_times_are_local_with_the_zone_in_front(build):
    file = build(nakuru())
    found = lines(file)
    assert "DTSTART;TZID=Africa/Nairobi:20201031T124500" in found
    assert "DTEND;TZID=Africa/Nairobi:20201031T144500" in found
    assert found.count("BEGIN:VTIMEZONE") == 1
    assert found.index("TZID:Africa/Nairobi") < found.index("BEGIN:VEVENT")
    assert b"DURATION" not in file.replace(b"VALUE=DURATION", b"")
    assert b"COMMENT" not in file


def observances(zone, starts_at, *, hours=2):
    event = nakuru(zone=zone, starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours))
    found = lines(invitation(event))
    head, tail = found.index("BEGIN:VTIMEZONE"), found.index("END:VTIMEZONE")
    return found[head + 3 : tail]


def test_zone_with_summer_time_is_two_yearly_rules():
    assert observances("Europe/Paris", datetime(2027, 6, 10, 12, 0, tzinfo=UTC)) == [
        "BEGIN:STANDARD",
        "DTSTART:19701025T030000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "TZNAME:CET",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:19700329T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "TZNAME:CEST",
        "END:DAYLIGHT",
    ]


def test_zone_whose_rule_counts_sundays_from_the_first():
    found = observances("America/New_York", datetime(2027, 1, 10, 12, 0, tzinfo=UTC))
    assert found[1:4] == [
        "DTSTART:19701101T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
        "TZOFFSETFROM:-0400",
    ]
    assert found[8:11] == [
        "DTSTART:19700308T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
        "TZOFFSETFROM:-0500",
    ]


def test_zone_that_keeps_no_rule_is_the_offset_in_force():
    # Morocco sets its clocks by the moon; Outlook ignores a zone without yearly rules.
    assert observances("Africa/Casablanca", datetime(2026, 3, 1, 12, 0, tzinfo=UTC)) == [
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0000",
        "TZNAME:+00",
        "END:STANDARD",
    ]


def test_change_without_rule_during_the_event_is_told():
    # Ramadan 2026 ended in Morocco on 22 March: at 02:00 UTC clocks went to UTC+1.
    starts_at = datetime(2026, 3, 22, 1, 0, tzinfo=UTC)
    assert observances("Africa/Casablanca", starts_at)[6:] == [
        "BEGIN:DAYLIGHT",
        "DTSTART:20260322T020000",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100",
        "TZNAME:+01",
        "END:DAYLIGHT",
    ]


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC"])
def test_event_in_utc_is_written_with_z_and_without_tzid(zone):
    found = lines(invitation(nakuru(zone=zone)))
    assert "DTSTART:20201031T094500Z" in found
    assert "DTEND:20201031T114500Z" in found
    assert f"TZID:{zone}" in found


ZONES = [
    "Africa/Nairobi", "Africa/Cairo", "Africa/Casablanca", "America/New_York",
    "America/Sao_Paulo", "America/St_Johns", "Asia/Gaza", "Asia/Jerusalem", "Asia/Kathmandu",
    "Asia/Tehran", "Australia/Lord_Howe", "Australia/Sydney", "Europe/Dublin", "Europe/London",
    "Europe/Paris", "Pacific/Apia", "Pacific/Auckland", "GMT", "EST5EDT",
]  # fmt: skip


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    starts_at=st.datetimes(datetime(2009, 1, 1), datetime(2036, 12, 31)),
    hours=st.integers(1, 72),
)
def test_zone_rules_alone_give_the_instants(zone, starts_at, hours):
    """Read by the file's own rules, without knowing the zone, local times are the instants."""
    starts_at = starts_at.replace(microsecond=0, tzinfo=UTC)
    ends_at = starts_at + timedelta(hours=hours)
    file = invitation(nakuru(zone=zone, starts_at=starts_at, ends_at=ends_at))
    (rules,) = icalendar.Calendar.from_ical(file).walk("VTIMEZONE")
    for name, instant in [("DTSTART", starts_at), ("DTEND", ends_at)]:
        written = datetime.strptime(value(file, name), "%Y%m%dT%H%M%S")
        offsets = offsets_at(rules, written)
        assert instant - written.replace(tzinfo=UTC) in {-offset for offset in offsets}
        if not is_ambiguous(ZoneInfo(zone), instant):
            assert len(offsets) == 1


def is_ambiguous(zone, instant):
    """Whether the clock shows this time twice."""
    local = instant.astimezone(zone)
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()


def offsets_at(rules, local):
    """The offsets that hold at this local time by a VTIMEZONE (RFC 5545, 3.6.5).

    The observance with the latest onset before it is in force; in the hour
    that the clock shows twice, the one before it is as well.
    """
    onsets = []
    for observance in rules.subcomponents:
        first = observance.DTSTART
        rule = observance.get("RRULE")
        for year in range(first.year, local.year + 2 if rule else first.year + 1):
            onset = nth_weekday(rule, year, first) if rule else first
            onsets.append((onset, observance.TZOFFSETFROM, observance.TZOFFSETTO))
    onsets.sort()
    offsets = set()
    for number, (onset, before, after) in enumerate(onsets):
        end = onsets[number + 1] if number + 1 < len(onsets) else None
        shown_from = onset + (after - before)
        if shown_from <= local and (end is None or local < end[0]):
            offsets.add(after)
    return offsets


def nth_weekday(rule, year, first):
    """The onset of a rule like BYMONTH=10;BYDAY=-1SU in one year, counted day by day."""
    (month,), (day,) = rule["BYMONTH"], rule["BYDAY"]
    assert first.month == month
    days = [date(year, month, 1) + timedelta(days=number) for number in range(31)]
    named = [
        found
        for found in days
        if found.month == month
        and ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][found.weekday()] == str(day)[-2:]
    ]
    number = int(str(day)[:-2])
    return datetime.combine(named[number if number < 0 else number - 1], first.time())


# Identity and change


def test_uid_is_the_same_however_the_entry_arrives():
    event = nakuru()
    assert {value(build(event), "UID") for build in BUILDERS} == {
        "roundtable-2-2020-10-31@roundtable"
    }


def test_uid_depends_on_neither_host_nor_address_nor_title():
    moved = nakuru(slug="other", title="Other", number=7, zone="Europe/Paris")
    elsewhere = calendar.Publisher("https://elsewhere.example", "", "")
    assert value(invitation(moved, publisher=elsewhere), "UID") == value(invitation(), "UID")


def test_sequence_is_the_events_and_the_persons_together():
    event = nakuru(sequence=3)
    assert value(invitation(event), "SEQUENCE") == "3"
    assert value(feed(event), "SEQUENCE") == "3"
    for build in (personal, request, cancellation):
        assert value(build(event, sequence_offset=2), "SEQUENCE") == "5"


def test_stamps_are_the_last_change_in_whole_seconds():
    event = nakuru(
        created_at=datetime(2020, 10, 1, 9, 0, 0, 999999, tzinfo=ZoneInfo("Africa/Nairobi")),
        changed_at=datetime(2020, 10, 20, 11, 0, 59, 999999, tzinfo=ZoneInfo("Africa/Nairobi")),
    )
    for build in BUILDERS:
        file = build(event)
        assert value(file, "DTSTAMP") == "20201020T080059Z"
        assert value(file, "LAST-MODIFIED") == "20201020T080059Z"
        assert value(file, "CREATED") == "20201001T060000Z"


@pytest.mark.parametrize("build", [personal, request, cancellation])
@pytest.mark.parametrize(
    ("changed_at", "stamp"),
    [
        (None, "20201020T080000Z"),
        (datetime(2020, 10, 19, tzinfo=UTC), "20201020T080000Z"),
        (datetime(2020, 10, 21, 1, 2, 3, tzinfo=UTC), "20201021T010203Z"),
    ],
)
def test_stamp_is_the_later_of_the_events_and_the_persons_change(build, changed_at, stamp):
    file = build(nakuru(), changed_at=changed_at)
    assert value(file, "DTSTAMP") == stamp
    assert value(file, "LAST-MODIFIED") == stamp


def test_created_is_never_after_the_last_change():
    event = nakuru(created_at=datetime(2021, 1, 1, tzinfo=UTC))
    assert value(invitation(event), "CREATED") == "20201020T080000Z"


@pytest.mark.parametrize("build", [invitation, personal, feed])
@pytest.mark.parametrize(
    ("status", "written", "busy"),
    [
        ("scheduled", "CONFIRMED", "OPAQUE"),
        ("postponed", "TENTATIVE", "OPAQUE"),
        ("cancelled", "CANCELLED", "TRANSPARENT"),
    ],
)
def test_status_is_the_events(build, status, written, busy):
    file = build(nakuru(status=status))
    assert value(file, "STATUS") == written
    assert value(file, "TRANSP") == busy


def test_description_says_that_the_event_is_off():
    assert "This event is postponed.\n\n31 October" in description(
        invitation(nakuru(status="postponed"))
    )
    assert "This event is cancelled.\n\n31 October" in description(
        invitation(nakuru(status="cancelled"))
    )


# Alarm


@pytest.mark.parametrize("build", [invitation, personal, request])
def test_alarm_rings_an_hour_before(build):
    found = lines(build(nakuru()))
    start = found.index("BEGIN:VALARM")
    assert found[start + 1 : start + 5] == [
        "ACTION:DISPLAY",
        "DESCRIPTION:Roundtable 2 starts in one hour",
        "TRIGGER:-PT1H",
        "END:VALARM",
    ]
    assert found.count("BEGIN:VALARM") == 1


@pytest.mark.parametrize("status", ["postponed", "cancelled"])
def test_alarm_is_silent_when_the_event_is_off(status):
    assert b"VALARM" not in invitation(nakuru(status=status))
    assert b"VALARM" not in personal(nakuru(status=status))


@pytest.mark.parametrize(
    "file", [feed(nakuru()), cancellation(), personal(cancelled=True)],
    ids=["feed", "cancellation", "cancelled"],
)  # fmt: skip
def test_alarm_is_not_in_feed_nor_for_a_lost_seat(file):
    assert b"VALARM" not in file


# A person's own entry


def test_personal_invitation_is_the_public_file_for_a_person_with_a_seat():
    assert personal() == invitation()


def test_personal_invitation_without_seat_is_cancelled():
    file = personal(nakuru(sequence=1), cancelled=True, sequence_offset=1)
    assert value(file, "STATUS") == "CANCELLED"
    assert value(file, "TRANSP") == "TRANSPARENT"
    assert value(file, "SEQUENCE") == "2"
    assert "You no longer have a seat at this event." in description(file)


def test_request_names_the_one_attendee_and_who_sends_it():
    found = {name: (parameters, rest) for name, parameters, rest in properties(request())}
    assert found["ATTENDEE"] == (
        'ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE;CN="Wanjirũ Kamau"',
        "mailto:wanjiru@example.org",
    )
    assert found["ORGANIZER"] == ('CN="UN HABITAT"', "mailto:seats@example.org")
    assert len(values(request(), "ATTENDEE")) == 1


def test_cancellation_takes_out_the_same_entry():
    file = cancellation(nakuru(sequence=1), sequence_offset=1)
    assert value(file, "UID") == value(request(), "UID")
    assert value(file, "STATUS") == "CANCELLED"
    assert value(file, "SEQUENCE") == "2"
    assert value(file, "ATTENDEE") == "mailto:wanjiru@example.org"
    assert value(file, "ORGANIZER") == "mailto:seats@example.org"


@pytest.mark.parametrize("build", [request, cancellation])
@pytest.mark.parametrize("lacking", ["attendee_email", "organiser_email"])
def test_mailed_entry_without_one_of_its_addresses_is_refused(build, lacking):
    with pytest.raises(ValueError, match="attendee and an organiser"):
        build(nakuru(), **{lacking: ""})


def test_request_for_a_cancelled_event_is_refused():
    with pytest.raises(ValueError, match="cancelled event"):
        request(nakuru(status="cancelled"))


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("o'brien+seat@example.org", "mailto:o'brien+seat@example.org"),
        ("50%?#/&@example.org", "mailto:50%25%3F%23%2F%26@example.org"),
        ("büro@example.org", "mailto:b%C3%BCro@example.org"),
    ],
)
def test_address_of_the_attendee_is_a_uri(email, written):
    assert value(request(attendee_email=email), "ATTENDEE") == written


def test_name_of_the_attendee_survives_signs_that_mean_something():
    name = 'Amina "Mina" O’Brien, MP; ^chair: Nakuru'
    file = request(attendee_name=f"{name}\r\nATTENDEE:mailto:other@example.org")
    (attendee,) = icalendar.Calendar.from_ical(file).events[0].attendees
    assert attendee.params["CN"] == f"{name} ATTENDEE:mailto:other@example.org"
    assert str(attendee) == "mailto:wanjiru@example.org"


def test_attendee_and_convenor_without_name_have_no_cn():
    file = request(attendee_name="", publisher=calendar.Publisher(ORIGIN, "", " "))
    assert [
        (name, parameters)
        for name, parameters, _rest in properties(file)
        if name in {"ATTENDEE", "ORGANIZER"}
    ] == [
        ("ORGANIZER", ""),
        ("ATTENDEE", "ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE"),
    ]


@pytest.mark.parametrize("build", FOR_ALL)
def test_public_file_without_contact_has_no_organiser(build):
    file = build(nakuru(), publisher=calendar.Publisher(ORIGIN, "", "UN HABITAT"))
    assert b"ORGANIZER" not in file
    assert b"Contact" not in file


# Place


def test_place_unknown_is_told_in_words_only():
    for venue in (None, Venue()):
        file = invitation(nakuru(venue=venue))
        assert values(file, "LOCATION") == []
        assert "EAT (UTC+3)\nPlace to be announced\n" in description(file)


def test_place_with_a_point_has_it_for_maps():
    venue = Venue(
        name='Old "Town" Hall',
        address="Moi Road; gate 2",
        town="Nakuru",
        country="KE",
        latitude=Decimal("-0.303099"),
        longitude=Decimal("36.080026"),
    )
    file = invitation(nakuru(venue=venue))
    assert value(file, "LOCATION") == r'Old "Town" Hall\, Moi Road\; gate 2\, Nakuru\, Kenya'
    assert value(file, "GEO") == "-0.303099;36.080026"
    assert (
        "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=\"Old ^'Town^' Hall\":"
        "geo:-0.303099,36.080026"
    ) in lines(file)


def test_point_near_zero_is_written_without_exponent():
    venue = Venue(town="Null", latitude=Decimal("0.000001"), longitude=Decimal(0))
    file = invitation(nakuru(venue=venue))
    assert value(file, "GEO") == "0.000001;0"
    assert value(file, "X-APPLE-STRUCTURED-LOCATION") == "geo:0.000001,0"


@pytest.mark.parametrize("build", BUILDERS)
def test_place_without_a_point_gives_none(build):
    file = build(nakuru())
    assert b"GEO" not in file
    assert b"X-APPLE" not in file


# The link to join


@pytest.mark.parametrize(
    "file",
    [
        invitation(nakuru(venue=online()), join_url=ZOOM),
        feed(nakuru(venue=online()), join_url_for=lambda event: event.venue.join_url),
        personal(nakuru(venue=online("registered")), join_url=ZOOM),
        request(nakuru(venue=online("registered")), join_url=ZOOM),
    ],
    ids=["invitation", "feed", "personal", "request"],
)
def test_link_to_join_stands_in_the_entry_and_in_words(file):
    assert f"CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=Join online:{ZOOM}" in lines(file)
    assert f"\nJoin online: {ZOOM}\n" in description(file)


@pytest.mark.parametrize(
    "file",
    [
        invitation(nakuru(venue=online("registered")), join_url=ZOOM),
        feed(nakuru(venue=online("registered")), join_url_for=lambda event: ZOOM),
        invitation(nakuru(venue=None), join_url=ZOOM),
    ],
    ids=["invitation", "feed", "no venue"],
)
def test_link_for_people_with_a_seat_is_never_in_a_public_file(file):
    assert b"meet.example.org" not in file.replace(b"\r\n ", b"")


@pytest.mark.parametrize("audience", ["everybody", "registered"])
@pytest.mark.parametrize("build", BUILDERS)
def test_link_that_nobody_gave_is_not_taken_from_the_venue(build, audience):
    assert b"meet.example.org" not in build(nakuru(venue=online(audience))).replace(b"\r\n ", b"")


@pytest.mark.parametrize(
    "file",
    [
        personal(nakuru(venue=online()), join_url=ZOOM, cancelled=True),
        invitation(nakuru(venue=online(), status="cancelled"), join_url=ZOOM),
    ],
    ids=["no seat", "cancelled event"],
)
def test_link_is_gone_with_the_event_or_the_seat(file):
    assert b"meet.example.org" not in file.replace(b"\r\n ", b"")


def test_link_with_foreign_signs_and_line_breaks_is_still_one_uri():
    link = "https://meet.example.org/ chúng ta\r\nATTENDEE:mailto:x@example.org"
    file = personal(nakuru(venue=online()), join_url=link)
    assert value(file, "CONFERENCE") == (
        "https://meet.example.org/%20ch%C3%BAng%20ta%0D%0AATTENDEE:mailto:x@example.org"
    )
    assert values(file, "ATTENDEE") == []


# Addresses of the site


@pytest.mark.parametrize("build", BUILDERS)
def test_event_page_stands_as_url_and_in_words(build):
    file = build(nakuru())
    assert value(file, "URL") == EVENT_URL
    assert f"\nEvent page: {EVENT_URL}\n" in description(file)


@pytest.mark.parametrize("build", [invitation, personal, request, cancellation])
def test_concept_note_is_attached_as_a_link(build):
    file = build(nakuru())
    assert f"ATTACH;FMTTYPE=text/html:{NOTE_URL}" in lines(file)
    assert f"\nConcept note: {NOTE_URL}\n" in description(file)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "https://site.localhost",
        "",
    ],
)
@pytest.mark.parametrize("build", BUILDERS)
def test_nothing_points_at_this_machine_itself(build, origin):
    here = calendar.Publisher(origin, "roundtable@example.org", "UN HABITAT")
    addresses = {"event_url": f"{origin}/events/x/", "note_url": f"{origin}/events/x/note/"}
    if build is feed:
        addresses = {"url_for": lambda event: f"{origin}/events/x/"}
    file = build(nakuru(), publisher=here, **addresses)
    assert values(file, "URL") == values(file, "ATTACH") == []
    assert b"/events/" not in file.replace(b"\r\n ", b"")
    assert "Event page" not in description(file)


# Description


def test_description_of_a_final_agenda():
    assert "\n\nAgenda\n12:45 Welcome\n12:50 Stories, and lessons\n\n" in description(
        invitation(nakuru(agenda_status="final"))
    )


def test_description_shows_no_draft_agenda_whatever_is_given():
    file = invitation(nakuru(agenda_status="draft"))
    assert "genda" not in description(file)
    assert "Welcome" not in description(file)


def test_description_without_slots_has_no_heading_for_them():
    assert "genda" not in description(invitation(items=[]))


def test_description_has_the_event_in_short():
    file = invitation(nakuru(summary="What works, what we learned.\n\nAll are welcome."))
    assert "\n\nWhat works, what we learned.\n\nAll are welcome.\n\n" in description(file)


def test_event_without_series_has_neither_categories_nor_theme():
    file = invitation(nakuru(series=None))
    assert b"CATEGORIES" not in file
    assert description(file).startswith("31 October 2020, 12:45–14:45 EAT (UTC+3)\nNakuru, Kenya")


def test_series_without_occasion_is_its_theme():
    file = invitation(nakuru(series=Series(theme="Cities, and towns")))
    assert value(file, "CATEGORIES") == r"Cities\, and towns"
    assert description(file).startswith("“Cities, and towns”\n\n")


@pytest.mark.parametrize(
    ("zone", "starts_at", "hours", "written"),
    [
        ("Asia/Kathmandu", (2027, 6, 1, 6), 2, "1 June 2027, 11:45–13:45 UTC+5:45"),
        ("America/St_Johns", (2027, 1, 5, 6), 2, "5 January 2027, 02:30–04:30 NST (UTC−3:30)"),
        ("America/New_York", (2027, 7, 1, 16), 1, "1 July 2027, 12:00–13:00 EDT (UTC−4)"),
        ("Etc/UTC", (2027, 7, 1, 16), 1, "1 July 2027, 16:00–17:00 UTC"),
        ("Europe/London", (2027, 1, 1, 9), 1, "1 January 2027, 09:00–10:00 GMT (UTC)"),
        (
            "Africa/Nairobi",
            (2020, 10, 31, 19),
            4,
            "31 October 2020, 22:00 – 1 November 2020, 02:00 EAT (UTC+3)",
        ),
        (
            "Europe/Paris",
            (2027, 3, 28, 0),
            3,
            "28 March 2027, 01:00 CET (UTC+1)–05:00 CEST (UTC+2)",
        ),
    ],
)
def test_description_names_date_times_and_zone(zone, starts_at, hours, written):
    start = datetime(*starts_at, tzinfo=UTC)
    event = nakuru(series=None, zone=zone, starts_at=start, ends_at=start + timedelta(hours=hours))
    assert description(invitation(event)).split("\n")[0] == written


def test_agenda_lines_follow_the_clock_when_it_changes():
    start = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
    event = nakuru(zone="Europe/Paris", starts_at=start, ends_at=start + timedelta(hours=2))
    items = [AgendaItem(title="Before", minutes=30), AgendaItem(title="After", minutes=90)]
    assert "\n01:30 Before\n03:00 After\n" in description(invitation(event, items=items))


# The running order


def running_order(event, items=None, **changes):
    values = {"publisher": PUBLISHER, "event_url": EVENT_URL, **changes}
    return calendar.agenda(event, timed_items=timed(event, items or slots()), **values)


def test_agenda_has_an_entry_for_each_slot():
    file = running_order(nakuru())
    assert values(file, "UID") == [
        "roundtable-2-2020-10-31-11@roundtable",
        "roundtable-2-2020-10-31-12@roundtable",
    ]
    assert values(file, "SUMMARY") == ["Welcome", r"Stories\, and lessons"]
    assert values(file, "DTSTART") == ["20201031T124500", "20201031T125000"]
    assert values(file, "DTEND") == ["20201031T125000", "20201031T144500"]
    assert values(file, "LOCATION") == [r"Nakuru\, Kenya"] * 2
    assert values(file, "URL") == [EVENT_URL] * 2
    assert "METHOD:PUBLISH" in lines(file)
    assert lines(file).count("TZID:Africa/Nairobi") == 1
    assert b"VALARM" not in file
    assert b"ATTENDEE" not in file


def test_agenda_slot_says_what_it_belongs_to():
    items = [AgendaItem(pk=1, title="Welcome", minutes=5, description="By the host.")]
    file = running_order(nakuru(), items)
    assert description(file) == (
        "Provisional agenda\n\nBy the host.\n\n"
        "Roundtable 2: Working together to build sustainable cities and communities\n"
        "31 October 2020, 12:45–12:50 EAT (UTC+3)\nNakuru, Kenya\n\n"
        f"Event page: {EVENT_URL}"
    )


def test_agenda_slot_keeps_its_uid_when_it_moves():
    first, second = slots()
    moved = running_order(nakuru(content_version=4), [second, first])
    assert dict(zip(values(moved, "UID"), values(moved, "DTSTART"), strict=True)) == {
        "roundtable-2-2020-10-31-12@roundtable": "20201031T124500",
        "roundtable-2-2020-10-31-11@roundtable": "20201031T144000",
    }


def test_agenda_sequence_rises_with_every_public_change():
    # A new running order moves slots but raises no SEQUENCE of the event.
    file = running_order(nakuru(sequence=1, content_version=9))
    assert values(file, "SEQUENCE") == ["9", "9"]


def test_agenda_of_a_cancelled_event_is_cancelled():
    file = running_order(nakuru(status="cancelled"))
    assert values(file, "STATUS") == ["CANCELLED"] * 2
    assert values(file, "TRANSP") == ["TRANSPARENT"] * 2


def test_agenda_without_slots_is_a_valid_calendar():
    file = calendar.agenda(nakuru(), timed_items=[], publisher=PUBLISHER, event_url=EVENT_URL)
    assert icalendar.Calendar.from_ical(file).events == []


def test_agenda_of_a_local_install_points_nowhere():
    here = calendar.Publisher("http://localhost:8000", "", "")
    file = running_order(nakuru(), publisher=here, event_url="http://localhost:8000/events/x/")
    assert b"localhost" not in file


# The feed


def test_feed_has_a_name_and_asks_to_be_read_every_hour():
    found = lines(feed(nakuru(), name="Roundtables, all"))
    assert found[4:9] == [
        "METHOD:PUBLISH",
        r"NAME:Roundtables\, all",
        r"X-WR-CALNAME:Roundtables\, all",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]


@pytest.mark.parametrize("build", [invitation, personal, request, cancellation])
def test_only_the_feed_is_named_as_a_calendar(build):
    file = build(nakuru())
    assert b"X-WR-CALNAME" not in file
    assert b"REFRESH-INTERVAL" not in file


def test_feed_keeps_a_cancelled_event():
    file = feed(nakuru(), nakuru(uid="other", status="cancelled", sequence=2))
    assert values(file, "STATUS") == ["CONFIRMED", "CANCELLED"]
    assert values(file, "SEQUENCE") == ["0", "2"]


def test_feed_has_each_zone_once_in_front():
    file = feed(
        nakuru(),
        nakuru(uid="paris", zone="Europe/Paris"),
        nakuru(uid="next", starts_at=datetime(2024, 5, 1, tzinfo=UTC)),
    )
    found = lines(file)
    zones = [line for line in found if line.startswith("TZID:")]
    assert zones == ["TZID:Africa/Nairobi", "TZID:Europe/Paris"]
    assert max(map(found.index, zones)) < found.index("BEGIN:VEVENT")
    assert values(file, "UID") == [
        "roundtable-2-2020-10-31@roundtable", "paris@roundtable", "next@roundtable",
    ]  # fmt: skip


def test_feed_names_each_events_own_convenor_and_contact():
    site = calendar.Publisher(ORIGIN, "site@example.org", "The site")
    county = nakuru(convenor="Nakuru County", contact_email="county@example.org")
    nobody = nakuru(uid="other", convenor="", contact_email="")
    found = [
        (parameters, rest)
        for name, parameters, rest in properties(feed(county, nobody, publisher=site))
        if name == "ORGANIZER"
    ]
    assert found == [
        ('CN="Nakuru County"', "mailto:county@example.org"),
        ('CN="The site"', "mailto:site@example.org"),
    ]


def test_feed_without_events_is_a_valid_calendar():
    file = feed()
    parsed = icalendar.Calendar.from_ical(file)
    assert parsed.events == []
    # RFC 5545, 3.6: a calendar must have a component.
    assert [component.name for component in parsed.subcomponents] == ["VTIMEZONE"]


@pytest.mark.parametrize(
    ("name", "convenor", "written"),
    [("", "UN HABITAT", "UN HABITAT"), ("", "", "Roundtables")],
)
def test_feed_without_name_is_named_after_who_publishes(name, convenor, written):
    publisher = calendar.Publisher(ORIGIN, "", convenor)
    assert f"NAME:{written}" in lines(feed(name=name, publisher=publisher))


@pytest.mark.parametrize(
    ("hours", "written"),
    [(3, "UTC+3"), (0, "UTC"), (-3.5, "UTC−3:30"), (5.75, "UTC+5:45"), (-0.5, "UTC−0:30")],
)
def test_utc_offset_is_written_as_people_do(hours, written):
    moment = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=hours)))
    assert calendar.utc_offset(moment) == written


def test_every_status_of_the_model_has_one_in_calendars():
    assert set(calendar.STATUS) == set(Event.Status)
