"""How the first organiser gets in: a link that works until somebody used it."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import transaction
from django.urls import reverse

SALT = "roundtable.first-organiser"
LINK_HOURS = 24


class LinkRefused(Exception):
    """The link is forged, older than a day, or an organiser is set up already."""


def organiser_exists() -> bool:
    """Whether anybody can sign in to the admin."""
    return get_user_model().objects.filter(is_staff=True, is_active=True).exists()


def first_organiser_link() -> str | None:
    """Return a one-time sign-in link, or None once an organiser is set up."""
    if organiser_exists():
        return None
    token = signing.TimestampSigner(salt=SALT, sep=".").sign("first")
    return settings.ORIGIN + reverse("first_organiser", args=[token])


def check_link(token: str) -> None:
    """Raise LinkRefused unless the token opens the door now."""
    try:
        signing.TimestampSigner(salt=SALT, sep=".").unsign(token, max_age=LINK_HOURS * 3600)
    except signing.BadSignature as error:
        raise LinkRefused from error
    if organiser_exists():
        raise LinkRefused


def make_first_organiser(*, token: str, email: str) -> User:
    """Make the account of the first organiser, who may do everything.

    Two people with the same link: the second finds it used. Raises LinkRefused.
    """
    with transaction.atomic():
        # The lock is a row that both meet and every install has; users may be none yet.
        ContentType.objects.select_for_update().get(app_label="auth", model="user")
        check_link(token)
        user = _account_of(email)
        user.is_staff = user.is_superuser = user.is_active = True
        # Whoever was signed in to it by another way is signed out.
        user.set_unusable_password()
        user.save()
        address, _ = EmailAddress.objects.get_or_create(user=user, email=email.lower())
        address.verified = True
        address.set_as_primary()
    return user


def _account_of(email: str) -> User:
    """Return the account that holds this address, an attendee's perhaps, or a new one."""
    held = EmailAddress.objects.filter(email__iexact=email, verified=True).first()
    if held:
        return held.user
    known = User.objects.filter(email__iexact=email).order_by("pk").first()
    return known or User(username=email[:150], email=email)
