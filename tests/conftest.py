"""What every test may ask for."""

import pytest
from django.core.cache import caches
from django.utils import timezone

from events.registration import guards


@pytest.fixture(autouse=True)
def fresh_caches(request):
    """No test sees another's pages or counts."""
    caches["pages"].clear()
    yield
    caches["pages"].clear()


@pytest.fixture
def aged_forms(monkeypatch):
    """Forms may come back at once, as after the seconds a person needs to fill them in."""
    monkeypatch.setattr(guards, "LEAST_SECONDS", 0)
    monkeypatch.setattr("events.registration.forms.LEAST_SECONDS", 0)


@pytest.fixture
def nakuru(db):
    """The shipped event, loaded as `make run` loads it."""
    from events.models import Event
    from roundtable.content import ROUNDTABLE_2, load_event

    load_event(ROUNDTABLE_2, at=timezone.now())
    return Event.objects.get(slug="roundtable-2")
