"""A list of people to invite, as somebody types it or a spreadsheet saves it. Writes nothing."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from events.registration.forms import AddressField, LineField, checked_name
from events.registration.models import AttendanceMode
from events.registration.rules import Guest
from speakers.models import StakeholderGroup

MOST_ROWS = 500
MOST_BYTES = 200_000
LONGEST_NAME = 200
COLUMNS = ("name", "email", "group", "mode")
REQUIRED = ("name", "email")


@dataclass(frozen=True)
class Line:
    """One line of the list, by its number in the file: whom it names, or what is wrong with it."""

    number: int
    cells: Mapping[str, str]
    guest: Guest | None = None
    wrong: str = ""


def text_of(content: bytes) -> str:
    """Return a file's text. Raises ValidationError for one that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(
            _("We can't read this file. Please save it as “CSV UTF-8”, or paste the lines below.")
        ) from error


def too_long() -> str:
    """Say how long a list may be."""
    said = _("This list is too long. Please send at most %(most)d kilobytes at once.")
    return said % {"most": MOST_BYTES // 1000}


def read(text: str, groups: Mapping[str, StakeholderGroup]) -> list[Line]:
    """Return the lines of a list with a heading; ``groups`` by code.

    Columns are parted by commas or semicolons; those of other names are passed
    over, and so are empty lines. Raises ValidationError for what is no such
    list: then nothing can be said of its lines.
    """
    if len(text.encode()) > MOST_BYTES:
        raise ValidationError(too_long())
    text = text.removeprefix("\ufeff").replace("\x00", " ").lstrip()
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ValidationError(_("This is not a list we can read. Is a quotation mark missing?")) \
            from error  # fmt: skip
    if missing := [name for name in REQUIRED if name not in names]:
        raise ValidationError(
            _("The first line must name the columns: name, email, group, mode. Missing: %(names)s.")
            % {"names": ", ".join(missing)}
        )
    if not rows:
        raise ValidationError(_("There is nobody in this list: it has a first line and no other."))
    if len(rows) > MOST_ROWS:
        raise ValidationError(
            _("There are %(rows)d people in this list. Please invite at most %(most)d at once.")
            % {"rows": len(rows), "most": MOST_ROWS}
        )
    by_name = {group.label.casefold(): group for group in groups.values()}
    by_name |= {code.casefold(): group for code, group in groups.items()}
    lines = []
    for number, row in rows:
        cells = dict.fromkeys(COLUMNS, "")
        # Of two columns of one name the first counts.
        for name, cell in reversed(list(zip(names, row, strict=False))):
            if name in cells:
                cells[name] = LineField(required=False).clean(cell)
        lines.append(_line(number, cells, by_name))
    return lines


def _line(number: int, cells: Mapping[str, str], groups: Mapping[str, StakeholderGroup]) -> Line:
    """Return one line with its guest, or with the sentence about what is wrong."""
    wrong: list[str] = []
    name, email = cells["name"], ""
    if not name or len(name) > LONGEST_NAME:
        wrong.append(_("The name is too long.") if name else _("The name is missing."))
    else:
        try:
            checked_name(name)
        except ValidationError as error:
            wrong += error.messages
    try:
        email = AddressField(max_length=254).clean(cells["email"])
    except ValidationError as error:
        wrong += error.messages if cells["email"] else [_("The email address is missing.")]
    group = groups.get(cells["group"].casefold())
    if cells["group"] and group is None:
        wrong.append(_("There is no such group."))
    mode = mode_named(cells["mode"])
    if cells["mode"] and mode is None:
        wrong.append(_("Write “in the room” or “online”, or leave it empty."))
    if wrong:
        return Line(number, cells, wrong=" ".join(str(said) for said in wrong))
    return Line(number, cells, guest=Guest(name, email, group, mode))


def mode_named(said: str) -> AttendanceMode | None:
    """Return the way to take part that is meant, or None."""
    wanted = said.casefold().replace("_", " ").replace("-", " ")
    for mode in AttendanceMode:
        if wanted in {mode.value.replace("_", " "), str(mode.label).casefold()}:
            return mode
    return None
