"""The same file means the same to readers that other people wrote."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import ics
import pytest
import vobject

from events import calendar
from events.agenda import timed
from events.models import AgendaItem, Series, Venue
from tests.events.entries import (
    EVENT_URL,
    PUBLISHER,
    ZOOM,
    cancellation,
    feed,
    invitation,
    nakuru,
    online,
    personal,
    request,
    slots,
)
from tests.lacking import lacking

NODE = Path(__file__).parents[1] / "node"


def abroad(zone, *starts_at, **fields):
    """Roundtable 2 in another zone, three hours from this instant, an UTC one."""
    start = datetime(*starts_at, tzinfo=UTC)
    fields = {"uid": f"uid-{zone}", **fields}
    return nakuru(zone=zone, starts_at=start, ends_at=start + timedelta(hours=3), **fields)


# No backslash before n, N or r: ics.py and node-ical take even an escaped one for a line break.
# What is written there, test_calendar.py says, and vobject reads it.
HARD = nakuru(
    title="Mji, watu; na \\guvu \\ Eldoret “🌍👩🏾‍🌾” المدينة " + "ñandú " * 20,
    summary="First line, with; signs.\r\nSecond \\ line\n\n" + "日本語" * 60,
    series=Series(theme="Cities, and; towns", occasion="Day\\Evening"),
    venue=Venue(
        name='Hall "A"; wing, 2',
        address="Moi\\Street",
        town="Nakuru",
        country="KE",
        latitude=Decimal("-0.303099"),
        longitude=Decimal("36.080026"),
    ),
    sequence=7,
)
AGENDA = [
    *slots()[:1],
    AgendaItem(pk=13, title="From the floor; all, of you", minutes=55, description="Ask."),
]


def running_order(event, items):
    return calendar.agenda(
        event, timed_items=timed(event, items), publisher=PUBLISHER, event_url=EVENT_URL
    )


# Each file, and what every reader must find in it.
FILES = {
    "nakuru": (invitation(), [(nakuru(), 0, "CONFIRMED")]),
    "hard texts": (invitation(HARD), [(HARD, 7, "CONFIRMED")]),
    "postponed": (invitation(nakuru(status="postponed")), [(nakuru(), 0, "TENTATIVE")]),
    "online": (invitation(nakuru(venue=online()), join_url=ZOOM), [(nakuru(), 0, "CONFIRMED")]),
    "personal": (
        personal(nakuru(sequence=1), sequence_offset=2, cancelled=True),
        [(nakuru(), 3, "CANCELLED")],
    ),
    "request": (
        request(HARD, attendee_name='Amina "M", MP; ^'),
        [(HARD, 7, "CONFIRMED")],
    ),
    "cancellation": (cancellation(sequence_offset=1), [(nakuru(), 1, "CANCELLED")]),
    "paris summer": (
        invitation(abroad("Europe/Paris", 2027, 7, 1, 7)),
        [(abroad("Europe/Paris", 2027, 7, 1, 7), 0, "CONFIRMED")],
    ),
    "paris winter": (
        invitation(abroad("Europe/Paris", 2027, 1, 1, 7)),
        [(abroad("Europe/Paris", 2027, 1, 1, 7), 0, "CONFIRMED")],
    ),
    "new york summer": (
        invitation(abroad("America/New_York", 2027, 3, 15, 18)),
        [(abroad("America/New_York", 2027, 3, 15, 18), 0, "CONFIRMED")],
    ),
    "new york winter": (
        invitation(abroad("America/New_York", 2026, 11, 2, 18)),
        [(abroad("America/New_York", 2026, 11, 2, 18), 0, "CONFIRMED")],
    ),
    "sydney": (
        invitation(abroad("Australia/Sydney", 2027, 1, 10, 1)),
        [(abroad("Australia/Sydney", 2027, 1, 10, 1), 0, "CONFIRMED")],
    ),
    "casablanca in ramadan": (
        invitation(abroad("Africa/Casablanca", 2026, 3, 2, 10)),
        [(abroad("Africa/Casablanca", 2026, 3, 2, 10), 0, "CONFIRMED")],
    ),
    "kathmandu": (
        invitation(abroad("Asia/Kathmandu", 2027, 3, 1, 10)),
        [(abroad("Asia/Kathmandu", 2027, 3, 1, 10), 0, "CONFIRMED")],
    ),
    "utc": (
        invitation(abroad("Etc/UTC", 2027, 3, 1, 10)),
        [(abroad("Etc/UTC", 2027, 3, 1, 10), 0, "CONFIRMED")],
    ),
    "feed": (
        feed(
            nakuru(),
            abroad("Europe/Paris", 2022, 7, 1, 7),
            abroad("America/New_York", 2027, 1, 5, 9, status="cancelled", sequence=4),
        ),
        [
            (nakuru(), 0, "CONFIRMED"),
            (abroad("Europe/Paris", 2022, 7, 1, 7), 0, "CONFIRMED"),
            (abroad("America/New_York", 2027, 1, 5, 9), 4, "CANCELLED"),
        ],
    ),
    "empty feed": (feed(), []),
    "agenda": (
        running_order(nakuru(content_version=3), AGENDA),
        [
            (
                nakuru(
                    uid="roundtable-2-2020-10-31-11",
                    number=None,
                    title="Welcome",
                    ends_at=datetime(2020, 10, 31, 9, 50, tzinfo=UTC),
                ),
                3,
                "CONFIRMED",
            ),
            (
                nakuru(
                    uid="roundtable-2-2020-10-31-13",
                    number=None,
                    title="From the floor; all, of you",
                    starts_at=datetime(2020, 10, 31, 9, 50, tzinfo=UTC),
                    ends_at=datetime(2020, 10, 31, 10, 45, tzinfo=UTC),
                ),
                3,
                "CONFIRMED",
            ),
        ],
    ),
}


def meant(entries):
    """What the file is to say, from the events it was made of."""
    return sorted(
        (
            event.starts_at,
            event.ends_at,
            f"{event.uid}@roundtable",
            str(event).strip(),
            sequence,
            status,
            event.venue.full_text,
        )
        for event, sequence, status in entries
    )


def with_vobject(file):
    found = vobject.readOne(file.decode())
    return sorted(
        (
            entry.dtstart.value.astimezone(UTC),
            entry.dtend.value.astimezone(UTC),
            entry.uid.value,
            entry.summary.value,
            int(entry.sequence.value),
            entry.status.value,
            entry.location.value,
        )
        for entry in found.contents.get("vevent", [])
    )


def with_ics(file):
    return sorted(
        (
            entry.begin.datetime.astimezone(UTC),
            entry.end.datetime.astimezone(UTC),
            entry.uid,
            entry.name,
            *(int(line.value) for line in entry.extra if line.name == "SEQUENCE"),
            entry.status,
            entry.location,
        )
        for entry in ics.Calendar(file.decode()).events
    )


@pytest.mark.parametrize("read", [with_vobject, with_ics])
@pytest.mark.parametrize("name", FILES)
def test_python_readers_find_what_is_meant(read, name):
    file, entries = FILES[name]
    assert read(file) == meant(entries)


@pytest.fixture(scope="module")
def node_reader():
    """Return a function that reads a file with both readers; they are installed if missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        lacking("Node", "node and npm")
    installed = NODE / "node_modules" / ".package-lock.json"
    lock = NODE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        install = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"],
            cwd=NODE, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        if install.returncode:
            lacking("Node", f"npm ci: {install.stderr.strip()[-300:]}")

    def read(path):
        run = subprocess.run(
            [node, "read.mjs", path],
            cwd=NODE, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    return read


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_node_readers_find_what_is_meant(node_reader, tmp_path, name):
    file, entries = FILES[name]
    path = tmp_path / "file.ics"
    path.write_bytes(file)
    found = node_reader(path)
    assert set(found) == {"ical.js", "node-ical"}
    for reader, read in found.items():
        assert sorted(
            (
                datetime.fromisoformat(entry["start"]),
                datetime.fromisoformat(entry["end"]),
                entry["uid"],
                entry["summary"],
                entry["sequence"],
                entry["status"],
                entry["location"],
            )
            for entry in read
        ) == meant(entries), reader


def test_readers_find_the_same_description():
    file, _entries = FILES["hard texts"]
    (ours,) = vobject.readOne(file.decode()).contents["vevent"]
    (theirs,) = ics.Calendar(file.decode()).events
    assert ours.description.value == theirs.description
    assert "First line, with; signs.\nSecond \\ line\n\n日本語" in theirs.description
    assert "“Cities, and; towns”\n\n31 October 2020" in theirs.description
