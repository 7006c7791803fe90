"""Signing in, as tests need it: second factors, codes from mails, an app's codes."""

import re
from email import message_from_bytes, policy

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import User

from events.registration.outbox.models import OutboxMail


def app_code(secret, *, step=0):
    """The code an authenticator app with this key shows now, or so many steps later."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2] + step))


def give_factor(user):
    """Set up an authenticator app and recovery codes; return the app's key and the codes."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret, RecoveryCodes.activate(user).generate_codes()


def show_factor(client):
    """Have the person who is signed in to ``client`` set up a factor, and show it."""
    user = User.objects.get(pk=client.session["_auth_user_id"])
    secret, codes = give_factor(user)
    response = client.post("/accounts/2fa/reauthenticate/", {"code": app_code(secret)})
    assert response.status_code == 302, response.content
    return secret, codes


def mails(to=None):
    """The mails in the outbox, the earliest first, as (subject, text)."""
    found = OutboxMail.objects.order_by("pk")
    read = [message_from_bytes(bytes(mail.payload), policy=policy.default)
            for mail in (found.filter(to=to) if to else found)]  # fmt: skip
    return [
        (mail["Subject"], mail.get_body(preferencelist=("plain",)).get_content()) for mail in read
    ]


def mailed_code(to=None):
    """The code in the last mail."""
    return re.search(r"^([A-Z]{4}-[A-Z]{4})\s*$", mails(to)[-1][1], re.MULTILINE)[1]
