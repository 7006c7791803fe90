"""Registrations as a table for a spreadsheet: which columns, for whom, as CSV and XLSX.

Rows come in chunks by key, so that neither memory nor a reader on a slow line
holds the database, and each chunk costs the same few queries.

People write what stands in the cells, and a spreadsheet takes a cell that
begins with "=" for a formula. In XLSX every cell is written as text. In CSV an
apostrophe goes before such a beginning (OWASP, "CSV injection"), also after
what another spreadsheet could take for the cell's or the row's end.
"""

import csv
import io
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import IO, Any

import xlsxwriter
from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from events.models import Event
from events.registration.models import (
    AttendanceMode,
    Consent,
    Question,
    Registration,
    RegistrationQuerySet,
    SeatRequest,
)
from events.registration.questions import country, in_words, name_of
from events.registration.table import Table

CHUNK = 1000
BYTE_ORDER_MARK = "\ufeff"
# As each cell's text stands: at its beginning, and where a reader that takes
# semicolons for separators would begin another cell or row.
FORMULA = re.compile(r"(^|[;\t\r\n])([ \t\r\n\u00a0]*)(?=[=+\-@\t\r＝＋－＠])")

VIEW = "registration.view_registration"
VIEW_CONSENT = "registration.view_consent"
VIEW_SUPPORT = "registration.view_supportneed"


@dataclass(frozen=True)
class Column:
    """One column: its name in forms, its heading, and what stands in it.

    ``permission`` is what one needs beside that to export; ``beside`` the
    related rows it reads.
    """

    name: str
    heading: str | Promise
    value: Callable[[Registration], object]
    permission: str = ""
    ticked: bool = True
    beside: str = ""
    own: bool = False
    """Whether it holds the answers to a question of the organisers' own."""

    @property
    def noted(self) -> str:
        """What the log of exports calls it. A question may be gone when the log is read."""
        return str(self.heading) if self.own else self.name


@cache
def _seat(mode: str, status: str, language: str | None) -> str:
    """Return a seat request in words. A hundred thousand rows have a handful of them."""
    return str(SeatRequest(mode=mode, status=status))


def _seats(row: Any) -> str:
    language = get_language()
    return ", ".join(
        _seat(request.mode, request.status, language) for request in row.exported_seat_requests
    )


def _registered(registration: Registration) -> str:
    local = registration.created_at.astimezone(registration.event.tzinfo)
    return f"{local:%Y-%m-%d %H:%M %Z}"


def _support(row: Any) -> str:
    return "; ".join(
        f"{need.get_kind_display()}: {need.note}" if need.note else str(need.get_kind_display())
        for need in row.exported_support_needs
    )


def _agreed(purpose: str) -> Callable[[Registration], object]:
    """Return who reads the last answer to a purpose; empty where it was not answered."""

    def value(row: Any) -> object:
        # They come in the order of their times.
        given = [answer.given for answer in row.exported_consents if answer.purpose == purpose]
        return (_("yes") if given[-1] else _("no")) if given else ""

    return value


COLUMNS = (
    Column("reference", _("Reference"), lambda row: row.reference, ticked=False),
    Column("event", _("Event"), lambda row: row.event),
    Column("name", _("Name"), lambda row: row.name),
    Column("seats", _("Seat"), _seats, beside="seat_requests"),
    Column("group", _("Stakeholder group"), lambda row: row.group.label),
    Column("organisation", _("Organisation"), lambda row: row.organisation),
    Column("job_title", _("Position"), lambda row: row.job_title),
    Column("country", _("Country"), lambda row: country(row.country.code, get_language())),
    Column("county", _("County"), lambda row: row.get_county_display()),
    Column("language", _("Language of mails"), lambda row: row.language, ticked=False),
    Column("interpretation", _("Interpretation into"), lambda row: ", ".join(row.interpretation),
           ticked=False),
    Column("question", _("Question for the table"), lambda row: row.question, ticked=False),
    Column("registered", _("Registered"), _registered),
    Column("email", _("Email"), lambda row: row.address or "", VIEW, ticked=False),
    Column("phone", _("Phone"), lambda row: row.phone, VIEW, ticked=False),
    Column("participants_list", _("May stand in the participants' list"),
           _agreed(Consent.Purpose.PARTICIPANTS_LIST), VIEW_CONSENT, False, "consents"),
    Column("photographs", _("May be seen in photographs"),
           _agreed(Consent.Purpose.PHOTOGRAPHS), VIEW_CONSENT, False, "consents"),
    Column("support", _("Support"), _support, VIEW_SUPPORT, False, "support_needs"),
)  # fmt: skip


def columns_for(user: Any, questions: Collection[Question] = ()) -> list[Column]:
    """Return the columns this colleague may have, with one for each of these questions."""
    return [
        column
        for column in (*COLUMNS, *map(_own, questions))
        if not column.permission or user.has_perm(column.permission)
    ]


def _own(question: Question) -> Column:
    """Return the column of a question of the organisers' own."""

    def value(row: Any) -> object:
        given = (answer for answer in row.exported_answers if answer.question_id == question.pk)
        return next((in_words(question, answer.value) for answer in given), "")

    heading = _("%(question)s (asked no more)") if question.removed_at else "%(question)s"
    return Column(
        name_of(question.pk), heading % {"question": question.text}, value, VIEW, False,
        "answers", own=True,
    )  # fmt: skip


def questions_of(event: Event | None) -> list[Question]:
    """Return the questions of an event that have a column: asked still, or answered once.

    Of several events (None) those of the only one that asks any.
    """
    if event is None:
        asking = Event.objects.filter(own_questions__isnull=False).order_by("pk").distinct()[:2]
        if len(asking) != 1:
            return []
        event = asking[0]
    return list(Question.objects.filter(event=event).asked_or_answered())


def chunks(
    registrations: RegistrationQuerySet, columns: Collection[Column]
) -> Iterator[list[list[str]]]:
    """Yield the rows' cells, first come first, up to CHUNK rows at a time."""
    names = dict.fromkeys(column.beside for column in columns if column.beside)
    beside = [Prefetch(name, to_attr=f"exported_{name}") for name in names]
    rows = (
        registrations.order_by("pk")
        .prefetch_related(None)
        .select_related(None)
        # Apart, so that a thousand rows share one event; as lists, so that none makes a query set.
        .prefetch_related("event", "group", "contact", *beside)
    )
    last = 0
    while True:
        chunk = list(rows.filter(pk__gt=last)[:CHUNK])
        if chunk:
            yield [[str(column.value(row)) for column in columns] for row in chunk]
            last = chunk[-1].pk
        if len(chunk) < CHUNK:
            return


def safe(text: str) -> str:
    """Return a CSV cell's text as no spreadsheet takes it for a formula."""
    return FORMULA.sub(r"\1\2'", text)


def as_csv(registrations: RegistrationQuerySet, columns: Collection[Column]) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180) in UTF-8, with the mark by which Excel knows that it is."""
    yield _lines([[safe(str(column.heading)) for column in columns]], before=BYTE_ORDER_MARK)
    for rows in chunks(registrations, columns):
        yield _lines([[safe(cell) for cell in row] for row in rows])


def _lines(rows: list[list[str]], *, before: str = "") -> bytes:
    text = io.StringIO(newline="")
    text.write(before)
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def table_as_csv(table: Table) -> bytes:
    """Return who is at the table as a CSV file, a line to each group, mode, country and voice.

    Small numbers of voices are hidden from whoever takes it: a file goes on to
    others than the roles that may see them.
    """
    modes = [str(mode.label) for mode in AttendanceMode]
    headings = [
        _("What"), _("Code"), _("Name"), _("How it stands"), _("Wished for"), _("Registered"),
        _("Confirmed"), *modes, _("Speaking"), _("Agreed to speak"), _("Yet to be named"),
    ]  # fmt: skip
    rows: list[list[object]] = [
        [
            _("Stakeholder group"), row.group.code, row.group.label, row.state.label,
            row.group.target, row.registered, row.confirmed,
            *(row.by_mode[mode] for mode in AttendanceMode),
            row.speaking, row.agreed, row.unnamed,
        ]
        for row in table.rows
    ]  # fmt: skip
    for what, tallies in ((_("Way to take part"), table.modes), (_("Country"), table.countries)):
        rows += [
            [what, "", tally.name, "", "", tally.registered, tally.confirmed] for tally in tallies
        ]
    rows += [
        [_("Voice"), voice.code, voice.label, "", "", number]
        for voice, number in table.voices_shown(exactly=False) or ()
    ]
    filled = [[*row, *[""] * (len(headings) - len(row))] for row in rows]
    lines = [[safe(str(cell)) for cell in row] for row in [headings, *filled]]
    return _lines(lines, before=BYTE_ORDER_MARK)


def as_xlsx(registrations: RegistrationQuerySet, columns: Collection[Column]) -> IO[bytes]:
    """Return an XLSX file as a temporary file, at its beginning. Every cell is text."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - who reads it closes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet("Registrations")
        sheet.freeze_panes(1, 0)
        bold = workbook.add_format({"bold": True})
        for place, column in enumerate(columns):
            sheet.set_column(place, place, 24)
            sheet.write_string(0, place, str(column.heading), bold)
        number = 0
        for rows in chunks(registrations, columns):
            for row in rows:
                number += 1
                for place, cell in enumerate(row):
                    sheet.write_string(number, place, cell)
    file.seek(0)
    return file
