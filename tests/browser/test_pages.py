"""Every public page in a real browser: no complaint, no sideways scroll, no axe finding."""

import pytest

PAGES = [
    "/",
    "/events/",
    "/events/roundtable-2/",
    "/events/roundtable-2/concept-note/",
    "/events/roundtable-2/agenda/",
    "/events/roundtable-2/speakers/",
    "/speakers/communities/",
    "/events/roundtable-2/register/",
    "/events/roundtable-2/register/done/",
    "/events/roundtable-2/register/lost-link/",
    "/privacy/",
    "/accessibility/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_axe_finding(open_page, axe, path, scheme):
    assert axe(open_page(path, color_scheme=scheme)) == []


@pytest.mark.parametrize("path", PAGES)
def test_page_fits_320_pixels(open_page, path):
    page = open_page(path, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_front_page_is_small_and_asks_nobody_else(open_page, live):
    weights = {}
    page = open_page("about:blank")

    def note(response):
        sizes = response.request.sizes()
        weights[response.url] = sizes["responseBodySize"]

    page.on("requestfinished", lambda request: note(request.response()))
    page.goto("/")
    page.wait_for_load_state("networkidle")
    assert all(url.startswith(live.origin) for url in weights)
    assert len(weights) <= 4, weights
    assert sum(weights.values()) <= 14 * 1024, weights
