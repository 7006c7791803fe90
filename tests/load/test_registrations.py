"""200 people register at once, 8 at a time, at a real site over real HTTP."""

import json
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest

from events.registration.guards import LEAST_SECONDS
from tests.live import PATIENCE, site, wait_until

PEOPLE = 200
AT_A_TIME = 8
PATH = "/events/roundtable-2/register/"
# What the site's own database tells of them, in one line of JSON.
COUNT = """
import json
from events.registration.models import Registration, SeatRequest
from events.registration.outbox.models import OutboxMail
print(json.dumps({
    "rows": Registration.objects.count(),
    "people": sorted(Registration.objects.values_list("email", flat=True)),
    "seats": SeatRequest.objects.filter(status="confirmed").count(),
    "mails": OutboxMail.objects.count(),
    "mailed": sorted(OutboxMail.objects.values_list("to", flat=True)),
    "states": sorted(set(OutboxMail.objects.values_list("state", flat=True))),
}))
"""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Hands a redirect back as it is, since the test is about that answer."""

    def redirect_request(self, *args):
        return None


class FormReader(HTMLParser):
    """Reads the fields of the page's form that a person finds filled in or may choose from."""

    def __init__(self):
        super().__init__()
        self.inside = False
        self.values = {}
        self.offered = {}
        self.select = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form" and given.get("method", "").lower() == "post":
            self.inside = True
        elif not self.inside:
            return
        elif tag == "select":
            self.select = given["name"]
        elif tag == "option" and self.select:
            self.offered.setdefault(self.select, []).append(given.get("value", ""))
            if "selected" in given:
                self.values[self.select] = given.get("value", "")
        elif tag == "input" and given.get("type") in {"radio", "checkbox"}:
            self.offered.setdefault(given["name"], []).append(given.get("value", "on"))
            if "checked" in given:
                self.values[given["name"]] = given.get("value", "on")
        elif tag in {"input", "textarea"} and given.get("name"):
            self.values[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "form":
            self.inside = False


def blank_form(origin):
    """Open the page as a browser does; return what its form holds, and what it offers."""
    with urllib.request.urlopen(origin + PATH, timeout=PATIENCE) as page:
        assert page.status == 200
        reader = FormReader()
        reader.feed(page.read().decode())
    return reader.values, reader.offered


def filled(values, offered, number):
    """Fill in what is required, each person somewhat differently."""

    def some(name):
        choices = [choice for choice in offered[name] if choice]
        return choices[number % len(choices)]

    return values | {
        "name": f"Participant {number}",
        "email": address(number),
        "mode": some("mode"),
        "group": some("group"),
        "country": "KE",
        "adult": offered["adult"][0],
        "code_of_conduct": offered["code_of_conduct"][0],
        "processing": offered["processing"][0],
    }


def address(number):
    return f"participant-{number:03}@example.org"


def send(origin, answers):
    """Press the button; return where it leads, or the status of what leads nowhere."""
    request = urllib.request.Request(
        origin + PATH,
        data=urllib.parse.urlencode(answers).encode(),
        headers={"Origin": origin},
    )
    try:
        urllib.request.build_opener(NoRedirect).open(request, timeout=PATIENCE)
    except urllib.error.HTTPError as answer:
        return answer.headers.get("Location", answer.code)
    return 200


@pytest.mark.slow
def test_200_people_register_8_at_a_time_and_each_has_one_row_and_one_mail():
    with site() as running, ThreadPoolExecutor(AT_A_TIME) as people:
        forms = list(people.map(lambda _: blank_form(running.origin), range(PEOPLE)))
        assert len({values["form_token"] for values, _ in forms}) == PEOPLE
        # Sooner, the site takes the sender for a robot.
        old_enough = time.monotonic() + LEAST_SECONDS
        wait_until(lambda: time.monotonic() > old_enough, "the forms have their least age")
        answers = [filled(*form, number) for number, form in enumerate(forms)]
        results = list(people.map(lambda answer: send(running.origin, answer), answers))
        assert results == [f"{PATH}done/"] * PEOPLE

        told = running.manage("shell", "--no-imports", "-c", COUNT)
        everybody = [address(number) for number in range(PEOPLE)]
        assert json.loads(told.stdout) == {
            "rows": PEOPLE,
            "people": everybody,
            "seats": PEOPLE,
            "mails": PEOPLE,
            "mailed": everybody,
            "states": ["kept"],
        }
        assert "Traceback" not in running.log.read_text()
        assert "ERROR" not in running.log.read_text()
