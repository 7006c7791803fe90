from datetime import timedelta

import pytest
from django.core import signing
from django.test import RequestFactory
from django.utils import timezone

from events.registration import guards
from events.registration.guards import (
    client_address,
    comes_from_our_page,
    household,
    new_form_token,
    over_the_limit,
    read_form_token,
)

SENDER = "203.0.113.7"


def a_post(address=SENDER, **headers):
    return RequestFactory(REMOTE_ADDR=address).post("/", headers=headers)


# Form tokens


def test_form_token_tells_its_form_and_age():
    token = read_form_token(new_form_token())
    assert len(token.submission) == 22
    assert 0 <= token.seconds_old < 60


def test_every_form_has_a_token_of_its_own():
    tokens = {read_form_token(new_form_token()).submission for _ in range(100)}
    assert len(tokens) == 100


def test_form_token_never_expires(monkeypatch):
    token = new_form_token()
    later = timezone.now() + timedelta(days=730)
    monkeypatch.setattr(guards.timezone, "now", lambda: later)
    read = read_form_token(token)
    assert timedelta(seconds=read.seconds_old).days >= 729


def test_form_token_outlives_a_changed_key(settings):
    token = new_form_token()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, long enough to be one, made for this test alone"
    assert read_form_token(token).submission


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: "nonsense",
        lambda token: "a:b:c",
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token[1:],
        lambda token: token + "\x00",
        lambda token: token + "é",
        lambda token: token * 10_000,
        lambda token: signing.dumps({"submission": "x", "at": 0.0}, salt="another salt"),
        lambda token: signing.dumps({"at": 0.0}, salt=guards.SALT),
        lambda token: signing.dumps({"submission": "x"}, salt=guards.SALT),
        lambda token: signing.dumps({"submission": "x", "at": "noon"}, salt=guards.SALT),
        lambda token: signing.dumps(["x"], salt=guards.SALT),
    ],
)
def test_form_token_that_is_not_ours_is_refused(spoil):
    assert read_form_token(spoil(new_form_token())) is None


def test_form_token_of_another_key_is_refused(settings):
    token = new_form_token()
    settings.SECRET_KEY = "another key, long enough to be one, made for this test alone"
    assert read_form_token(token) is None


# Where a post comes from

OURS, THEIRS, NULL = "http://testserver", "https://evil.example", "null"


@pytest.mark.parametrize(
    ("fetch_site", "origin", "ours", "ours_by_secret_address"),
    [
        (None, None, True, True),
        (None, OURS, True, True),
        (None, "https://testserver", True, True),
        (None, THEIRS, False, False),
        (None, "http://testserver.evil.example", False, False),
        (None, "http://testserver:8080", False, False),
        (None, "http://testserver@evil.example", False, False),
        (None, "http://[", False, False),
        (None, "//", False, False),
        (None, "", False, False),
        (None, "nonsense", False, False),
        (None, NULL, False, True),
        ("same-origin", None, True, True),
        ("same-origin", OURS, True, True),
        ("same-origin", NULL, True, True),
        ("none", NULL, True, True),
        ("same-site", OURS, False, False),
        ("same-site", None, False, False),
        ("cross-site", None, False, False),
        ("cross-site", THEIRS, False, False),
        ("cross-site", NULL, False, False),
        ("cross-site", OURS, False, False),
        ("nonsense", OURS, False, False),
    ],
)
def test_where_a_post_comes_from(fetch_site, origin, ours, ours_by_secret_address):
    given = {"sec-fetch-site": fetch_site, "origin": origin}
    request = a_post(**{name: value for name, value in given.items() if value is not None})
    assert comes_from_our_page(request) is ours
    assert comes_from_our_page(request, secret_address=True) is ours_by_secret_address


# Whose post it is


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, SENDER),
        (0, "198.51.100.1", SENDER),
        (0, "198.51.100.1, 198.51.100.2", SENDER),
        (1, None, SENDER),
        (1, "", SENDER),
        (1, " , ", SENDER),
        (1, "198.51.100.1", "198.51.100.1"),
        # What the sender wrote there himself stands further left and is not believed.
        (1, "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        (1, "192.0.2.66,192.0.2.67,  198.51.100.1 ", "198.51.100.1"),
        (2, "198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "192.0.2.66, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "198.51.100.1"),
        (2, None, SENDER),
    ],
)
def test_client_address_believes_as_many_proxies_as_are_set(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    assert client_address(a_post(**headers)) == address


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        # IPv4 as a server writes it that listens on both.
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.8", "203.0.113.8"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_one_line_counts_once_whatever_its_addresses(address, counted):
    assert household(address) == counted


# How many


@pytest.mark.django_db
def test_limit_lets_so_many_through_and_no_more():
    request = a_post()
    over = [over_the_limit(request, scope="test", limit=3) for _ in range(5)]
    assert over == [False, False, False, True, True]


@pytest.mark.django_db
def test_limit_counts_each_address_and_scope_for_itself():
    assert not over_the_limit(a_post(), scope="test", limit=1)
    assert over_the_limit(a_post(), scope="test", limit=1)
    assert not over_the_limit(a_post("203.0.113.8"), scope="test", limit=1)
    assert not over_the_limit(a_post(), scope="other", limit=1)


@pytest.mark.django_db
def test_limit_is_not_escaped_by_another_address_of_the_same_line():
    assert not over_the_limit(a_post("2001:db8:1:2::1"), scope="test", limit=1)
    assert over_the_limit(a_post("2001:db8:1:2::2"), scope="test", limit=1)


@pytest.mark.django_db
def test_limit_is_not_escaped_by_a_made_up_header():
    assert not over_the_limit(a_post(), scope="test", limit=1)
    assert over_the_limit(a_post(**{"x-forwarded-for": "192.0.2.1"}), scope="test", limit=1)


@pytest.mark.django_db
def test_limit_begins_anew_in_the_next_hour(monkeypatch):
    assert not over_the_limit(a_post(), scope="test", limit=1)
    assert over_the_limit(a_post(), scope="test", limit=1)
    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(guards.timezone, "now", lambda: later)
    assert not over_the_limit(a_post(), scope="test", limit=1)


@pytest.mark.django_db
def test_limit_is_not_forgotten_while_very_many_others_are_counted():
    """A flood from many addresses does not push out what was counted before."""
    assert not over_the_limit(a_post(), scope="test", limit=1)
    for number in range(400):
        over_the_limit(a_post(f"2001:db8:{number:x}::1"), scope="test", limit=1)
    assert over_the_limit(a_post(), scope="test", limit=1)
    assert over_the_limit(a_post("2001:db8:0::1"), scope="test", limit=1)
