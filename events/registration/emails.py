"""The mails this room writes, as whole messages into the outbox.

Each has a text and an HTML body made from the same words, in the
registration's own language. A confirmation also carries the invitation as
calendars expect it by mail (RFC 6047): as the last alternative with its
method, and as an attachment with the same bytes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from events import calendar
from events.models import Event
from events.publishing import entry, event_url
from events.registration.links import calendar_url, manage_url
from events.registration.models import Registration
from events.registration.outbox import rules as outbox
from events.rules import join_link

FOLDER = "events/registration/mail"


def send_confirmation(registration: Registration, *, returned: bool, now: datetime) -> None:
    """Tell the state of the seat, with the personal link and the invitation."""
    _send(
        registration,
        "registered",
        context={"returned": returned},
        invitation=_request(registration, now=now),
    )


def send_changed(registration: Registration, *, now: datetime) -> None:
    """Tell that she takes part another way now, with the invitation again."""
    _send(registration, "changed", invitation=_request(registration, now=now))


def send_cancelled(registration: Registration) -> None:
    """Tell that the seat was given up; her calendar takes the entry out (METHOD:CANCEL)."""
    content = calendar.cancellation(
        registration.event, **entry(registration.event), **_attendee(registration)
    )
    _send(registration, "cancelled", invitation=("CANCEL", content))


def send_already_registered(registration: Registration, *, at: datetime) -> None:
    """Tell somebody who registered again that she has a seat, with the link."""
    if _may_write_again(registration, at=at):
        _send(registration, "already_registered")


def send_link(registration: Registration, *, at: datetime) -> bool:
    """Send the personal link to somebody who lost it; return whether a mail was written."""
    if not registration.address or not _may_write_again(registration, at=at):
        return False
    _send(registration, "link")
    return True


def _may_write_again(registration: Registration, *, at: datetime) -> bool:
    """Whether mails that anybody can cause may still go to this address.

    A form that is open to all must not become a way to flood somebody.
    """
    recent = outbox.written_since(at - timedelta(hours=1), to=registration.address or "")
    return recent < settings.MAILS_PER_ADDRESS_PER_HOUR


def _request(registration: Registration, *, now: datetime) -> tuple[str, bytes]:
    event = registration.event
    content = calendar.request(
        event,
        **entry(event),
        **_attendee(registration),
        join_url=join_link(event, now=now, has_seat=True),
    )
    return "REQUEST", content


def _attendee(registration: Registration) -> dict[str, Any]:
    return {
        "attendee_name": registration.name,
        "attendee_email": registration.address,
        "sequence_offset": registration.calendar_revision,
        "changed_at": registration.changed_at,
        "organiser_email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
    }


def _send(
    registration: Registration,
    kind: str,
    *,
    context: Mapping[str, object] | None = None,
    invitation: tuple[str, bytes] | None = None,
) -> None:
    """Write one mail. Nothing is written for a person whom no address reaches."""
    to = registration.address
    if not to:
        return
    event = registration.event
    with translation.override(registration.language):
        values = {
            "registration": registration,
            "event": event,
            "seat": registration.seat,
            "manage_url": manage_url(registration),
            "calendar_url": calendar_url(registration),
            "event_url": event_url(event),
            "contact_email": _contact(event),
            **(context or {}),
        }
        subject = render_to_string(f"{FOLDER}/{kind}/subject.txt", values)
        text = render_to_string(f"{FOLDER}/{kind}/body.txt", values)
        html = render_to_string(f"{FOLDER}/{kind}/body.html", values)
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(subject.split())
    message["From"] = Address(event.convenor or event.name, addr_spec=_from_address())
    message["To"] = Address(registration.name, addr_spec=to)
    contact = _contact(event)
    if contact and contact != _from_address():
        message["Reply-To"] = contact
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = registration.language
    message.set_content(text.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    if invitation:
        method, content = invitation
        _attach(message, method=method, content=content)
    outbox.queue(message, to=to)


def _attach(message: EmailMessage, *, method: str, content: bytes) -> None:
    """Add the calendar file twice: clients differ in which of the two they look at."""
    parameters = {"charset": "utf-8", "method": method}
    message.add_alternative(
        content, maintype="text", subtype="calendar", params=parameters, cte="base64"
    )
    message.add_attachment(
        content,
        maintype="text",
        subtype="calendar",
        filename="invite.ics",
        params=parameters,
        cte="base64",
    )


def _from_address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _contact(event: Event) -> str:
    return event.contact_email or settings.CONTACT_EMAIL
