"""Who is at the table, in a real browser: on the desk and on the event's page."""

import pytest

from roundtable.roles import Role

# One group has come, the others of the note are missing. Groups that other tests
# on this site make are none of the note's.
SLUG = "who-is-at-the-table"
PREPARE = f"""
from speakers.models import StakeholderGroup
from tests.factories import make_event, make_registration
event = make_event(slug="{SLUG}", settings={{"shows_open_seats": True}})
group = StakeholderGroup.objects.get(code="academia")
make_registration(event, email="table@example.org", group=group)
print("event", event.pk)
"""
OPEN, TAKEN = ".table-drawing .open", ".table-drawing .taken"


@pytest.fixture(scope="module")
def table(live):
    """The address of the table's page on the desk, of an event that invites."""
    done = live.manage("shell", "-v0", "-c", PREPARE)
    assert done.returncode == 0, done.stderr
    return f"/admin/events/event/{done.stdout.split()[-1]}/table/"


def spills(page):
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth") > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("look", [{"width": 360}, {"width": 1280},
                                  {"width": 1280, "role": Role.ACCESS_OFFICER}])  # fmt: skip
def test_the_desk_s_page(open_desk, axe, table, look, scheme):
    page = open_desk(table, color_scheme=scheme, **look)
    assert page.locator("#content h1").inner_text() == "Who is at the table"
    assert not spills(page)
    assert axe(page) == []
    drawn = page.locator(".table-drawing").bounding_box()
    assert 150 < drawn["width"] == drawn["height"] <= 300
    assert page.locator(TAKEN).count() == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_wishes_without_javascript(open_desk, table, width):
    page = open_desk(table, width=width, javascript=False)
    page.get_by_label("Wished for: Private sector").fill("-2")
    page.get_by_label("Wished for: Other").fill("3")
    page.get_by_role("button", name="Save the wishes").click()
    field = page.get_by_label("Wished for: Private sector")
    assert field.input_value() == "-2"
    assert page.get_by_label("Wished for: Other").input_value() == "3"
    assert page.get_by_text("Give a whole number from 0 to 999.").count() == 1
    field.fill("2")
    page.get_by_role("button", name="Save the wishes").click()
    assert page.get_by_text("The wishes for the table are saved.").count() == 1
    assert page.get_by_label("Wished for: Private sector").input_value() == "2"
    # As they were, for the other width.
    page.get_by_label("Wished for: Private sector").fill("1")
    page.get_by_label("Wished for: Other").fill("1")
    page.get_by_role("button", name="Save the wishes").click()


def test_from_the_desk_to_the_table_and_its_file(open_desk, table):
    page = open_desk(width=360)
    page.get_by_role("link", name="Who is at the table").click()
    page.get_by_role("heading", name="Who is at the table").wait_for()
    page.goto(table)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Take it as a file (CSV)").click()
    assert downloading.value.suggested_filename.startswith(f"table-{SLUG}-")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_event_s_page(open_page, axe, table, width, scheme):
    page = open_page(f"/events/{SLUG}/", width=width, color_scheme=scheme)
    section = page.get_by_role("region", name="At the table")
    invited = section.get_by_role("listitem").all_inner_texts()
    assert "Private sector" in invited
    assert "Academia or research" not in invited
    assert (page.locator(OPEN).count(), page.locator(TAKEN).count()) == (len(invited), 1)
    image = page.get_by_role("img", name="The table from above")
    assert image.count() == 1
    assert image.bounding_box()["width"] >= 130
    assert not spills(page)
    assert axe(page) == []


@pytest.mark.parametrize("look", [{"forced_colors": "active"}, {"media": "print"}, {}])
def test_open_seats_look_open_everywhere(open_page, table, look):
    media = look.pop("media", None)
    page = open_page(f"/events/{SLUG}/", width=800, **look)
    if media:
        page.emulate_media(media=media)
    looks = page.evaluate(
        """() => ['.open circle', '.taken circle'].map(name => {
            const look = getComputedStyle(document.querySelector('.table-drawing ' + name));
            return [look.fill, look.strokeDasharray];
        })"""
    )
    (open_fill, open_dashes), (taken_fill, taken_dashes) = looks
    assert (open_fill, taken_dashes) == ("none", "none")
    assert "none" not in {taken_fill, open_dashes}
    assert page.locator(".table-drawing").is_visible()


def test_the_event_s_page_stays_small(open_page, table):
    weights = {}
    page = open_page("about:blank")

    def note(response):
        weights[response.url] = response.request.sizes()["responseBodySize"]

    page.on("requestfinished", lambda request: note(request.response()))
    page.goto(f"/events/{SLUG}/")
    page.wait_for_load_state("networkidle")
    assert len(weights) <= 4, weights
    assert sum(weights.values()) <= 14 * 1024, weights
