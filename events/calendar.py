"""Calendar files: bytes made of an event, as RFC 5545 wants them. Pure.

Two products that must not be mixed. What everybody may fetch (invitation,
agenda, feed, a person's own entry by link) says METHOD:PUBLISH and names no
attendee (RFC 5546, 3.2.1). What is mailed to one person says METHOD:REQUEST or
CANCEL and names her alone. All describe one entry by one UID, so that a
calendar that got it by several ways shows it once and follows every change.

The UID is ``<event.uid>@roundtable``: it names no host, so it stays when the
site moves (RFC 7986, 5.3). Nothing here asks for the time: DTSTAMP and
LAST-MODIFIED are the time of the last change, and the same input gives the
same bytes.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlsplit

import icalendar
from django.utils.encoding import iri_to_uri
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from icalendar.prop import vInline

from events.models import AgendaItem, Event, Venue
from events.vtimezone import vtimezone

PRODID = "-//Roundtable//Roundtable site//EN"
UID_DOMAIN = "roundtable"
# How often a subscribed calendar should ask again; some ask less often whatever it says.
REFRESH = "PT1H"
BEFORE_START = "-PT1H"

STATUS = {
    Event.Status.SCHEDULED: "CONFIRMED",
    Event.Status.POSTPONED: "TENTATIVE",
    Event.Status.CANCELLED: "CANCELLED",
}

# All that readers take for the end of a line; Python's own splitlines is one of them.
LINE_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Control characters have no place in TEXT (RFC 5545, 3.1), lone surrogates none in UTF-8.
UNWRITABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Publisher:
    """Who publishes: the site's origin ("https://host"), a contact address or "", a name or "".

    The contact of a public file is whom people may write to; the name is the
    convenor's.
    """

    origin: str
    contact_email: str
    name: str

    @property
    def is_reachable(self) -> bool:
        """Whether addresses on this origin lead anywhere from another machine."""
        host = urlsplit(self.origin).hostname or ""
        return not (
            host in {"", "localhost", "::1"}
            or host.endswith(".localhost")
            or host.startswith("127.")
        )


class Slot(Protocol):
    """A slot of the agenda with the instants it begins and ends, such as agenda.TimedItem."""

    @property
    def item(self) -> AgendaItem:
        """The agenda item itself."""

    @property
    def starts_at(self) -> datetime:
        """The instant it begins."""

    @property
    def ends_at(self) -> datetime:
        """The instant it ends."""


def invitation(
    event: Event,
    *,
    items: Sequence[AgendaItem],
    publisher: Publisher,
    event_url: str,
    note_url: str,
    join_url: str = "",
) -> bytes:
    """Return the file that everybody may download: METHOD:PUBLISH (RFC 5546, 3.2.1).

    ``items`` are the agenda's slots in running order; those of a draft agenda
    are not shown. ``join_url`` is the link to show now, or ""; one that the
    venue keeps for people with a seat is left out whatever the caller gives.
    """
    entry = _entry(
        event,
        publisher=publisher,
        organiser_email=publisher.contact_email,
        items=items,
        event_url=event_url,
        note_url=note_url,
        join_url=_public_link(event, join_url),
    )
    _add_alarm(entry, event)
    return _file("PUBLISH", [entry], spans=[_span(event)])


def personal_invitation(
    event: Event,
    *,
    items: Sequence[AgendaItem],
    publisher: Publisher,
    event_url: str,
    note_url: str,
    join_url: str = "",
    sequence_offset: int = 0,
    changed_at: datetime | None = None,
    cancelled: bool = False,
) -> bytes:
    """Return one person's own entry, to fetch by her link: METHOD:PUBLISH, nobody named.

    ``sequence_offset`` and ``changed_at`` are her registration's share in
    SEQUENCE and in the time of the last change. ``cancelled`` says that she has
    no seat any more. ``join_url`` is the link she may see now, or "".
    """
    entry = _entry(
        event,
        publisher=publisher,
        organiser_email=publisher.contact_email,
        items=items,
        event_url=event_url,
        note_url=note_url,
        join_url=join_url,
        sequence_offset=sequence_offset,
        changed_at=changed_at,
        seat_lost=cancelled,
    )
    if not cancelled:
        _add_alarm(entry, event)
    return _file("PUBLISH", [entry], spans=[_span(event)])


def request(
    event: Event,
    *,
    items: Sequence[AgendaItem],
    publisher: Publisher,
    event_url: str,
    note_url: str,
    attendee_name: str,
    attendee_email: str,
    organiser_email: str,
    join_url: str = "",
    sequence_offset: int = 0,
    changed_at: datetime | None = None,
) -> bytes:
    """Return the invitation to mail to one person: METHOD:REQUEST (RFC 5546, 3.2.2).

    She registered, so she has accepted, and no reply is asked for.
    ``organiser_email`` is the address the mail comes from: calendars may refuse
    updates whose ORGANIZER is another. Raises ValueError where one of both
    addresses lacks, and for a cancelled event, for which there is
    ``cancellation``.
    """
    if event.status == Event.Status.CANCELLED:
        raise ValueError("Nobody can be invited to a cancelled event.")
    entry = _entry(
        event,
        publisher=publisher,
        organiser_email=organiser_email,
        items=items,
        event_url=event_url,
        note_url=note_url,
        join_url=join_url,
        sequence_offset=sequence_offset,
        changed_at=changed_at,
    )
    _add_attendee(entry, attendee_name, attendee_email, organiser_email)
    _add_alarm(entry, event)
    return _file("REQUEST", [entry], spans=[_span(event)])


def cancellation(
    event: Event,
    *,
    items: Sequence[AgendaItem],
    publisher: Publisher,
    event_url: str,
    note_url: str,
    attendee_name: str,
    attendee_email: str,
    organiser_email: str,
    sequence_offset: int = 0,
    changed_at: datetime | None = None,
) -> bytes:
    """Return what takes the entry out of one person's calendar: METHOD:CANCEL (RFC 5546, 3.2.5).

    It must follow a raised ``sequence_offset`` or event.sequence. Raises
    ValueError where one of both addresses lacks.
    """
    entry = _entry(
        event,
        publisher=publisher,
        organiser_email=organiser_email,
        items=items,
        event_url=event_url,
        note_url=note_url,
        sequence_offset=sequence_offset,
        changed_at=changed_at,
        seat_lost=True,
    )
    _add_attendee(entry, attendee_name, attendee_email, organiser_email)
    return _file("CANCEL", [entry], spans=[_span(event)])


def agenda(
    event: Event, *, timed_items: Sequence[Slot], publisher: Publisher, event_url: str
) -> bytes:
    """Return the running order, each slot an entry of its own; no slots give an empty calendar.

    A slot keeps its UID wherever it moves to. Its SEQUENCE is the content
    version: a new running order moves slots and is no calendar fact of the
    event, so the event's own SEQUENCE would not tell calendars of it.
    """
    entries = []
    for slot in timed_items:
        starts_at = slot.starts_at.astimezone(event.tzinfo)
        ends_at = slot.ends_at.astimezone(event.tzinfo)
        entry = _bare_entry(
            event,
            uid=f"{event.uid}-{slot.item.pk}",
            starts_at=starts_at,
            ends_at=ends_at,
            sequence=event.content_version,
            stamp=event.changed_at,
            status=STATUS[Event.Status(event.status)],
            summary=slot.item.title,
        )
        provisional = event.agenda_status == Event.AgendaStatus.PROVISIONAL
        paragraphs = [
            _cancelled_or_postponed(event),
            _("Provisional agenda") if provisional else "",
            slot.item.description,
            f"{event}\n{_when(starts_at, ends_at)}\n{_place(event)}",
            _labelled(_("Event page"), event_url) if publisher.is_reachable else "",
        ]
        _add_text(entry, "DESCRIPTION", _paragraphs(paragraphs))
        _add_place(entry, event.venue)
        if publisher.is_reachable:
            _add_uri(entry, "URL", event_url)
        _add_organiser(entry, publisher.name, publisher.contact_email)
        entries.append(entry)
    spans = [(event.zone, slot.starts_at, slot.ends_at) for slot in timed_items]
    return _file("PUBLISH", entries, spans=spans)


def feed(
    events: Iterable[Event],
    *,
    publisher: Publisher,
    url_for: Callable[[Event], str],
    name: str,
    join_url_for: Callable[[Event], str] | None = None,
) -> bytes:
    """Return all events as one calendar to subscribe to, named ``name``.

    A cancelled event stays, as CANCELLED: one that vanished would stay for ever
    where it was imported. Entries have no alarm, since subscribers set their
    own. ``join_url_for`` gives the link to show now, or "", with the same
    guard as in ``invitation``.
    """
    events = list(events)
    entries = []
    for event in events:
        convenor = replace(
            publisher,
            contact_email=event.contact_email or publisher.contact_email,
            name=event.convenor or publisher.name,
        )
        link = join_url_for(event) if join_url_for else ""
        entries.append(
            _entry(
                event,
                publisher=convenor,
                organiser_email=convenor.contact_email,
                event_url=url_for(event),
                join_url=_public_link(event, link),
            )
        )
    title = name or publisher.name or _("Roundtables")
    return _file("PUBLISH", entries, spans=[_span(event) for event in events], name=title)


def utc_offset(moment: datetime) -> str:
    """Return the distance from UTC as people write it: “UTC+3”, “UTC−4:30”, “UTC”."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


# The calendar around the entries.


def _file(
    method: str,
    entries: Sequence[icalendar.Event],
    *,
    spans: Iterable[tuple[str, datetime, datetime]],
    name: str = "",
) -> bytes:
    """Return the file: one VCALENDAR, the zones of ``spans``, then the entries.

    A calendar must have a component (RFC 5545, 3.6), so one without entries
    has the zone UTC, which every reader passes over.
    """
    file = icalendar.Calendar()
    file.add("VERSION", "2.0")
    file.add("PRODID", PRODID)
    file.add("CALSCALE", "GREGORIAN")
    file.add("METHOD", method)
    if name:
        _add_line(file, "NAME", name)
        _add_line(file, "X-WR-CALNAME", name)
        file.add("REFRESH-INTERVAL", vInline(REFRESH), {"VALUE": "DURATION"})
        file.add("X-PUBLISHED-TTL", vInline(REFRESH))
    zones: dict[str, list[datetime]] = defaultdict(list)
    for zone, starts_at, ends_at in spans:
        zones[zone] += [starts_at, ends_at]
    for zone, moments in sorted(zones.items()):
        file.add_component(vtimezone(zone, min(moments), max(moments)))
    if not entries:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        file.add_component(vtimezone("Etc/UTC", epoch, epoch))
    for entry in entries:
        file.add_component(entry)
    return bytes(file.to_ical(sorted=False))


def _span(event: Event) -> tuple[str, datetime, datetime]:
    return event.zone, event.starts_at, event.ends_at


# Entries.


def _entry(
    event: Event,
    *,
    publisher: Publisher,
    organiser_email: str,
    event_url: str,
    items: Sequence[AgendaItem] = (),
    note_url: str = "",
    join_url: str = "",
    sequence_offset: int = 0,
    changed_at: datetime | None = None,
    seat_lost: bool = False,
) -> icalendar.Event:
    """Return the event's entry as all its files have it, without attendee and alarm."""
    if not publisher.is_reachable:
        event_url = note_url = ""
    status = "CANCELLED" if seat_lost else STATUS[Event.Status(event.status)]
    if status == "CANCELLED":
        join_url = ""
    entry = _bare_entry(
        event,
        uid=event.uid,
        starts_at=event.local_start,
        ends_at=event.local_end,
        sequence=event.sequence + sequence_offset,
        stamp=max(event.changed_at, changed_at or event.changed_at),
        status=status,
        summary=str(event),
    )
    paragraphs = [
        _occasion(event),
        _("You no longer have a seat at this event.") if seat_lost else "",
        _cancelled_or_postponed(event),
        f"{_when(event.local_start, event.local_end)}\n{_place(event)}",
        event.summary,
        _agenda_lines(event, items) if event.has_public_agenda else "",
        "\n".join(
            filter(
                None,
                [
                    _labelled(_("Join online"), join_url),
                    _labelled(_("Event page"), event_url),
                    _labelled(_("Concept note"), note_url),
                    _labelled(_("Contact"), publisher.contact_email),
                ],
            )
        ),
    ]
    _add_text(entry, "DESCRIPTION", _paragraphs(paragraphs))
    _add_place(entry, event.venue)
    _add_categories(entry, event)
    _add_uri(entry, "URL", event_url)
    _add_uri(entry, "ATTACH", note_url, FMTTYPE="text/html")
    _add_uri(
        entry, "CONFERENCE", join_url,
        VALUE="URI", FEATURE=["AUDIO", "VIDEO"], LABEL=_("Join online"),
    )  # fmt: skip
    _add_organiser(entry, publisher.name, organiser_email)
    return entry


def _bare_entry(
    event: Event,
    *,
    uid: str,
    starts_at: datetime,
    ends_at: datetime,
    sequence: int,
    stamp: datetime,
    status: str,
    summary: str,
) -> icalendar.Event:
    """Return an entry with what identifies it, its times and its state.

    One that is cancelled takes nobody's time, so it is TRANSPARENT: calendars
    that do not know STATUS show the hour as free again (RFC 5545, 3.8.2.7).
    """
    entry = icalendar.Event()
    entry.add("UID", vInline(f"{_escaped(_one_line(uid))}@{UID_DOMAIN}"))
    entry.add("DTSTAMP", _whole_seconds(stamp))
    entry.add("CREATED", _whole_seconds(min(event.created_at, stamp)))
    entry.add("LAST-MODIFIED", _whole_seconds(stamp))
    entry.add("SEQUENCE", sequence)
    entry.add("STATUS", status)
    entry.add("TRANSP", "TRANSPARENT" if status == "CANCELLED" else "OPAQUE")
    entry.add("CLASS", "PUBLIC")
    _add_moment(entry, "DTSTART", starts_at, event.zone)
    _add_moment(entry, "DTEND", ends_at, event.zone)
    _add_line(entry, "SUMMARY", summary)
    return entry


def _add_moment(entry: icalendar.Event, name: str, local: datetime, zone: str) -> None:
    """Add a date and time in its zone, by the IANA name (RFC 5545, 3.3.5, form 3)."""
    if zone in {"UTC", "Etc/UTC"}:
        # What is written in UTC must have no TZID (RFC 5545, 3.2.19).
        entry.add(name, vInline(f"{local:%Y%m%dT%H%M%S}Z"))
    else:
        entry.add(name, vInline(f"{local:%Y%m%dT%H%M%S}"), {"TZID": zone})


def _add_place(entry: icalendar.Event, venue: Venue | None) -> None:
    """Add the place as far as it is known; a point only where the venue has one."""
    if venue is None:
        return
    place = venue.full_text
    _add_line(entry, "LOCATION", place)
    if venue.latitude is None or venue.longitude is None:
        return
    latitude, longitude = f"{venue.latitude:f}", f"{venue.longitude:f}"
    entry.add("GEO", vInline(f"{latitude};{longitude}"))
    _add_uri(
        entry, "X-APPLE-STRUCTURED-LOCATION", f"geo:{latitude},{longitude}",
        **{"VALUE": "URI", "X-TITLE": _one_line(venue.name or place)},
    )  # fmt: skip


def _add_categories(entry: icalendar.Event, event: Event) -> None:
    series = event.series
    words = [_one_line(text) for text in (series.occasion, series.theme)] if series else []
    if any(words):
        entry.add("CATEGORIES", vInline(",".join(_escaped(word) for word in words if word)))


def _add_organiser(entry: icalendar.Event, name: str, email: str) -> None:
    if email:
        names = {"CN": _one_line(name)} if _one_line(name) else {}
        entry.add("ORGANIZER", vInline(_mailto(email)), names)


def _add_attendee(entry: icalendar.Event, name: str, email: str, organiser_email: str) -> None:
    """Add the one person whom the mail is for."""
    if not email or not organiser_email:
        raise ValueError("A mailed calendar entry needs an attendee and an organiser.")
    parameters = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
    if _one_line(name):
        parameters["CN"] = _one_line(name)
    entry.add("ATTENDEE", vInline(_mailto(email)), parameters)


def _add_alarm(entry: icalendar.Event, event: Event) -> None:
    """Remind an hour before the start, while there is a start to remind of."""
    if event.status != Event.Status.SCHEDULED:
        return
    alarm = icalendar.Alarm()
    alarm.add("ACTION", "DISPLAY")
    _add_line(alarm, "DESCRIPTION", _("%(event)s starts in one hour") % {"event": event.name})
    alarm.add("TRIGGER", vInline(BEFORE_START))
    entry.add_component(alarm)


# Words of the description.


def _occasion(event: Event) -> str:
    """Return “World Cities Day 2020: “Valuing our communities and cities””, or what there is."""
    if event.series is None:
        return ""
    theme = _("“%(theme)s”") % {"theme": event.series.theme}
    return f"{event.series.occasion}: {theme}" if event.series.occasion else theme


def _cancelled_or_postponed(event: Event) -> str:
    if event.status == Event.Status.CANCELLED:
        return _("This event is cancelled.")
    return _("This event is postponed.") if event.status == Event.Status.POSTPONED else ""


def _when(start: datetime, end: datetime) -> str:
    """Return “31 October 2020, 12:45–14:45 EAT (UTC+3)”, from local times."""
    first = f"{date_format(start, 'DATE_FORMAT')}, {date_format(start, 'TIME_FORMAT')}"
    last = date_format(end, "TIME_FORMAT")
    if _zone_label(start) != _zone_label(end):
        first = f"{first} {_zone_label(start)}"
    if start.date() != end.date():
        return f"{first} – {date_format(end, 'DATE_FORMAT')}, {last} {_zone_label(end)}"
    return f"{first}–{last} {_zone_label(end)}"


def _zone_label(local: datetime) -> str:
    """Return “EAT (UTC+3)”; many zones have no letters of their own, only “UTC+3”."""
    name, offset = local.tzname() or "", utc_offset(local)
    return f"{name} ({offset})" if name.isalpha() and name != offset else offset


def _place(event: Event) -> str:
    place = event.venue.full_text if event.venue else ""
    return place or _("Place to be announced")


def _agenda_lines(event: Event, items: Sequence[AgendaItem]) -> str:
    """Return the running order, each slot with its start; minutes are added up in UTC."""
    if not items:
        return ""
    final = event.agenda_status == Event.AgendaStatus.FINAL
    lines = [_("Agenda") if final else _("Provisional agenda")]
    start = event.starts_at
    for item in items:
        local = start.astimezone(event.tzinfo)
        lines.append(f"{date_format(local, 'TIME_FORMAT')} {_one_line(item.title)}")
        start += timedelta(minutes=item.minutes)
    return "\n".join(lines)


def _labelled(label: str, value: str) -> str:
    return f"{label}: {value}" if value else ""


def _paragraphs(parts: Iterable[str]) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _public_link(event: Event, join_url: str) -> str:
    """Return the link only where the venue opens it to everybody."""
    venue = event.venue
    everybody = venue is not None and venue.join_audience == Venue.JoinAudience.EVERYBODY
    return join_url if everybody else ""


# Values, as RFC 5545 writes them.


def _add_text(component: icalendar.Component, name: str, text: str) -> None:
    """Add a TEXT that may have several lines; nothing for no text."""
    text = _clean(text).strip(" \n")
    if text:
        component.add(name, vInline(_escaped(text)))


def _add_line(component: icalendar.Component, name: str, text: str) -> None:
    """Add a TEXT of one line; nothing for no text."""
    _add_text(component, name, _one_line(text))


def _add_uri(
    component: icalendar.Component, name: str, address: str, **parameters: str | list[str]
) -> None:
    """Add an address, which is not escaped as TEXT is; nothing for none."""
    if address:
        component.add(name, vInline(iri_to_uri(address.strip()), params=parameters))


def _mailto(email: str) -> str:
    """Return the address as a URI (RFC 6068, 2)."""
    return "mailto:" + quote(email.strip(), safe="@!$'*+,~")


def _clean(text: str) -> str:
    r"""Return the text with every line break as \n and without control characters."""
    return UNWRITABLE.sub("", LINE_BREAKS.sub("\n", text).replace("\t", " "))


def _one_line(text: str) -> str:
    """Return the clean text with a blank where its lines broke."""
    return re.sub(" *(?:\n *)+", " ", _clean(text)).strip(" ")


def _escaped(text: str) -> str:
    r"""Return a TEXT value (RFC 5545, 3.3.11).

    Not left to icalendar, whose vText takes a backslash before a capital N,
    as in C:\News, for a line break.
    """
    for character in "\\;,":
        text = text.replace(character, "\\" + character)
    return text.replace("\n", "\\n")


def _whole_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
