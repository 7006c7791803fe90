"""What pages say of second factors."""

from allauth.mfa.models import Authenticator
from django import template
from django.contrib.auth.models import AnonymousUser, User

from roundtable.accounts import encryption, factors

register = template.Library()


@register.filter
def lacks_second_factor(user: User | AnonymousUser) -> bool:
    """Whether this person is signed in with a mailbox alone. One query."""
    return user.is_authenticated and not factors.has_second_factor(user)


@register.filter
def must_have_second_factor(user: User | AnonymousUser) -> bool:
    """Whether the organisers' desk stays closed to this person without one."""
    return factors.is_demanded_of(user)


@register.filter
def is_readable(wrapped: object) -> bool:
    """Whether an authenticator's secret can be read with the site's key of today."""
    instance = getattr(wrapped, "instance", None)
    if not isinstance(instance, Authenticator):
        return False
    secrets = [instance.data[name] for name in ("secret", "seed") if name in instance.data]
    try:
        for secret in secrets:
            encryption.decrypt(secret)
    except encryption.Unreadable:
        return False
    return True
