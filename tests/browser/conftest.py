"""A real site and a real browser. Every test in this folder drives both."""

import json

import pytest

from roundtable.roles import Role
from tests.browser.axe import violations
from tests.browser.chromium import NoBrowser, launched
from tests.lacking import lacking
from tests.live import manage, site

# Signs somebody in on the running site; how people sign in has tests of its own.
SIGN_IN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
role = {role!r}
user, _ = User.objects.get_or_create(username=role, email=f"{{role[:3].lower()}}@example.org")
user.is_staff = True
user.save()
user.groups.set(Group.objects.filter(name=role))
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print("session", session.session_key)
"""


MAKE_ROWS = """
import json
from tests.browser.rows import make
print("rows", json.dumps(make()))
"""


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
        with launched() as browser:
            yield browser
    except NoBrowser as error:
        lacking("a browser", str(error))


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


@pytest.fixture
def axe(open_page):
    """Look for what keeps people out of a page: ``assert axe(page) == []``."""

    return lambda page: violations(page, open_page.complaints)


@pytest.fixture(scope="session")
def rows(live):
    """One of everything on the running site: the address of its page at the desk, by name."""
    done = manage("shell", "-v0", "-c", MAKE_ROWS, **live.settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.split("rows ", 1)[1])


@pytest.fixture(scope="session")
def session_of(live):
    """The cookie of somebody at the desk, by role: ``session_of(Role.EDITOR)``."""
    cookies = {}

    def session_of_(role):
        if role not in cookies:
            done = manage("shell", "-v0", "-c", SIGN_IN.format(role=str(role)), **live.settings)
            assert done.returncode == 0, done.stderr
            cookies[role] = done.stdout.split("session ")[1].strip()
        return {"name": "sessionid", "value": cookies[role], "url": live.origin}

    return session_of_


@pytest.fixture
def open_desk(open_page, session_of):
    """Open a page of the organisers' desk, signed in: ``open_desk("/admin/", width=360)``."""

    def open_(path="/admin/", *, role=Role.OWNER, **options):
        page = open_page("about:blank", **options)
        page.context.add_cookies([session_of(role)])
        page.goto(path)
        return page

    return open_
