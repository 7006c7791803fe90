"""The mails this room writes, as whole messages into the outbox.

Each has a text and an HTML body made from the same words, in the
registration's own language. A confirmation also carries the invitation as
calendars expect it by mail (RFC 6047): as the last alternative with its
method, and as an attachment with the same bytes.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import lazy

from events.calendar import cancellation, request
from events.models import Event
from events.publishing import entry, event_url
from events.registration.links import (
    calendar_url,
    code_url,
    decline_url,
    invitation_url,
    manage_url,
)
from events.registration.models import AttendanceMode, Invitation, Registration
from events.registration.outbox import rules as outbox
from events.registration.outbox.models import OutboxMail
from events.registration.queries import place_in_line
from events.rules import join_link

FOLDER = "events/registration/mail"
DOT_INSIDE = re.compile(r"\.(?=\S)")


@dataclass(frozen=True)
class CalendarPart:
    """A calendar file with its method (RFC 5546), as it goes into a mail."""

    method: str
    content: bytes


# Made only once it is known that the mail is written, in its reader's language.
Builder = Callable[[Registration], CalendarPart]


def send_confirmation(registration: Registration, *, returned: bool, now: datetime) -> None:
    """Tell the state of the seat, with the personal link.

    The invitation goes along once a seat is hers; else it says what she waits for.
    """
    if registration.seat is None:
        send_waiting(registration)
        return
    _send(registration, "registered", context={"returned": returned}, calendar=_request(now))


def send_several(contact: Registration, registered: Sequence[Registration]) -> None:
    """Tell who registered several people how each of them stands, with each one's link."""
    people = [
        {
            "name": _without_links(person.name),
            "seat": person.seat,
            "wishes": [(wish, place_in_line(wish)) for wish in person.wishes],
            "code": person.code_written,
            "url": manage_url(person),
        }
        for person in registered
    ]
    _send(contact, "several", context={"people": people, "code_url": code_url(contact.event)})


def send_waiting(registration: Registration, *, mode: AttendanceMode | None = None) -> None:
    """Tell that she waits for a seat (of this mode), and what she has meanwhile."""
    wish = next((row for row in registration.wishes if mode in {None, row.mode}), None)
    _send(registration, "waiting", context={"wish": wish})


def send_moved_up(registration: Registration, *, now: datetime) -> None:
    """Tell somebody who waited that a seat is hers, with the invitation and how to decline it."""
    _send(registration, "moved_up", calendar=_request(now))


def send_changed(registration: Registration, *, now: datetime) -> None:
    """Tell how she takes part now, with the invitation again."""
    _send(registration, "changed", calendar=_request(now))


def send_cancelled(registration: Registration, *, held: bool, by_organiser: bool = False) -> None:
    """Tell that the seat was given up, or the place on the list where she ``held`` none.

    Her calendar takes the entry of a seat out (METHOD:CANCEL).
    """
    context = {"held": held, "by_organiser": by_organiser}
    calendar = _cancellation if held else None
    _send(registration, "cancelled", context=context, calendar=calendar)


def send_declined(
    registration: Registration,
    *,
    modes: Collection[AttendanceMode],
    reason: str,
    out_of_calendar: bool,
) -> None:
    """Tell that the organisers can't give her these seats, and why where they say so.

    ``out_of_calendar``: her calendar takes the entry out (METHOD:CANCEL).
    """
    # In the reader's language, which is that of the moment it is written.
    names = lazy(lambda: ", ".join(str(mode.label) for mode in modes), str)
    _send(
        registration,
        "declined",
        context={"modes": names(), "reason": reason},
        calendar=_cancellation if out_of_calendar else None,
    )


def send_address_check(registration: Registration, *, reminder: bool) -> None:
    """Ask her to confirm her address, or remind her; the page she gets to has one button for it."""
    key = address_check_key(registration, reminder=reminder)
    _send(registration, "confirm_address", context={"reminder": reminder}, key=key)


def address_check_key(registration: Registration, *, reminder: bool) -> str:
    """Return the key of the mail that asked her (``address_asked_at``), or reminded her of it."""
    asked = registration.address_asked_at
    assert asked is not None
    kind = "reminder" if reminder else "asked"
    person = f"{registration.reference}.{registration.link_version}"
    return f"address.{person}.{asked.timestamp():.6f}.{kind}"


def send_released(registration: Registration, *, mode: str) -> None:
    """Tell that a seat went because the address was not confirmed, and how to have one again.

    Her calendar takes the entry out, where an invitation went there.
    """
    context = {"mode": AttendanceMode(mode).label}
    calendar = None if registration.must_confirm_first or registration.seat else _cancellation
    _send(registration, "released", context=context, calendar=calendar)


def send_new_address(registration: Registration, *, now: datetime) -> None:
    """Tell the new address of a registration, with the new link and the invitation."""
    calendar = _request(now) if registration.seat else None
    _send(registration, "new_address", calendar=calendar)


def send_address_left(registration: Registration, *, to: str) -> None:
    """Tell an earlier address that it is used no longer, and nothing about who or where now.

    The reader may be a stranger whose address was written by mistake.
    """
    _send(registration, "address_left", to=to)


def send_invitation(invitation: Invitation, *, reminder: bool = False) -> None:
    """Ask somebody to come, with the link to say yes or no; ``reminder``: once more.

    No calendar file goes along: she has not said yes.
    """
    event = invitation.event
    values = {
        "invitation": invitation,
        "name": _without_links(invitation.name),
        "invitation_url": invitation_url(invitation),
        "reminder": reminder,
    }
    with translation.override(invitation.language):
        message = _written(event, "invitation", invitation.language, values)
    _send_off(message, event, name=invitation.name, to=invitation.email,
              language=invitation.language)  # fmt: skip


def send_already_registered(registration: Registration, *, at: datetime) -> None:
    """Tell somebody who registered again how it stands, with the link."""
    if _may_write_again(registration, at=at):
        again = "declined_still" if registration.is_declined else "already_registered"
        _send(registration, again)


def send_link(registration: Registration, *, at: datetime) -> bool:
    """Send the personal link to somebody who lost it; return whether a mail was written."""
    if not registration.address or not _may_write_again(registration, at=at):
        return False
    _send_link(registration)
    return True


def send_link_anyway(registration: Registration) -> None:
    """Send the personal link because an organiser says so, however many mails went there."""
    _send_link(registration)


def rehearse_link(registration: Registration, *, at: datetime) -> None:
    """Do all the work of ``send_link`` and leave no mail.

    For an address that gets none: the time it takes then tells nobody so.
    """
    _may_write_again(registration, at=at)
    mail = _send_link(registration)
    if mail:
        outbox.take_back(mail)


def _send_link(registration: Registration) -> OutboxMail | None:
    brought = registration.companions.exists()
    return _send(registration, "link", context={"brought_others": brought})


def _may_write_again(registration: Registration, *, at: datetime) -> bool:
    """Whether mails that anybody can cause may still go to this address.

    A form that is open to all must not become a way to flood somebody.
    """
    recent = outbox.written_since(at - timedelta(hours=1), to=registration.address or "")
    return recent < settings.MAILS_PER_ADDRESS_PER_HOUR


def _request(now: datetime) -> Builder:
    def build(registration: Registration) -> CalendarPart:
        event = registration.event
        link = join_link(event, now=now, has_seat=True)
        content = request(event, **entry(event), **_attendee(registration), join_url=link)
        return CalendarPart("REQUEST", content)

    return build


def _cancellation(registration: Registration) -> CalendarPart:
    event = registration.event
    content = cancellation(event, **entry(event), **_attendee(registration))
    return CalendarPart("CANCEL", content)


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
    calendar: Builder | None = None,
    to: str | None = None,
    key: str | None = None,
) -> OutboxMail | None:
    """Write one mail. Nothing is written for a person whom no address reaches.

    ``to`` is another address than hers, which is told nobody's name. ``key``
    names the mail, so that it can be asked what became of it.

    Who gets the mails of somebody else does not get her calendar entry: it is
    the same entry as his own, and cancelling hers would take his away.
    """
    name = "" if to else registration.name
    hers = to is None
    to = to or registration.address
    if not to:
        return None
    along = [_without_links(one.name) for one in registration.attendants.all()] if hers else []
    event = registration.event
    with translation.override(registration.language):
        part = calendar(registration) if calendar and registration.email else None
        values = {
            "registration": registration,
            "name": _without_links(registration.name),
            "contact_name": _without_links(registration.contact.name)
            if registration.contact
            else "",
            "seat": registration.seat,
            "must_confirm": registration.seat is not None and registration.must_confirm_first,
            "wishes": [(wish, place_in_line(wish)) for wish in registration.wishes],
            "attendants": along,
            "manage_url": manage_url(registration),
            "decline_url": decline_url(registration),
            "calendar_url": calendar_url(registration),
            "has_invitation": part is not None,
            **(context or {}),
        }
        written = _written(event, kind, registration.language, values)
    return _send_off(
        written, event, name=name, to=to, language=registration.language, calendar=part, key=key
    )


@dataclass(frozen=True)
class Written:
    """A mail's words."""

    subject: str
    text: str
    html: str


def _written(event: Event, kind: str, language: str, values: Mapping[str, object]) -> Written:
    """Return the words of a mail of this kind, in the language that is active."""
    values = {
        "language": language,
        "event": event,
        "event_url": event_url(event),
        "contact_email": _contact(event),
        **values,
    }
    return Written(
        subject=render_to_string(f"{FOLDER}/{kind}/subject.txt", values),
        text=render_to_string(f"{FOLDER}/{kind}/body.txt", values),
        html=render_to_string(f"{FOLDER}/{kind}/body.html", values),
    )


def _send_off(
    written: Written,
    event: Event,
    *,
    name: str,
    to: str,
    language: str,
    calendar: CalendarPart | None = None,
    key: str | None = None,
) -> OutboxMail:
    """Leave a mail in the outbox, from the event's convenor."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _one_line(written.subject)
    message["From"] = Address(_one_line(event.convenor or event.name), addr_spec=_from_address())
    message["To"] = Address(_one_line(name), addr_spec=to)
    contact = _contact(event)
    if contact and contact != _from_address():
        message["Reply-To"] = contact
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(written.text.strip() + "\n", cte="quoted-printable")
    message.add_alternative(written.html, subtype="html", cte="quoted-printable")
    if calendar:
        _attach(message, calendar)
    # Last: whatever makes the message multipart moves such headers into its first part.
    message["Content-Language"] = language
    return outbox.queue(message, to=to, key=key)


def _without_links(name: str) -> str:
    """Return a name in which no mail program finds a link: a stranger may have typed it.

    "win.example.com" becomes "win. example. com", and "J.R. Tolkien" stays readable.
    """
    return DOT_INSIDE.sub(". ", name)


def _one_line(text: str) -> str:
    """Return what a header can hold: a line break in it would be another header.

    So would one inside an encoded word (RFC 2047), as which "=?" begins.
    """
    return " ".join(text.split()).replace("=?", "= ?")


def _attach(message: EmailMessage, part: CalendarPart) -> None:
    """Add the calendar file twice: clients differ in which of the two they look at."""
    values: dict[str, Any] = {
        "maintype": "text",
        "subtype": "calendar",
        "params": {"charset": "utf-8", "method": part.method},
        "cte": "base64",
    }
    message.add_alternative(part.content, **values)
    message.add_attachment(part.content, filename="invite.ics", **values)


def _from_address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _contact(event: Event) -> str:
    return event.contact_email or settings.CONTACT_EMAIL
