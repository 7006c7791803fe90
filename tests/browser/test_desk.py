"""The organisers' desk in a real browser, on a phone and on a wide screen."""

import pytest

# Lists and forms that every install has rows for.
PAGES = [
    "/admin/",
    "/admin/events/event/",
    "/admin/events/agendaitem/",
    "/admin/events/conceptnote/",
    "/admin/events/venue/add/",
    "/admin/events/series/add/",
    "/admin/speakers/speaker/",
    "/admin/speakers/stakeholdergroup/",
    "/admin/speakers/voice/",
    "/admin/registration/registration/",
    "/admin/registration/registration/export/",
    "/admin/registration/personaldataaccess/",
    "/admin/outbox/outboxmail/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
]


@pytest.mark.parametrize("path", PAGES)
def test_page_of_the_desk_fits_a_phone_and_keeps_the_policy(open_desk, path):
    page = open_desk(path, width=360)
    assert page.locator("#content h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_of_the_desk_has_no_axe_finding(open_desk, open_page, path, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_desk(path, width=1280, color_scheme=scheme)
    assert open_page.complaints == []
    found = Axe().run(page)
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]] == []
    # What axe itself tries on the page, the content security policy refuses.
    open_page.complaints[:] = [
        line for line in open_page.complaints if "Applying inline style" not in line
    ]


def test_from_the_first_page_to_the_event_and_back(open_desk):
    page = open_desk(width=360)
    page.get_by_role("link", name="Event and agenda").click()
    assert page.locator("#id_title").input_value().startswith("Working together")
    page.get_by_role("link", name="Organisers' desk").click()
    page.get_by_role("link", name="View on site").click()
    assert page.locator("h1").inner_text().startswith("Working together")


def test_signing_out_closes_the_desk(open_desk, live):
    from roundtable.roles import Role

    # Nobody else here is read-only: signing out ends that session for good.
    page = open_desk(role=Role.READ_ONLY)
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/")
    assert page.url.startswith(f"{live.origin}/accounts/login/")
