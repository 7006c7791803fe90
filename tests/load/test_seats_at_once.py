"""200 people want 20 seats at the same moment, at a real site over real HTTP."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from events.registration.guards import LEAST_SECONDS
from tests.live import manage, site, wait_until
from tests.load.test_registrations import PATH, blank_form, filled, send

PEOPLE, SEATS = 200, 20
# As many as the two workers answer at once, and more who stand behind them.
AT_A_TIME = 40

LIMIT = f"""
from events.registration.models import Quota
Quota.objects.filter(mode="in_room").update(seats={SEATS})
Quota.objects.filter(mode="online").delete()
"""
COUNT = """
import json
from collections import Counter
from events.registration.models import SeatRequest
from events.registration.outbox.models import OutboxMail
rows = list(SeatRequest.objects.order_by("pk").values_list("status", flat=True))
print(json.dumps({"in turn": rows, "mails": OutboxMail.objects.count()}))
"""
# Every second person who has a seat gives it up, while others still come.
GIVE_UP = """
import time
from django.utils import timezone
from events import clock
from events.registration import rules
from events.registration.models import Registration, SeatRequest
given_up = 0
deadline = time.monotonic() + 80
while given_up < 30 and time.monotonic() < deadline:
    row = SeatRequest.objects.filter(status="confirmed").order_by("?").first()
    if row is None:
        time.sleep(0.05)
        continue
    registration = Registration.objects.with_details().get(pk=row.registration_id)
    given_up += rules.cancel(registration, now=clock.now(), at=timezone.now())
print("given up", given_up)
"""


def everybody(running, people):
    """Open the form for everybody, and fill it in."""
    forms = list(people.map(lambda _: blank_form(running.origin), range(PEOPLE)))
    # Sooner, the site takes the sender for a robot.
    old_enough = time.monotonic() + LEAST_SECONDS
    wait_until(lambda: time.monotonic() > old_enough, "the forms have their least age")
    return [filled(*form, number) for number, form in enumerate(forms)]


def told(running):
    done = running.manage("shell", "--no-imports", "-c", COUNT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def clean(running):
    log = running.log.read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log


@pytest.fixture
def running():
    with site(WEB_CONCURRENCY="2") as found:
        done = manage("shell", "-v0", "-c", LIMIT, **found.settings)
        assert done.returncode == 0, done.stderr
        yield found


@pytest.mark.slow
def test_200_at_once_for_20_seats_are_20_confirmed_180_waiting_and_no_error(running):
    with ThreadPoolExecutor(AT_A_TIME) as people:
        answers = everybody(running, people)
        results = list(people.map(lambda answer: send(running.origin, answer), answers))
    assert results == [f"{PATH}done/"] * PEOPLE
    assert told(running) == {
        "in turn": ["confirmed"] * SEATS + ["waiting"] * (PEOPLE - SEATS),
        "mails": PEOPLE,
    }
    clean(running)


@pytest.mark.slow
def test_the_same_while_30_give_up_their_seats_and_others_move_up(running):
    with ThreadPoolExecutor(AT_A_TIME + 1) as people:
        answers = everybody(running, people)
        giving_up = people.submit(running.manage, "shell", "-v0", "-c", GIVE_UP)
        results = list(people.map(lambda answer: send(running.origin, answer), answers))
    assert results == [f"{PATH}done/"] * PEOPLE
    assert giving_up.result().stdout.strip() == "given up 30", giving_up.result().stderr
    rows = told(running)["in turn"]
    assert {status: rows.count(status) for status in set(rows)} == {
        "confirmed": SEATS, "cancelled": 30, "waiting": PEOPLE - SEATS - 30,
    }  # fmt: skip
    # Whoever waits asked later than everybody who has, or had, a seat.
    assert rows.index("waiting") == SEATS + 30
    clean(running)
