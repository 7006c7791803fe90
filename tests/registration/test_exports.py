"""The list as a file: read back as a spreadsheet reads it."""

import csv
import io
import re
import zipfile
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.registration import exports
from events.registration.models import PersonalDataAccess, Registration
from tests.factories import make_event, make_organiser, make_registration, make_voice
from tests.registration.crowd import make_crowd
from tests.registration.people import rows, words

pytestmark = pytest.mark.django_db
EXPORT = "/admin/registration/registration/export/"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
BASE = [
    "reference", "event", "name", "seats", "group", "organisation", "job_title", "country",
    "county", "language", "interpretation", "question", "registered",
]  # fmt: skip
NASTY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1", "＝1+1", "＋1", "－1", "＠x", "  =1+1",
    "a;=1+1", "a\n=1+1", '=HYPERLINK("http://example.org";"x")', "=cmd|' /C calc'!A0",
]  # fmt: skip
PLAIN = [
    "Wanjiru", "مرحبا بكم", "Ng'ang'a", "Mkutano wa jiji, ‘Nakuru’", 'He said "yes"', "a, b",
    "2 + 2 = 4", "e-mail", "x@example.org", "", "'quoted'", "1; 2",
]  # fmt: skip


@pytest.fixture
def organiser():
    client = Client()
    client.force_login(make_organiser())
    return client


def colleague(*permissions):
    user = User.objects.create_user("colleague", is_staff=True)
    for name in permissions:
        user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)
    return client


def export(client, *columns, kind="csv", **query):
    address = f"{EXPORT}?{urlencode(query)}" if query else EXPORT
    return client.post(address, {"columns": columns or ["name"], "format": kind})


def body(response):
    assert response.status_code == 200
    assert response.streaming
    return b"".join(response.streaming_content)


def read_csv(content):
    """The rows as a reader that keeps to RFC 4180 has them."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def read_xlsx(content):
    """The rows of the first sheet, and all the tags that stand in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))
        names = archive.namelist()
    found = []
    for row in sheet.iter(f"{SHEET}row"):
        cells = {}
        for cell in row.iter(f"{SHEET}c"):
            assert cell.get("t") == "inlineStr"
            column = re.match("[A-Z]+", cell.get("r")).group()
            cells[column] = "".join(text.text or "" for text in cell.iter(f"{SHEET}t"))
        found.append(
            [cells.get(column, "") for column in "ABCDEF"[: len(found[0]) if found else 6]]
        )
        if len(found) == 1:
            found[0] = [cell for cell in found[0] if cell]
    return found, {element.tag.removeprefix(SHEET) for element in sheet.iter()}, names


# What it says


def test_csv_as_excel_opens_it(organiser):
    event = make_event(number=2)
    registration = make_registration(
        event, name="Fátima عائشة", organisation='The "Table", Nakuru', county="032"
    )
    response = export(organiser, "name", "organisation", "seats", "country", "registered")
    content = body(response)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\n") == 2
    assert read_csv(content) == [
        ["Name", "Seat", "Organisation", "Country", "Registered"],
        [
            "Fátima عائشة", "In the room: Confirmed", 'The "Table", Nakuru', "Kenya",
            "2026-03-01 11:30 EAT",
        ],
    ]  # fmt: skip
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="registrations-\d{4}-\d\d-\d\d\.csv"',
        response["Content-Disposition"],
    )
    assert "no-store" in response["Cache-Control"]
    assert registration.event == event


def test_columns_are_called_as_the_persons_page_calls_them(organiser):
    make_registration(make_event())
    (head, _row) = read_csv(body(export(organiser, "interpretation", "question")))
    assert head == ["Interpretation into", "Question for the table"]


def test_xlsx_says_the_same(organiser):
    make_registration(make_event(), name="Fátima عائشة", organisation="00123")
    response = export(organiser, "name", "organisation", "country", kind="xlsx")
    found, _tags, _names = read_xlsx(body(response))
    assert found == [["Name", "Organisation", "Country"], ["Fátima عائشة", "00123", "Kenya"]]
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    assert "no-store" in response["Cache-Control"]


def test_every_column_is_filled(organiser):
    event = make_event(number=2)
    make_registration(
        event, phone="+254 700 000000", organisation="Naka", job_title="Chair", county="032",
        interpretation=["sw", "fr"], question="Who pays?",
        support={"captions": "I read lips.", "braille": ""},
        consents={"photographs": False, "participants_list": True},
    )  # fmt: skip
    names = [column.name for column in exports.COLUMNS]
    header, row = read_csv(body(export(organiser, *names)))
    assert dict(zip(names, row, strict=True)) == {
        "reference": Registration.objects.get().reference,
        "event": "Roundtable 2: Working together",
        "name": "Wanjiru Kamau", "seats": "In the room: Confirmed", "group": "Group cso",
        "organisation": "Naka", "job_title": "Chair", "country": "Kenya", "county": "Nakuru",
        "language": "en", "interpretation": "sw, fr", "question": "Who pays?",
        "registered": "2026-03-01 11:30 EAT", "email": "wanjiru@example.org",
        "phone": "'+254 700 000000", "participants_list": "yes", "photographs": "no",
        "support": "Live captions: I read lips.; Papers in Braille",
    }  # fmt: skip
    assert "" not in header


def test_filters_and_search_hold_for_the_file(organiser):
    event = make_event()
    make_registration(event, name="Room", email="a@example.org")
    make_registration(event, name="Online", email="b@example.org", mode="online")
    make_registration(make_event(), name="Elsewhere", email="c@example.org")
    for query, names in (
        ({}, ["Room", "Online", "Elsewhere"]),
        ({"event__id__exact": event.pk}, ["Room", "Online"]),
        ({"event__id__exact": event.pk, "seat": "online.confirmed"}, ["Online"]),
        ({"q": "elsew"}, ["Elsewhere"]),
        # Which page of the list and in what order is nothing to the file.
        ({"p": "7", "o": "-1", "all": ""}, ["Room", "Online", "Elsewhere"]),
    ):
        found = read_csv(body(export(organiser, "name", **query)))
        assert found[1:] == [[name] for name in names]


def test_somebody_whose_mails_go_to_another_has_that_address_in_the_file(organiser):
    contact = make_registration(make_event())
    Registration.objects.create(
        event=contact.event, contact=contact, name="Otieno", country="KE", group=contact.group
    )
    found = read_csv(body(export(organiser, "name", "email")))
    assert found[2] == ["Otieno", "wanjiru@example.org"]


# Safe from formulas


@pytest.mark.parametrize("text", NASTY)
def test_no_cell_of_a_csv_is_a_formula(text):
    (safe,) = read_csv(exports._lines([[exports.safe(text)]]))[0]
    for cell in re.split(r"[;\r\n\t]", safe):
        assert not re.match(r"\s*[=+\-@＝＋－＠]", cell)
    # Nothing but apostrophes was added.
    assert safe.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_stays_as_it_is(text):
    assert exports.safe(text) == text


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_people_type_is_no_formula_in_the_file(organiser, kind):
    event = make_event()
    for number, text in enumerate(NASTY):
        person = make_registration(event, email=f"p{number}@example.org")
        Registration.objects.filter(pk=person.pk).update(name=text, question=text)
    content = body(export(organiser, "name", "question", kind=kind))
    if kind == "csv":
        for row in read_csv(content)[1:]:
            for cell in row:
                assert not re.match(r"\s*[=+\-@＝＋－＠]", cell)
    else:
        found, tags, names = read_xlsx(content)
        assert tags.isdisjoint({"f", "hyperlink", "hyperlinks"})
        assert not [name for name in names if "externalLink" in name]
        # As it was typed: a cell that is text needs no apostrophe.
        typed = [text.replace("\r", "\n") for text in NASTY]
        assert [row[0].replace("_x000D_", "\n").replace("\r", "\n") for row in found[1:]] == typed


# Who may have what


def test_columns_are_those_of_the_role(organiser):
    make_registration(make_event(), voices=[make_voice("refugees", label="Refugees")])
    shown = words(colleague("export_registration").get(EXPORT))
    offered = re.findall(r'name="columns" value="(\w+)"', shown)
    assert offered == BASE
    shown = words(organiser.get(EXPORT))
    everything = re.findall(r'name="columns" value="(\w+)"', shown)
    assert everything == [*BASE, "email", "phone", "participants_list", "photographs", "support"]
    assert "voice" not in shown.lower()
    assert "refugees" not in shown.lower()


@pytest.mark.parametrize(
    ("permissions", "more"),
    [
        (["view_registration"], ["email", "phone"]),
        (["view_consent"], ["participants_list", "photographs"]),
        (["view_supportneed"], ["support"]),
    ],
)
def test_each_permission_brings_its_columns(permissions, more):
    shown = words(colleague("export_registration", *permissions).get(EXPORT))
    assert re.findall(r'name="columns" value="(\w+)"', shown) == [*BASE, *more]


@pytest.mark.parametrize("column", ["email", "phone", "support", "photographs"])
def test_a_column_one_may_not_have_is_refused_and_nothing_leaves(column):
    make_registration(make_event(), support={"captions": "I read lips."})
    response = export(colleague("export_registration"), "name", column)
    assert response.status_code == 200
    assert not response.streaming
    assert "Please choose from the list." in words(response)
    assert "Wanjiru" not in words(response)
    assert PersonalDataAccess.objects.count() == 0


@pytest.mark.parametrize("permissions", [[], ["view_registration", "change_registration"]])
def test_without_the_permission_there_is_no_export(permissions):
    make_registration(make_event())
    client = colleague(*permissions)
    assert client.get(EXPORT).status_code == export(client).status_code == 403
    if permissions:
        assert "export/" not in words(client.get("/admin/registration/registration/"))


def test_sensible_columns_are_ticked(organiser):
    shown = words(organiser.get(EXPORT))
    ticked = re.findall(r'name="columns" value="(\w+)"[^>]*checked', shown)
    assert ticked == [
        "event", "name", "seats", "group", "organisation", "job_title", "country", "county",
        "registered",
    ]  # fmt: skip


def test_a_link_exports_nothing_and_a_foreign_form_neither(organiser):
    make_registration(make_event())
    response = organiser.get(f"{EXPORT}?columns=name&format=csv")
    assert not response.streaming
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_organiser("second"))
    assert export(strict).status_code == 403
    assert PersonalDataAccess.objects.filter(what="export").count() == 0


# What is wrong


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"format": "csv"}, "Please choose at least one column."),
        ({"columns": ["voices"], "format": "csv"}, "Please choose from the list."),
        ({"columns": ["name\x00"], "format": "csv"}, "Please choose from the list."),
        ({"columns": ["name"]}, "Please choose a kind of file."),
        ({"columns": ["name"], "format": "exe"}, "Please choose from the list."),
    ],
)
def test_bad_input_is_told_and_ticks_stay(organiser, typed, sentence):
    before = rows()
    response = organiser.post(EXPORT, typed)
    assert response.status_code == 200
    assert sentence in words(response)
    assert rows() == before
    if typed.get("columns") == ["name"]:
        assert re.search(r'value="name"[^>]*checked', words(response))
        assert not re.search(r'value="event"[^>]*checked', words(response))


@pytest.mark.parametrize(
    "query", ["event__id__exact=abc", "voice_answers=1", "q=%00", "country=ZZ", "seat=x&p=abc"]
)
def test_strange_filters_are_no_fault(organiser, query):
    make_registration(make_event())
    assert organiser.get(f"{EXPORT}?{query}", follow=True).status_code == 200


# How much it costs


@pytest.mark.parametrize("number", [1, 3, 300])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_costs_a_constant_number_of_queries(
    organiser, number, kind, django_assert_num_queries
):
    make_crowd(number)
    columns = [column.name for column in exports.COLUMNS]
    with django_assert_num_queries(14):
        content = body(export(organiser, *columns, kind=kind))
    found = read_csv(content) if kind == "csv" else read_xlsx(content)[0]
    assert len(found) == number + 1


def test_export_goes_by_chunks_and_leaves_nobody_out(organiser, monkeypatch):
    make_crowd(25)
    monkeypatch.setattr(exports, "CHUNK", 10)
    with CaptureQueriesContext(connection) as queries:
        found = read_csv(body(export(organiser, "name")))
    assert [row[0] for row in found[1:]] == [f"Person {number} Kamau" for number in range(25)]
    monkeypatch.setattr(exports, "CHUNK", 5)
    assert len(queries) < 30
    assert len(read_csv(body(export(organiser, "name")))) == 26


# What is noted


def test_export_is_noted_before_it_leaves(organiser):
    event = make_event()
    make_registration(event)
    make_registration(event, email="b@example.org")
    query = {"event__id__exact": event.pk, "q": "wanjiru@"}
    response = export(organiser, "name", "support", **query)
    log = PersonalDataAccess.objects.get()
    assert (log.what, log.event, log.number, log.columns, log.by_name) == (
        "export", event, 1, ["name", "support"], "organiser",
    )  # fmt: skip
    assert log.filters == f"event__id__exact={event.pk}&q=…"
    body(response)
    export(organiser, "name", "support", **query)
    assert PersonalDataAccess.objects.count() == 2
