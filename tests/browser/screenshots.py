"""Pictures of every page (`make screenshots`): three widths, light and dark, and on paper.

Starts the real site on a data folder of its own, fills it with what is hard on
a page, and writes to ``var/screenshots/``. Only pages whose name begins with a
given word: ``python -m tests.browser.screenshots much``.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser.chromium import NoBrowser, launched
from tests.live import ROOT, Site, site

FOLDER = ROOT / "var" / "screenshots"
WIDTHS = (360, 768, 1280)
MAKE = """
import json
from tests.browser.scenes import make
print("scenes", json.dumps(make()))
"""
EVENT = "/events/roundtable-2/"
PAGES = {
    "front": "/",
    "event": EVENT,
    "concept-note": f"{EVENT}concept-note/",
    "agenda": f"{EVENT}agenda/",
    "speakers": f"{EVENT}speakers/",
    "profile": "/speakers/communities/",
    "events": "/events/",
    "register": f"{EVENT}register/",
    "register-errors": f"{EVENT}register/",
    "register-done": f"{EVENT}register/done/",
    "lost-link": f"{EVENT}register/lost-link/",
    "seats": f"{EVENT}seats/",
    "privacy": "/privacy/",
    "accessibility": "/accessibility/",
    "not-found": "/nowhere/",
}
# Those that somebody prints, and those where colours are the reader's own.
ON_PAPER = ("front", "concept-note", "agenda", "speakers", "much", "much-agenda", "manage-holds")
FORCED = ("front", "agenda", "register-errors", "manage-holds")


def main(wanted: str = "") -> int:
    """Take the pictures; return how it ended."""
    with launched() as browser, site() as running:
        done = running.manage("shell", "-v0", "-c", MAKE)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return 1
        pages = {**PAGES, **json.loads(done.stdout.split("scenes ", 1)[1])}
        pages = {name: path for name, path in pages.items() if name.startswith(wanted)}
        if not wanted:
            shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        faults = 0
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
                faults += take(browser, running, pages, f"{width}-{scheme}", look)
        some = {name: path for name, path in pages.items() if name in FORCED}
        faults += take(browser, running, some, "forced", {"forced_colors": "active"})
        printed(browser, running, {n: path for n, path in pages.items() if n in ON_PAPER})
    print(f"{len(list(FOLDER.iterdir()))} pictures in {FOLDER}")
    if faults:
        print(f"{faults} of them scroll sideways.", file=sys.stderr)
    return 1 if faults else 0


def take(
    browser: Browser, running: Site, pages: Mapping[str, str], suffix: str, look: Mapping[str, Any]
) -> int:
    """Take one picture of each page; return how many of them scroll sideways."""
    context = browser.new_context(base_url=running.origin, reduced_motion="reduce", **look)
    page, faults = context.new_page(), 0
    for name, path in pages.items():
        show(page, name, path)
        page.screenshot(path=FOLDER / f"{name}-{suffix}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            print(f"{name} at {suffix} scrolls sideways")
            faults += 1
    context.close()
    return faults


def printed(browser: Browser, running: Site, pages: Mapping[str, str]) -> None:
    """Print pages as the browser would."""
    context = browser.new_context(base_url=running.origin)
    page = context.new_page()
    for name, path in pages.items():
        show(page, name, path)
        page.pdf(path=FOLDER / f"{name}-printed.pdf", format="A4")
    context.close()


def show(page: Page, name: str, path: str) -> None:
    """Open the page, and bring it where its name says."""
    page.goto(path)
    if name == "register-errors":
        page.locator("form .button").click()
        page.get_by_role("alert").wait_for()


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:2]))
    except NoBrowser as error:
        sys.exit(f"roundtable: there is no browser to take pictures with: {error}.")
