"""An event that was never saved, and calendar files read line by line."""

from datetime import UTC, datetime

from events import calendar
from events.models import AgendaItem, Event, Series, Venue

ORIGIN = "https://roundtable.example.org"
EVENT_URL = f"{ORIGIN}/events/roundtable-2/"
NOTE_URL = f"{EVENT_URL}concept-note/"
PUBLISHER = calendar.Publisher(ORIGIN, "roundtable@example.org", "UN HABITAT")
ATTENDEE = {
    "attendee_name": "Wanjirũ Kamau",
    "attendee_email": "wanjiru@example.org",
    "organiser_email": "seats@example.org",
}
ZOOM = "https://meet.example.org/j/1?a=b,c;d"


def nakuru(**fields):
    """Roundtable 2 as it ships, with what is known: a town, no building, no point."""
    return Event(
        **{
            "slug": "roundtable-2",
            "series": Series(
                theme="Valuing our communities and cities", occasion="World Cities Day 2020"
            ),
            "number": 2,
            "title": "Working together to build sustainable cities and communities",
            "convenor": "UN HABITAT",
            "starts_at": datetime(2020, 10, 31, 9, 45, tzinfo=UTC),
            "ends_at": datetime(2020, 10, 31, 11, 45, tzinfo=UTC),
            "venue": Venue(town="Nakuru", country="KE"),
            "uid": "roundtable-2-2020-10-31",
            "created_at": datetime(2020, 10, 1, 6, 0, tzinfo=UTC),
            "changed_at": datetime(2020, 10, 20, 8, 0, tzinfo=UTC),
            **fields,
        }
    )


def online(audience=Venue.JoinAudience.EVERYBODY):
    """A venue with a link to join, and who may see it."""
    return Venue(town="Nakuru", country="KE", join_url=ZOOM, join_audience=audience)


def slots():
    return [
        AgendaItem(pk=11, title="Welcome", minutes=5, kind="welcome"),
        AgendaItem(pk=12, title="Stories, and lessons", minutes=115, kind="panel"),
    ]


def arguments(**changes):
    """What every builder of one event's entry takes."""
    return {
        "items": slots(),
        "publisher": PUBLISHER,
        "event_url": EVENT_URL,
        "note_url": NOTE_URL,
        **changes,
    }


def invitation(event=None, **changes):
    return calendar.invitation(event or nakuru(), **arguments(**changes))


def personal(event=None, **changes):
    return calendar.personal_invitation(event or nakuru(), **arguments(**changes))


def request(event=None, **changes):
    return calendar.request(event or nakuru(), **arguments(**{**ATTENDEE, **changes}))


def cancellation(event=None, **changes):
    return calendar.cancellation(event or nakuru(), **arguments(**{**ATTENDEE, **changes}))


def feed(*events, **changes):
    values = {
        "publisher": PUBLISHER,
        "url_for": lambda event: f"{ORIGIN}/events/{event.slug}/",
        "name": "Roundtables",
        **changes,
    }
    return calendar.feed(events, **values)


def lines(file):
    """The content lines, unfolded."""
    text = file.decode()
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def values(file, name):
    """The raw values of every line of this name in the entries, without its parameters."""
    return [value for key, _parameters, value in properties(file) if key == name]


def value(file, name):
    """The raw value of the one line of this name in the entries."""
    (found,) = values(file, name)
    return found


def properties(file):
    """Name, parameters and raw value of every line of the entries, but not of their alarms."""
    inside = None
    for line in lines(file):
        head, _colon, rest = line.partition(":")
        if line in {"BEGIN:VEVENT", "END:VALARM"}:
            inside = "VEVENT"
        elif line in {"END:VEVENT", "BEGIN:VALARM"}:
            inside = None
        elif inside:
            while head.count('"') % 2:
                more, _colon, rest = rest.partition(":")
                head = f"{head}:{more}"
            name, _semicolon, parameters = head.partition(";")
            yield name, parameters, rest


def description(file):
    """The description as people read it."""
    return value(file, "DESCRIPTION").replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";")
