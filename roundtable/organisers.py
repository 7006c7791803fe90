"""How the first organiser gets in: a link that works until somebody used it."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
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
        # Any row both would meet will do as the lock; users may be none yet.
        list(EmailAddress.objects.select_for_update().all()[:1])
        check_link(token)
        user, _ = User.objects.get_or_create(
            email__iexact=email, defaults={"username": email[:150], "email": email}
        )
        user.is_staff = user.is_superuser = True
        user.set_unusable_password()
        user.save()
        EmailAddress.objects.update_or_create(
            user=user, email=email.lower(), defaults={"verified": True, "primary": True}
        )
    return user
