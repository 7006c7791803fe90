"""Second factors: who needs one, who has one, and what a session has shown of it.

A second factor is an authenticator app or a passkey. Recovery codes stand in
for one that is lost; alone they are none. With ``SITE_URL`` organisers need
one, on a local install it is offered.
"""

import time

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_second_factor(user: User | AnonymousUser) -> bool:
    """Whether an authenticator app or a passkey is set up. One query."""
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def is_demanded_of(user: User | AnonymousUser) -> bool:
    """Whether this person may do nothing at the desk without a second factor."""
    return bool(user.is_active and user.is_staff and not settings.LOCAL_INSTALL)


def was_shown(request: HttpRequest) -> bool:
    """Whether a factor, or a recovery code for it, was shown in this session.

    A session older than the factor has shown none, however it was opened.
    """
    return any(record.get("method") == "mfa" for record in _records(request))


def note_sign_in(request: HttpRequest, method: str = "") -> None:
    """Note that this person signed in just now, so it need not be asked again at once.

    ``method`` is what was shown, where allauth has not noted it itself.
    """
    records = _records(request)
    if method or not records:
        record_authentication(request, request.user, method or "session", reauthenticated=True)
    else:
        # allauth's own list in the session, whose last entry is this sign-in.
        records[-1]["reauthenticated"] = True
        request.session.modified = True


def note_new_factor(request: HttpRequest, kind: str) -> None:
    """Note that the factor just set up was shown in doing so."""
    record_authentication(request, request.user, "mfa", type=kind, reauthenticated=True)


def signed_in_recently(request: HttpRequest, *, within: float | None = None) -> bool:
    """Whether this person showed who she is in the last ``within`` seconds.

    Without ``within``: as lately as ACCOUNT_REAUTHENTICATION_TIMEOUT asks for.
    """
    within = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT if within is None else within
    shown = [record["at"] for record in _records(request) if record.get("reauthenticated")]
    return bool(shown) and time.time() - max(shown) < within


def forget_factors(user: User) -> bool:
    """Remove every factor of an account and end its sessions; return whether it had any."""
    with transaction.atomic():
        removed, _by_model = Authenticator.objects.filter(user=user).delete()
        end_sessions(user)
    return bool(removed)


def end_sessions(user: User) -> None:
    """Sign the account out everywhere: sessions are bound to the password nobody has.

    Somebody who only began to sign up has no session of it yet. But until the
    account was signed in to, allauth lets her put another address in the place
    of the one she typed, and come in by that. So it counts as signed in to.
    """
    user.set_unusable_password()
    user.last_login = user.last_login or timezone.now()
    user.save(update_fields=["password", "last_login"])


def _records(request: HttpRequest) -> list[dict]:
    if not request.user.is_authenticated:
        return []
    records: list[dict] = get_authentication_records(request, request.user)
    return records
