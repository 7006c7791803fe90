"""Who is at the table and who is missing. Pure: facts in, rows and numbers out.

A group is at the table where somebody of it holds a confirmed seat or has
agreed to speak. Who waits, was only asked to speak, or is yet to be named is
told beside it and fills no seat: an invitation is not a promise.

Voices are only ever counted, and a small number of them could be a person whom
a colleague knows by name. Outside the roles that may see them exactly, neither
fewer than LEAST people who bring a voice nor fewer than LEAST who don't are
told apart, where fewer than twice LEAST people take part no voice is told at
all, and nowhere is there a sum from which a hidden number could be reckoned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from events.attention import PANEL
from events.models import Assignment
from events.registration.drawing import Place
from events.registration.models import AttendanceMode, SeatRequest

CONFIRMED = SeatRequest.Status.CONFIRMED
# Who speaks for a group: the panel, and who opens. The rapporteur takes notes.
SPEAKING = PANEL | {Assignment.Role.OPENING}
# Fewer people than this who share a voice are not told apart.
LEAST = 5


def standard_target(*, in_note: bool, offered: bool) -> int:
    """Return how many of a group are wished for until somebody says otherwise.

    One of each that the note names, but of one that the form offers no longer:
    nobody could come for it.
    """
    return 1 if in_note and offered else 0


def keeps_a_seat(*, taken: bool, target: int) -> bool:
    """Whether a group of the note has a seat in the drawing: it is there, or wished for."""
    return taken or target > 0


class State(TextChoices):
    """How a group stands against what is wished for, the most pressing first."""

    MISSING = "missing", _("Missing")
    LOW = "low", _("Fewer than wished")
    MET = "met", _("As wished")


@dataclass(frozen=True)
class Group:
    """A stakeholder group at one event. ``target`` is how many people are wished for."""

    pk: int
    code: str
    label: str
    in_note: bool
    offered: bool
    target: int


@dataclass(frozen=True)
class Alike:
    """How many people gave the same answers: a group (by code), a country, wishes for seats.

    ``seats`` has the status of each wish in force, by mode.
    """

    group: str
    country: str
    seats: Mapping[str, str]
    number: int = 1

    @property
    def is_confirmed(self) -> bool:
        """Whether these people hold a seat, in whichever mode."""
        return CONFIRMED in self.seats.values()


@dataclass(frozen=True)
class Speaking:
    """A profile (by key) in the agenda that did not decline, and its group (by code)."""

    speaker: int
    group: str
    named: bool
    agreed: bool


@dataclass(frozen=True)
class Row:
    """A group and its people.

    ``registered`` hold a seat, wait for one or for the organisers' answer;
    ``confirmed`` hold one, ``by_mode`` says which. ``speaking`` are persons in
    the agenda, ``agreed`` those of them who said yes; ``unnamed`` are places
    in it that are kept for the group while nobody is named.
    """

    group: Group
    registered: int = 0
    confirmed: int = 0
    by_mode: Mapping[str, int] = field(default_factory=dict)
    speaking: int = 0
    agreed: int = 0
    unnamed: int = 0

    @property
    def present(self) -> int:
        """How many are at the table for certain: who speaks may hold a seat as well."""
        return max(self.confirmed, self.agreed)

    @property
    def state(self) -> State:
        """How it stands. Nobody is missing where nobody is wished for."""
        if self.present >= self.group.target:
            return State.MET
        return State.LOW if self.present else State.MISSING

    @property
    def has_people(self) -> bool:
        """Whether anybody of the group registered or stands in the agenda."""
        return bool(self.registered or self.speaking or self.unnamed)

    @property
    def is_listed(self) -> bool:
        """Whether the group belongs on the page: the note, people or a wish put it there."""
        return self.group.in_note or self.has_people or self.group.target > 0


@dataclass(frozen=True)
class Tally:
    """How many people registered and are confirmed, for one mode or country."""

    name: str
    registered: int
    confirmed: int


@dataclass(frozen=True)
class VoiceCount:
    """How many of those who take part bring a voice."""

    code: str
    label: str
    number: int


@dataclass(frozen=True)
class Table:
    """The whole of it.

    ``rows`` are the groups that count here, ``others`` those that may be
    wished for still; ``places`` the seats to draw, of the note's groups.
    """

    rows: Sequence[Row]
    others: Sequence[Row]
    places: Sequence[Place]
    modes: Sequence[Tally]
    countries: Sequence[Tally]
    voices: Sequence[VoiceCount]
    people: int
    """How many take part or wait, each once."""

    def number_in(self, state: State) -> int:
        """Return how many groups stand so."""
        return sum(row.state == state for row in self.rows)

    def voices_shown(self, *, exactly: bool) -> list[tuple[VoiceCount, str]] | None:
        """Return each voice with its number in words, or None where none may be told."""
        if not exactly and self.people < 2 * LEAST:
            return None
        return [(voice, shown(voice.number, of=self.people, exactly=exactly))
                for voice in self.voices]  # fmt: skip


def shown(number: int, *, of: int, exactly: bool) -> str:
    """Return how many of so many people, hiding small numbers on both sides unless ``exactly``."""
    if exactly or number == 0:
        return str(number)
    if number < LEAST:
        return f"<{LEAST}"
    return f">{of - LEAST}" if of - number < LEAST else str(number)


def table(
    groups: Iterable[Group],
    people: Sequence[Alike],
    agenda: Iterable[Speaking],
    voices: Sequence[VoiceCount] = (),
) -> Table:
    """Return who is at the table, the missing groups first. ``groups`` come in their own order."""
    rows = _rows(groups, people, agenda)
    pressing = list(State)
    return Table(
        rows=sorted(
            (row for row in rows if row.is_listed),
            key=lambda row: (pressing.index(row.state), not row.group.in_note),
        ),
        others=[row for row in rows if not row.is_listed and row.group.offered],
        places=[
            Place(row.group.label, row.present > 0)
            for row in rows
            if row.group.in_note and keeps_a_seat(taken=row.present > 0, target=row.group.target)
        ],
        modes=_by_mode(people),
        countries=_by_country(people),
        voices=voices,
        people=_sum(people),
    )


def _rows(
    groups: Iterable[Group], people: Iterable[Alike], agenda: Iterable[Speaking]
) -> list[Row]:
    registered: dict[str, list[Alike]] = {}
    for alike in people:
        registered.setdefault(alike.group, []).append(alike)
    speaking: dict[str, list[Speaking]] = {}
    for profile in agenda:
        speaking.setdefault(profile.group, []).append(profile)
    return [
        _row(group, registered.get(group.code, ()), speaking.get(group.code, ()))
        for group in groups
    ]


def _row(group: Group, people: Iterable[Alike], agenda: Iterable[Speaking]) -> Row:
    people = list(people)
    confirmed = [alike for alike in people if alike.is_confirmed]
    # Somebody may speak in several slots, and have agreed to one of them only.
    named = {profile.speaker for profile in agenda if profile.named}
    return Row(
        group=group,
        registered=_sum(people),
        confirmed=_sum(confirmed),
        by_mode={
            mode: _sum(alike for alike in confirmed if alike.seats.get(mode) == CONFIRMED)
            for mode in AttendanceMode
        },
        speaking=len(named),
        agreed=len({profile.speaker for profile in agenda if profile.named and profile.agreed}),
        unnamed=len({profile.speaker for profile in agenda} - named),
    )


def _by_mode(people: Sequence[Alike]) -> list[Tally]:
    """Return each mode. Who holds a seat online and waits for the room is in both."""
    return [
        Tally(
            str(mode.label),
            _sum(alike for alike in people if mode in alike.seats),
            _sum(alike for alike in people if alike.seats.get(mode) == CONFIRMED),
        )
        for mode in AttendanceMode
    ]


def _by_country(people: Sequence[Alike]) -> list[Tally]:
    """Return the countries that somebody lives in, the one with most people first."""
    found: dict[str, list[Alike]] = {}
    for alike in people:
        found.setdefault(alike.country, []).append(alike)
    tallies = [
        Tally(
            str(countries.name(code)) or code,
            _sum(alikes),
            _sum(alike for alike in alikes if alike.is_confirmed),
        )
        for code, alikes in found.items()
    ]
    return sorted(tallies, key=lambda tally: (-tally.registered, tally.name))


def _sum(people: Iterable[Alike]) -> int:
    return sum(alike.number for alike in people)
