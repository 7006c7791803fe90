import time

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User

from roundtable import settings as site_settings

EMAIL = "amina@example.org"


def make_person(email=EMAIL, **fields):
    """Somebody with an account whose address is confirmed, as signing up leaves it."""
    user = User(username=email, email=email, **fields)
    user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    return user


@pytest.fixture
def person(db):
    return make_person()


@pytest.fixture
def organiser(db):
    return make_person("organiser@example.org", is_staff=True, is_superuser=True)


@pytest.fixture(autouse=True)
def mails_go_to_the_outbox(settings):
    """As on a site; the test runner would keep them elsewhere."""
    settings.EMAIL_BACKEND = site_settings.EMAIL_BACKEND


@pytest.fixture
def on_the_internet(settings):
    """As with SITE_URL set: organisers need a second factor."""
    settings.LOCAL_INSTALL = False


class Clock:
    """Real time as processes read it, standing still until it is moved on."""

    def __init__(self):
        self.now = time.time()

    def shift(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("time.time", lambda: clock.now)
    return clock
