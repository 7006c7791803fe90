"""What people type, and what they get by mail."""

import html
from html.parser import HTMLParser
from urllib.parse import urlencode

from django.http import QueryDict
from django.test import Client

from events.registration.guards import new_form_token
from events.registration.models import (
    Answer,
    Attendant,
    Consent,
    HistoryEntry,
    Question,
    Quota,
    Registration,
    RegistrationSettings,
    SeatRequest,
    SupportNeed,
    VoiceAnswer,
)
from events.registration.outbox.models import OutboxMail
from events.registration.outbox.rules import message_of

OUR_PAGE = {"headers": {"sec-fetch-site": "same-origin", "origin": "http://testserver"}}


class Browser(Client):
    """Sends forms as browsers do, keeps cookies, and is trusted with nothing."""

    def __init__(self):
        super().__init__(enforce_csrf_checks=True)

    def post(self, path, typed=None, **extra):
        return super().post(
            path,
            urlencode(typed or {}, doseq=True),
            content_type="application/x-www-form-urlencoded",
            **extra,
        )


def words(response):
    """The page's HTML with its entities as a person reads them."""
    return html.unescape(response.content.decode())


def headers(response):
    return {name: value for name, value in response.headers.items() if name != "Content-Length"}


def answers(**changes):
    """A form with what is required, filled in by a person; None takes an answer away."""
    typed = {
        "name": "Wanjiru Kamau",
        "email": "wanjiru@example.org",
        "mode": "in_room",
        "group": "cso",
        "country": "KE",
        "adult": "on",
        "code_of_conduct": "on",
        "processing": "on",
        "form_token": new_form_token(),
        **changes,
    }
    return {name: value for name, value in typed.items() if value is not None}


def posted(typed):
    """The same as a browser sends it."""
    data = QueryDict(mutable=True)
    for name, value in typed.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def outbox():
    """The mails written so far, the oldest first."""
    return list(OutboxMail.objects.order_by("pk"))


def mails(to=None):
    """The messages written so far, the oldest first, to everybody or to one address."""
    return [message_of(mail) for mail in outbox() if to in {None, mail.to}]


def last_mail():
    return mails()[-1]


def text_of(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(message):
    return message.get_body(("html",)).get_content().replace("\r\n", "\n")


def calendar_parts(message):
    """The calendar files in a mail: as an alternative, and as an attachment."""
    return [part for part in message.walk() if part.get_content_type() == "text/calendar"]


def calendar_lines(file):
    """The content lines of a calendar file or of a mail's, unfolded (RFC 5545, 3.1)."""
    content = file if isinstance(file, bytes) else calendar_parts(file)[0].get_payload(decode=True)
    return content.decode().replace("\r\n ", "").split("\r\n")


def rows():
    """All that this room and its outbox hold, to compare before and after."""
    models = (
        Registration, SeatRequest, Consent, SupportNeed, VoiceAnswer, Quota, RegistrationSettings,
        HistoryEntry, OutboxMail, Question, Answer, Attendant,
    )  # fmt: skip
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


class FormReader(HTMLParser):
    """Reads what the page's post forms hold, as a browser would send it back."""

    def __init__(self):
        super().__init__()
        self.held = {}
        self.inside = False
        self.select = self.textarea = None

    def hold(self, name, value):
        self.held.setdefault(name, []).append(value)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.inside = given.get("method") == "post"
        elif not self.inside:
            return
        elif tag == "select":
            self.select = given["name"]
        elif tag == "option" and "selected" in given:
            self.hold(self.select, given["value"])
        elif tag == "textarea":
            self.textarea = given["name"]
            self.hold(self.textarea, "")
        elif tag == "input" and (given["type"] not in {"radio", "checkbox"} or "checked" in given):
            self.hold(given["name"], given.get("value", "on" if "checked" in given else ""))

    def handle_data(self, data):
        if self.textarea:
            self.held[self.textarea][-1] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            # The line break right after the tag is not part of the text.
            self.held[self.textarea][-1] = self.held[self.textarea][-1].removeprefix("\n")
            self.textarea = None
        elif tag == "form":
            self.inside = False


def held_by(response):
    """What the forms of a page hold, by field, each as a list."""
    reader = FormReader()
    reader.feed(response.content.decode())
    return reader.held


def lost_from(response, typed):
    """Those of the typed answers that the page does not hold any more."""
    held = held_by(response)
    return {
        name
        for name, value in typed.items()
        if value != "" and held.get(name) not in ([value], value)
    }
