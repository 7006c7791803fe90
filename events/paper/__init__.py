"""What is printed: the concept note and the agenda as PDF, and the card of a link as PNG.

Pure: objects in, bytes out.

Each document is a template of typst's (``*.typ`` beside this file) and its
data, handed over as JSON, so that nothing a person wrote is ever markup. The
files are tagged for screen readers (PDF/UA-1, ISO 14289-1): the compiler
refuses to make one that is not. The same objects give the same bytes.
"""

import json
import logging
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from PIL import Image

from events.agenda import TimedItem
from events.calendar import utc_offset
from events.markup import blocks, runs_of
from events.models import Assignment, ConceptNote, Event

log = logging.getLogger(__name__)

FOLDER = Path(__file__).resolve().parent

CARD_SIZE = (1200, 630)
BROKEN = re.compile(".{12}")
# Signs that our own fonts (Latin, Greek, Cyrillic, Hebrew, Arabic) have not.
BEYOND = re.compile("[^\u0000-\u06ff\u1e00-\u22ff\ufb50-\ufdff\ufe70-\ufeff]")


def concept_note(event: Event, note: ConceptNote, *, url: str) -> bytes:
    """Return the note word for word, each paragraph numbered as its page numbers it.

    ``url`` is the page's own address, printed below the text.
    """
    sections = [
        {"heading": section.heading, "blocks": _blocks(section.text)}
        for section in note.sections.all()
    ]
    version = _("Version %(version)s") % {"version": note.version}
    if note.dated:
        version = _("Version %(version)s of %(day)s") % {
            "version": note.version, "day": date_format(note.dated),
        }  # fmt: skip
    return _pdf(
        "note",
        {
            **_frame(event, title=_("Concept note"), url=url, language=note.language),
            "masthead": _lines(note.masthead),
            "own_title": event.title,
            "sections": sections,
            "sign_off": _lines(note.sign_off),
            "version": version,
        },
        changed_at=event.changed_at,
    )


def agenda(event: Event, slots: Iterable[TimedItem], *, url: str, over: bool) -> bytes:
    """Return the running order with times in the place's own time, and who is in each slot.

    ``over``: the event is past, and what was never announced was not recorded.
    """
    unknown = _("not recorded here") if over else _("to be announced")
    return _pdf(
        "agenda",
        {
            **_frame(event, title=_("Agenda"), url=url, language=get_language() or "en"),
            "state": _state(event, over=over),
            "slots": [_slot(slot, unknown=unknown) for slot in slots],
            "end": f"{event.local_end:%H:%M}",
            "words": {"end": _("End"), "time": _("Time"), "what": _("What"), "min": _("min")},
        },
        changed_at=event.changed_at,
    )


def card(event: Event) -> bytes:
    """Return what messengers show of a link to the event: a PNG of CARD_SIZE pixels.

    Its table has every seat alike: messengers keep a card for weeks, and who is
    missing today would not be true then.
    """
    import typst

    start = event.local_start
    series = event.series
    states = {
        Event.Status.CANCELLED: _("Cancelled."),
        Event.Status.POSTPONED: _("Postponed."),
    }
    data = {
        "language": _code(get_language() or "en"),
        "right_to_left": get_language_bidi(),
        "eyebrow": " · ".join(
            part
            for part in (event.name if event.number else "", series.theme if series else "")
            if part
        ),
        # A word longer than a line may break.
        "title": re.sub(r"\S{25,}", lambda word: BROKEN.sub("\\g<0>\u200b", word[0]), event.title),
        "when": [f"{date_format(start, 'l')} {date_format(start)}", _hours(event)],
        "where": (event.venue.full_text if event.venue else "") or _("Place to be announced"),
        "state": states.get(Event.Status(event.status), ""),
    }
    printable = _printable(data)
    png: bytes = typst.compile(
        str(FOLDER / "card.typ"),
        root=str(FOLDER),
        font_paths=_fonts(),
        # The fonts of the machine are slow to find, and most cards do without.
        ignore_system_fonts=not BEYOND.search("".join(map(str, printable.values()))),
        format="png",
        ppi=144.0,
        sys_inputs={"data": json.dumps(printable, ensure_ascii=False)},
    )
    # Its colours are few: a third of the bytes holds them all.
    smaller = BytesIO()
    with Image.open(BytesIO(png)) as picture:
        picture.convert("RGB").quantize(64, Image.Quantize.MEDIANCUT).save(
            smaller, "PNG", optimize=True
        )
    return smaller.getvalue()


def _state(event: Event, *, over: bool) -> str:
    if event.agenda_status == Event.AgendaStatus.FINAL:
        return ""
    return (
        _("As it was planned, provisionally.") if over else _("Provisional: it may still change.")
    )


def _slot(slot: TimedItem, *, unknown: str) -> dict[str, Any]:
    item = slot.item
    kind, emphasis = item.get_kind_display(), item.get_emphasis_display()
    return {
        "time": f"{slot.starts_at:%H:%M}",
        "minutes": item.minutes,
        "title": item.title,
        "kind": "" if kind in item.title else kind,
        "emphasis": _("Emphasis: %(emphasis)s") % {"emphasis": emphasis}
        if emphasis and emphasis != item.title
        else "",
        "description": _blocks(item.description),
        "people": [_person(assignment, unknown=unknown) for assignment in slot.people],
    }


def _person(assignment: Assignment, *, unknown: str) -> dict[str, str]:
    """Return a role and who has it, by the rule that pages name people by."""
    person = assignment.person
    if person is None:
        who = unknown
    elif person.to_be_announced:
        who = f"{person.name}: {unknown}"
    else:
        who = ", ".join(part for part in (person.name, person.organisation) if part)
    return {"role": assignment.get_role_display(), "who": who}


def _frame(event: Event, *, title: str, url: str, language: str) -> dict[str, Any]:
    """Return what every sheet has at its head and its foot."""
    place = event.venue.full_text if event.venue else ""
    return {
        "language": _code(language),
        "right_to_left": get_language_bidi(),
        "title": title,
        "event": str(event),
        "theme": event.series.theme if event.series else "",
        "convenor": event.convenor,
        "when": _when(event),
        "where": place,
        "url": url,
        "cancelled": _("Cancelled.") if event.status == Event.Status.CANCELLED else "",
        "page": _("Page"),
    }


def _code(language: str) -> str:
    """Return the language's code; what is none would stop the press."""
    return language if re.fullmatch("[a-z]{2,3}(-.*)?", language) else "en"


def _when(event: Event) -> str:
    """Return date and time in the place's own time."""
    return f"{date_format(event.local_start)}, {_hours(event)}"


def _hours(event: Event) -> str:
    start, end = event.local_start, event.local_end
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{date_format(end)}, {end:%H:%M}"
    return f"{start:%H:%M} – {until} {start:%Z} ({utc_offset(start)})"


def _blocks(text: str) -> list[dict[str, Any]]:
    """Return what light markup makes of the text, as data."""
    return [
        {
            "kind": block.kind.value,
            "texts": [[asdict(run) for run in runs_of(text)] for text in block.texts],
        }
        for block in blocks(text)
    ]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@cache
def _fonts() -> list[str]:
    """Return the folders of the fonts beside typst's own, which know no Arabic."""
    import fontpkg_noto_sans_arabic

    return [str(Path(fontpkg_noto_sans_arabic.__file__).parent / "files")]


def _pdf(template: str, data: Mapping[str, Any], *, changed_at: datetime) -> bytes:
    """Return the document of this template, dated as its content was last changed.

    Where a sign is in none of our fonts (a picture, Chinese), the fonts of the
    machine are asked as well, and the promise of PDF/UA is not made: a page
    with a hole in a name is better than no page.
    """
    # The press is big, and most processes print nothing.
    import typst

    settings: dict[str, Any] = {
        "root": str(FOLDER),
        "font_paths": _fonts(),
        "format": "pdf",
        "sys_inputs": {"data": json.dumps(_printable(data), ensure_ascii=False)},
        "timestamp": int(changed_at.astimezone(UTC).timestamp()),
    }
    source = str(FOLDER / f"{template}.typ")
    try:
        pdf: bytes = typst.compile(
            source, **settings, ignore_system_fonts=True, pdf_standards=["ua-1"]
        )
    except typst.TypstError as error:
        log.warning("The %s is printed without the promise of PDF/UA: %s", template, error)
        pdf = typst.compile(source, **settings)
    return pdf


def _printable(value: Any) -> Any:
    """Return the data without what no paper can show: control signs and halves of signs."""
    if isinstance(value, str):
        return "".join(
            sign for sign in value if sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cs"}
        )
    if isinstance(value, Mapping):
        return {name: _printable(part) for name, part in value.items()}
    return [_printable(part) for part in value] if isinstance(value, list) else value
