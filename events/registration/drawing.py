"""The table from above, as an SVG: a seat for each group, filled where the group is there.

Pure: places in, markup out. Seats stand clockwise from the top, in the order
given. The table's top is the plan of a town: the lake in its middle, and a ward
before each seat. Where a group is there, its seat is filled and drawn up to the
table, and its ward is lit; where it is missing, the seat is an outline of dashes
and stands back: neither colour nor dashes alone have to tell.

Colours come from the page (``.table-drawing``); the attributes here are what
shows without a style sheet. There is no style attribute: the content security
policy would refuse it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

# In the drawing's own units: a square of SIZE, the table in its middle.
SIZE = 240
MIDDLE = SIZE // 2
LARGEST = 14.0
MARGIN = 3.0
# In radii of a seat: how far neighbours are apart at least; from the middle of a
# filled seat to the edge of the drawing, and to the table's; how far an open one
# stands back; where a seat's own back is.
APART, OUTWARDS, TOP, BACKWARDS, BACK = 2.6, 2.15, 1.36, 0.55, 1.42
# In radii of the table: the lake's, and between which a ward lies. Of the whole
# that a seat has before it, a ward takes so much; the rest are streets.
LAKE, WARD_FROM, WARD_TO, WARD = 0.3, 0.44, 0.92, 0.9


@dataclass(frozen=True)
class Place:
    """A group's place at the table; ``taken`` where somebody of it is there."""

    label: str
    taken: bool


def at_the_table(places: Sequence[Place]) -> list[Place]:
    """Return the groups that are there."""
    return [place for place in places if place.taken]


def missing(places: Sequence[Place]) -> list[Place]:
    """Return the groups that are not there."""
    return [place for place in places if not place.taken]


def described(places: Sequence[Place]) -> str:
    """Say what the drawing shows, in words."""
    if not places:
        return _("No group has a seat here yet.")
    there, open_ = at_the_table(places), missing(places)
    if not open_:
        return _("Every group is at the table: %(groups)s.") % {"groups": _listed(there)}
    sentences = [_("Still open: %(groups)s.") % {"groups": _listed(open_)}]
    if there:
        sentences.insert(0, _("At the table: %(groups)s.") % {"groups": _listed(there)})
    return " ".join(sentences)


def _listed(places: Sequence[Place]) -> str:
    """Labels may hold commas, so semicolons part them."""
    return "; ".join(place.label for place in places)


def drawing(places: Sequence[Place], *, name: str = "table") -> SafeString:
    """Return the SVG. ``name`` begins the ids of its title and text: once in a page."""
    radius, ring = _measures(len(places))
    top = ring - TOP * radius
    ward = _ward(top, len(places))
    seats = format_html_join(
        "\n",
        '<g class="{}" transform="rotate({} {} {})"><title>{}</title>{}{}</g>',
        (
            (
                "taken" if place.taken else "open",
                _number(360 * number / len(places)),
                MIDDLE,
                MIDDLE,
                place.label,
                ward if place.taken else "",
                _seat(radius, MIDDLE - ring, taken=place.taken),
            )
            for number, place in enumerate(places)
        ),
    )
    return format_html(
        '<svg class="table-drawing" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        ' role="img" aria-labelledby="{name}-title {name}-text">'
        '<title id="{name}-title">{title}</title><desc id="{name}-text">{text}</desc>\n'
        '<circle class="top" cx="{middle}" cy="{middle}" r="{top}" fill="#123f45"/>'
        '<circle class="wards" cx="{middle}" cy="{middle}" r="{wards}" fill="none"'
        ' stroke="#245a61" stroke-width="{wide}" pathLength="{number}" stroke-dasharray="{ward}'
        ' {street}" stroke-dashoffset="{half}" transform="rotate(-90 {middle} {middle})"/>'
        '<circle class="edge" cx="{middle}" cy="{middle}" r="{lake}" fill="#0c3036"'
        ' stroke="#f6aaa1" stroke-opacity=".45"/>\n{seats}</svg>',
        size=SIZE,
        name=name,
        title=_("The table from above"),
        text=described(places),
        middle=MIDDLE,
        top=_number(top),
        wards=_number(top * (WARD_FROM + WARD_TO) / 2),
        wide=_number(top * (WARD_TO - WARD_FROM)),
        number=max(len(places), 1),
        ward=WARD,
        street=round(1 - WARD, 2),
        half=WARD / 2,
        lake=_number(top * LAKE),
        seats=seats,
    )


def _ward(top: float, number: int) -> SafeString:
    """Return the lit ward before the seat at the top of the drawing."""
    half = pi * WARD / max(number, 1)
    # One seat has nearly the whole round to itself.
    large = int(number == 1)
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = (
        (_number(MIDDLE + top * reach * sin(angle)), _number(MIDDLE - top * reach * cos(angle)))
        for reach, angle in (
            (WARD_TO, -half), (WARD_TO, half), (WARD_FROM, half), (WARD_FROM, -half),
        )
    )  # fmt: skip
    return format_html(
        '<path class="ward" d="M{} {}A{r} {r} 0 {large} 1 {} {}L{} {}A{s} {s} 0 {large} 0 {} {}Z"'
        ' fill="#c5cf7a"/>',
        *(x1, y1, x2, y2, x3, y3, x4, y4),
        r=_number(top * WARD_TO),
        s=_number(top * WARD_FROM),
        large=large,
    )


def _measures(number: int) -> tuple[float, float]:
    """Return a seat's radius, and how far from the middle the filled seats stand.

    Seats are as large as LARGEST, and shrink so that neighbours keep apart.
    """
    # The middles of neighbours lie 2 * ring * sin(pi / number) from each other.
    room = MIDDLE - MARGIN
    chord = 2 * sin(pi / number) if number > 1 else 2
    radius = min(LARGEST, room * chord / (APART + OUTWARDS * chord))
    return radius, room - OUTWARDS * radius


def _seat(radius: float, middle: float, *, taken: bool) -> SafeString:
    """Return one seat at the top of the drawing, ``middle`` below its edge, its back upwards."""
    dashes: str = ""
    if not taken:
        middle -= BACKWARDS * radius
        # As many whole dashes as look alike at every size.
        length = 5 * round(4 + radius / 3)
        dashes = format_html(' stroke-dasharray="3 2" pathLength="{}"', length)
    # The back reaches forty degrees to either side.
    back = BACK * radius
    side, height = back * sin(pi / 4.5), back * cos(pi / 4.5)
    return format_html(
        '<circle cx="{middle}" cy="{y}" r="{r}" fill="{fill}"{dashes} stroke="#a83a45"'
        ' stroke-width="{line}"/><path d="M{start} {top}a{back} {back} 0 0 1 {width} 0"'
        ' fill="none" stroke="#a83a45" stroke-width="{line}" stroke-linecap="round"/>',
        middle=MIDDLE,
        y=_number(middle),
        r=_number(radius * 0.92),
        fill="#f6aaa1" if taken else "none",
        dashes=dashes,
        line=_number(max(0.16 * radius, 1.3)),
        start=_number(MIDDLE - side),
        top=_number(middle - height),
        back=_number(back),
        width=_number(2 * side),
    )


def _number(value: float) -> str:
    """Return a number of the drawing, as short as it may be."""
    return f"{value:.1f}".removesuffix(".0")
