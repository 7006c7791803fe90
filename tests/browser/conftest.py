"""A real site and a real browser. Every test in this folder drives both."""

import os
import shutil

import pytest

from tests.lacking import lacking
from tests.live import site


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def live():
    """The Nakuru event as `make run` serves it."""
    with site() as running:
        yield running


@pytest.fixture(scope="session")
def chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("a browser", "the package playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        lacking("a browser", "chromium is not installed")
    with sync_playwright() as playwright:
        # Chromium refuses its own sandbox to root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*arguments, "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live):
    """Open a page of the site in a window of its own: ``open_page("/", width=360)``.

    Fails the test for anything the browser complains of: a script's error, a
    file that is missing, something the content security policy refused.
    """
    contexts = []
    complaints = []

    def open_(path="/", *, javascript=True, width=360, height=780, **options):
        context = chromium.new_context(
            base_url=live.origin,
            java_script_enabled=javascript,
            viewport={"width": width, "height": height},
            accept_downloads=True,
            **options,
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else 0)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    open_.complaints = complaints
    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
