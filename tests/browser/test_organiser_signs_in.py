"""The organiser's way in, in a real browser: the printed link, a second factor, the desk."""

import re
from dataclasses import replace

import pytest

from tests.live import site
from tests.signing_in import app_code

EMAIL = "amina@example.org"


@pytest.fixture
def live():
    """A site of its own, on which nobody is organiser yet."""
    with site() as running:
        # Passkeys belong to a name, which an address in figures is not.
        yield replace(running, origin=running.origin.replace("127.0.0.1", "localhost"))


@pytest.fixture
def link(live):
    """The link that `make run` printed."""
    return re.search(r"open this once: (\S+)", live.log.read_text())[1]


def add_authenticator(page):
    """Give the browser a device that knows its owner by a touch (WebAuthn, by CDP)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    answer = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def refuse_touch():
        session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": answer["authenticatorId"], "isUserVerified": False},
        )

    return refuse_touch


def fits(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def become_organiser(page, link):
    page.goto(link)
    page.get_by_label("Your email address").fill(EMAIL)
    page.get_by_role("button", name="Begin").click()


def set_up_app(page):
    """Set up the authenticator app; return the recovery codes that are shown then."""
    page.get_by_role("link", name="Set up the app").click()
    secret = page.locator("#authenticator_secret").inner_text()
    page.get_by_label("Authenticator code").fill(app_code(secret))
    page.get_by_role("button", name="Turn it on").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    return secret, page.locator(".codes code").all_inner_texts()


def sign_out(page):
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("/")


def ask_for_code(page):
    """Sign in with the code that is mailed, which a local install keeps."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_role("heading", name="Your code").wait_for()
    box = page.context.new_page()
    box.goto("/outbox/")
    box.get_by_role("link", name="Your code to sign in").first.click()
    code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", box.locator("main").inner_text())[0]
    box.close()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Go on").click()


@pytest.mark.parametrize("width", [360, 1280])
def test_from_the_printed_link_through_a_second_factor_to_the_desk(open_page, live, link, width):
    page = open_page("about:blank", width=width)
    become_organiser(page, link)
    assert page.url == f"{live.origin}/accounts/2fa/"
    fits(page, width)
    _secret, codes = set_up_app(page)
    assert (len(codes), len(set(codes))) == (10, 10)
    fits(page, width)
    page.get_by_role("link", name="I have kept them: go on").click()
    assert page.url == f"{live.origin}/admin/"

    # A passkey beside it, then out, and straight in again by it.
    add_authenticator(page)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("What to call it").fill("My phone")
    page.get_by_role("button", name="Add it").click()
    page.get_by_text("The passkey is added.").wait_for()
    page.get_by_role("link", name="Your passkeys").click()
    page.get_by_role("heading", name="My phone").wait_for()
    sign_out(page)
    page.goto("/admin/events/event/")
    assert page.url == f"{live.origin}/accounts/login/?next=%2Fadmin%2Fevents%2Fevent%2F"
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("/admin/events/event/")

    # Without the phone: a recovery code, once.
    sign_out(page)
    for expected in ("/admin/", "/accounts/2fa/authenticate/"):
        ask_for_code(page)
        page.get_by_role("heading", name="Your second step").wait_for()
        page.get_by_label("Code").fill(codes[0])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_load_state()
        assert page.url == live.origin + expected
        if expected == "/admin/":
            sign_out(page)
    assert "This is not the code." in page.locator(".errors").inner_text()


def test_on_a_local_install_the_second_factor_can_wait(open_page, live, link):
    page = open_page("about:blank", javascript=False)
    become_organiser(page, link)
    page.get_by_role("link", name="Not now: go to the organisers' desk").click()
    assert page.url == f"{live.origin}/admin/"


def test_passkey_that_is_stopped_is_told_on_the_page(open_page, live, link):
    page = open_page("about:blank")
    become_organiser(page, link)
    refuse_touch = add_authenticator(page)
    refuse_touch()
    page.goto("/accounts/2fa/webauthn/add/")
    trouble = page.get_by_role("alert")
    assert trouble.count() == 0
    page.get_by_role("button", name="Add it").click()
    trouble.wait_for()
    assert "That did not work, or was stopped." in trouble.inner_text()
    assert page.url == f"{live.origin}/accounts/2fa/webauthn/add/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_signing_in_fit_a_phone_and_have_no_axe_finding(
    open_page, axe, live, link, scheme
):
    page = open_page("about:blank", color_scheme=scheme, reduced_motion="reduce")
    add_authenticator(page)
    found = {}

    def look(path=None):
        if path:
            page.goto(path)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 780})
            fits(page, width)
        found[page.url.removeprefix(live.origin)] = axe(page)

    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/inactive/"):
        look(path)
    become_organiser(page, link)
    look()
    page.get_by_role("link", name="Set up the app").click()
    look()
    page.goto("/accounts/2fa/")
    set_up_app(page)
    look()
    look("/accounts/2fa/webauthn/add/")
    page.get_by_role("button", name="Add it").click()
    page.get_by_text("The passkey is added.").wait_for()
    look()
    for path in (
        "/accounts/", "/accounts/email/", "/accounts/reauthenticate/", "/accounts/logout/",
        "/accounts/2fa/totp/deactivate/", "/accounts/2fa/recovery-codes/generate/",
        "/accounts/2fa/webauthn/", "/accounts/2fa/reauthenticate/",
        "/accounts/2fa/webauthn/reauthenticate/",
    ):  # fmt: skip
        look(path)
    for name in ("Rename", "Remove"):
        page.goto("/accounts/2fa/webauthn/")
        page.get_by_role("link", name=name).click()
        look()
    sign_out(page)
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").fill("WRON-GONE")
    page.get_by_role("button", name="Go on").click()
    look()
    page.get_by_role("button", name="Stop here").click()
    page.wait_for_url("/accounts/login/")
    ask_for_code(page)
    page.get_by_role("heading", name="Your second step").wait_for()
    look()
    assert len(found) == 20
    assert {path: findings for path, findings in found.items() if findings} == {}
