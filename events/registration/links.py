"""Personal links: a token that opens one person's pages, and one that only reads her calendar.

A token is the registration's reference and a signature over it, so it can be
made again for a second mail, forged by nobody, and made useless by raising
``link_version``. Each power has its own salt: who is handed the calendar's
token can't manage anything with it.
"""

import re
from enum import StrEnum

from django.conf import settings
from django.core import signing
from django.urls import reverse

from events.models import Event
from events.registration.models import CODE_LENGTH, CODE_SIGNS, Invitation, Registration

# What a token is made of. Anything else is not even looked up: PostgreSQL
# takes no NUL, and nothing of ours is longer.
TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,100}")
CODE = re.compile(f"[{CODE_SIGNS}]{{{CODE_LENGTH}}}")
# What a hand writes and an eye takes for another sign, and what stands between them.
LOOKS_LIKE = str.maketrans("OILU", "011V", " \t\u00a0-\u2010\u2011\u2012\u2013\u2014\u2212._")


class Power(StrEnum):
    """What a token lets its holder do."""

    MANAGE = "manage"
    CALENDAR = "calendar"
    INVITATION = "invitation"


class LinkRefused(Exception):
    """The token is forged, cut short, or was made useless."""


def _signer(power: Power, version: int) -> signing.Signer:
    return signing.Signer(salt=f"registration.{power}.{version}", sep=".")


def token_for(registration: Registration, power: Power) -> str:
    """Return the token; the same until the registration's ``link_version`` is raised."""
    return _signer(power, registration.link_version).sign(registration.reference)


def registration_for(token: str, power: Power) -> Registration:
    """Return the registration this token opens, with all its pages need.

    Raises LinkRefused for every token that was not made by ``token_for`` with
    this power.
    """
    if not TOKEN.fullmatch(token):
        raise LinkRefused
    reference, _, _ = token.partition(".")
    registration = Registration.objects.with_details().filter(reference=reference).first()
    if registration is None:
        raise LinkRefused
    try:
        _signer(power, registration.link_version).unsign(token)
    except signing.BadSignature as error:
        raise LinkRefused from error
    return registration


def registration_of_code(event: Event, typed: str) -> Registration:
    """Return the registration at this event that a short code opens, however it is typed.

    Capitals, spaces, hyphens and signs that look like another don't matter.
    Raises LinkRefused where the code is nobody's here.
    """
    code = typed.upper().translate(LOOKS_LIKE)
    if not CODE.fullmatch(code):
        raise LinkRefused
    found = Registration.objects.filter(event=event, code=code).first()
    if found is None:
        raise LinkRefused
    return found


def invitation_token(invitation: Invitation) -> str:
    """Return the token that opens an invitation, and nothing of who came by it."""
    return _signer(Power.INVITATION, 1).sign(invitation.reference)


def invitation_for(token: str) -> Invitation:
    """Return the invitation this token opens, with all its pages need.

    Raises LinkRefused for every token that ``invitation_token`` did not make.
    """
    if not TOKEN.fullmatch(token):
        raise LinkRefused
    try:
        reference = _signer(Power.INVITATION, 1).unsign(token)
    except signing.BadSignature as error:
        raise LinkRefused from error
    invitations = Invitation.objects.select_related("event__series", "event__venue", "group")
    invitation = invitations.filter(reference=reference).first()
    if invitation is None:
        raise LinkRefused
    return invitation


def invitation_url(invitation: Invitation) -> str:
    """Return the absolute address of the invitation's page, on the site's own origin."""
    return settings.ORIGIN + reverse("registration:invitation", args=[invitation_token(invitation)])


def manage_url(registration: Registration) -> str:
    """Return the absolute address of her own page, on the site's own origin."""
    token = token_for(registration, Power.MANAGE)
    return settings.ORIGIN + reverse("registration:manage", args=[token])


def code_url(event: Event) -> str:
    """Return the absolute address of the page where a short code is typed."""
    return settings.ORIGIN + reverse("registration:code", args=[event.slug])


def decline_url(registration: Registration) -> str:
    """Return the absolute address of the page with the one button that gives up the seat."""
    token = token_for(registration, Power.MANAGE)
    return settings.ORIGIN + reverse("registration:cancel", args=[token])


def calendar_url(registration: Registration) -> str:
    """Return the absolute address of her calendar file."""
    token = token_for(registration, Power.CALENDAR)
    return settings.ORIGIN + reverse("registration:personal_ics", args=[token])
