"""The Chromium that tests and pictures are made with."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class NoBrowser(Exception):
    """This machine has no browser to drive; the message says what it lacks."""


@contextlib.contextmanager
def launched() -> Iterator["Browser"]:
    """Yield a running browser, and end it whatever happens. Raises NoBrowser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowser("the package playwright is not installed") from error
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise NoBrowser("chromium is not installed")
    with sync_playwright() as playwright:
        # Chromium refuses its own sandbox to root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*arguments, "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()
