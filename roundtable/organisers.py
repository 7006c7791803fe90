"""Who becomes an organiser from outside the desk: by the first link, or by a command."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import get_random_string

from roundtable.accounts.factors import end_sessions, forget_factors
from roundtable.roles import Role

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
    """Make the account of the first organiser: an owner, who makes further ones.

    Two people with the same link: the second finds it used. Raises LinkRefused.
    """
    with transaction.atomic():
        # The lock is a row that both meet and every install has; users may be none yet.
        ContentType.objects.select_for_update().get(app_label="auth", model="user")
        check_link(token)
        user = make_organiser(email=email)
        # Whoever was signed in to it by another way is signed out, and has left no key behind.
        forget_factors(user)
    return user


def make_organiser(*, email: str, role: Role = Role.OWNER) -> User:
    """Make an organiser of the account that holds this address, or of a new one.

    She gets the role beside those she has. Done twice, it changes nothing more.
    """
    with transaction.atomic():
        user = _account_of(email)
        if user.pk is None:
            user.set_unusable_password()
        elif not user.is_staff:
            # Whoever is in by another way, or on the way in, would rise with it.
            end_sessions(user)
        user.is_staff = user.is_active = True
        user.save()
        user.groups.add(Group.objects.get(name=role.value))
        address, _ = EmailAddress.objects.get_or_create(user=user, email=email.lower())
        address.verified = True
        address.set_as_primary()
        # A claim that was never confirmed would stand in the way of a second factor.
        EmailAddress.objects.filter(user=user, verified=False).delete()
        user.refresh_from_db()
    return user


def _account_of(email: str) -> User:
    """Return the account that holds this address, an attendee's perhaps, or a new one."""
    held = EmailAddress.objects.filter(email__iexact=email, verified=True).first()
    if held:
        return held.user
    known = User.objects.filter(email__iexact=email).order_by("pk").first()
    return known or User(username=_free_username(email), email=email)


def _free_username(email: str) -> str:
    """Return a name nobody has; it is shown nowhere, and nobody signs in with it."""
    name = email[:150]
    if User.objects.filter(username=name).exists():
        return f"{name[:137]}-{get_random_string(12)}"
    return name
