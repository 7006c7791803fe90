"""The drawing, read by an XML parser as a browser reads it."""

import re
from math import cos, hypot, pi, sin
from xml.etree import ElementTree as ET

import pytest

from events.registration.drawing import MIDDLE, SIZE, Place, described, drawing

SVG = "{http://www.w3.org/2000/svg}"
NASTY = '</title><script>x("1")</script>&amp; {0} %s مرحبا'


def places(number, *, taken=lambda place: place % 3 == 0):
    return [Place(f"Group {place}", taken(place)) for place in range(number)]


def parsed(groups, **options):
    return ET.fromstring(drawing(groups, **options))


def seats(image):
    """Each seat: its class, its label, its circle, and how far it is turned."""
    return [
        (
            seat.get("class"),
            seat.find(f"{SVG}title").text,
            seat.find(f"{SVG}circle"),
            float(re.fullmatch(r"rotate\((\S+) 120 120\)", seat.get("transform"))[1]),
        )
        for seat in image.findall(f"{SVG}g")
    ]


@pytest.mark.parametrize("number", [0, 1, 2, 12, 40])
def test_each_group_has_a_seat_filled_or_open(number):
    groups = places(number)
    image = parsed(groups)
    assert [(kind, label) for kind, label, _circle, _turn in seats(image)] == [
        ("taken" if group.taken else "open", group.label) for group in groups
    ]
    for kind, _label, circle, _turn in seats(image):
        dashed = circle.get("stroke-dasharray") is not None
        assert (circle.get("fill") == "none", dashed) == (kind == "open", kind == "open")


@pytest.mark.parametrize("number", [1, 2, 3, 5, 12, 18, 24, 40, 100])
@pytest.mark.parametrize("taken", [True, False, None])
def test_seats_keep_apart_from_each_other_from_the_table_and_within_the_drawing(number, taken):
    groups = places(number, taken=lambda place: place % 2 == 0 if taken is None else taken)
    image = parsed(groups)
    top = image.find(f"{SVG}circle[@class='top']")
    spots = []
    for _kind, _label, circle, turn in seats(image):
        distance = MIDDLE - float(circle.get("cy"))
        angle = turn * pi / 180
        radius = float(circle.get("r")) + float(circle.get("stroke-width")) / 2
        spots.append((distance * sin(angle), distance * cos(angle), radius))
        assert distance - radius > float(top.get("r"))
        assert distance + radius < MIDDLE
    for one, (x, y, r) in enumerate(spots):
        for other_x, other_y, other_r in spots[one + 1 :]:
            assert hypot(x - other_x, y - other_y) > r + other_r
    assert float(top.get("r")) > 30


def test_an_open_seat_stands_back_from_the_table():
    image = parsed([Place("A", True), Place("B", False)])
    taken, open_ = (float(circle.get("cy")) for _k, _l, circle, _t in seats(image))
    assert open_ < taken


def test_a_ward_is_lit_before_each_seat_that_is_taken():
    image = parsed(places(12))
    wards = [seat.findall(f"{SVG}path[@class='ward']") for seat in image.findall(f"{SVG}g")]
    assert [len(lit) for lit in wards] == [int(place % 3 == 0) for place in range(12)]
    assert 'ward"' not in drawing(places(12, taken=lambda _place: False))


def test_seats_stand_clockwise_from_the_top():
    assert [turn for *_rest, turn in seats(parsed(places(8)))] == [
        0, 45, 90, 135, 180, 225, 270, 315,
    ]  # fmt: skip


def test_the_text_says_what_the_drawing_shows():
    groups = [Place("Academia", True), Place("Health, planning", False), Place("UN", False)]
    image = parsed(groups, name="t")
    named = [image.find(f"*[@id='{key}']") for key in image.get("aria-labelledby").split()]
    assert [part.text for part in named] == [
        "The table from above",
        "At the table: Academia. Still open: Health, planning; UN.",
    ]
    assert (image.get("role"), image.get("viewBox")) == ("img", f"0 0 {SIZE} {SIZE}")


@pytest.mark.parametrize(
    ("groups", "text"),
    [
        ([], "No group has a seat here yet."),
        ([Place("A", True)], "Every group is at the table: A."),
        ([Place("A", False)], "Still open: A."),
        ([Place("A", False), Place("B", True)], "At the table: B. Still open: A."),
    ],
)
def test_the_text_in_each_case(groups, text):
    assert described(groups) == text


def test_labels_are_text_and_nothing_else():
    image = parsed([Place(NASTY, True), Place(NASTY, False)])
    assert {part.tag.removeprefix(SVG) for part in image.iter()} == {
        "svg", "title", "desc", "circle", "path", "g",
    }  # fmt: skip
    assert [label for _kind, label, *_rest in seats(image)] == [NASTY, NASTY]


@pytest.mark.parametrize("number", [0, 1, 12, 40])
def test_the_drawing_asks_for_nothing_the_policy_refuses(number):
    image = parsed(places(number))
    names = {name for part in image.iter() for name in part.attrib}
    assert not {name for name in names if name in {"style", "href"} or name.startswith("on")}
    assert not {"style", "script", "image"} & {part.tag.removeprefix(SVG) for part in image.iter()}


def test_same_places_same_drawing():
    assert drawing(places(12)) == drawing(places(12))
    assert drawing(places(12)) != drawing(places(12, taken=lambda _place: True))
    assert len(drawing(places(12))) < 6000
