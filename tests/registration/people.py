"""What people type, and what they get by mail."""

from django.http import QueryDict

from events.registration.guards import new_form_token
from events.registration.models import (
    Consent,
    Quota,
    Registration,
    RegistrationSettings,
    SeatRequest,
    SupportNeed,
    VoiceAnswer,
)
from events.registration.outbox.models import OutboxMail
from events.registration.outbox.rules import message_of

OUR_PAGE = {"headers": {"sec-fetch-site": "same-origin"}}
FOREIGN_PAGE = {"headers": {"sec-fetch-site": "cross-site"}}


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
    return message.get_body(("plain",)).get_content()


def html_of(message):
    return message.get_body(("html",)).get_content()


def calendar_parts(message):
    """The calendar files in a mail: as an alternative, and as an attachment."""
    return [part for part in message.walk() if part.get_content_type() == "text/calendar"]


def calendar_lines(content):
    """The content lines of a calendar file, unfolded (RFC 5545, 3.1)."""
    return content.decode().replace("\r\n ", "").split("\r\n")


def rows():
    """All that this room and its outbox hold, to compare before and after."""
    models = (
        Registration, SeatRequest, Consent, SupportNeed, VoiceAnswer, Quota, RegistrationSettings,
        OutboxMail,
    )  # fmt: skip
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
