"""System checks an operator should hear of (`manage.py check --deploy`, and at start)."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.compatibility)
def mail_is_set_up(**kwargs: Any) -> list[CheckMessage]:
    """On a real address, people can't register unless mails can leave."""
    if settings.LOCAL_INSTALL or settings.MAIL_SERVER:
        return []
    return [
        Warning(
            "Registration does not open: SITE_URL is set, and EMAIL_URL is not.",
            hint="Set EMAIL_URL, for example smtp+tls://user:password@mail.example.org:587.",
            id="roundtable.W001",
        )
    ]


@register(Tags.compatibility)
def controller_is_named(**kwargs: Any) -> list[CheckMessage]:
    """The privacy notice must say who answers for the data and how to reach them."""
    if settings.LOCAL_INSTALL or (settings.CONTROLLER and settings.CONTACT_EMAIL):
        return []
    return [
        Warning(
            "The privacy notice names nobody.",
            hint="Set CONTROLLER (who answers for the data) and CONTACT_EMAIL.",
            id="roundtable.W002",
        )
    ]


@register(Tags.security)
def proxy_is_counted(**kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy that is not counted, everybody shares one address and one limit."""
    if not settings.SECURE_IS_HTTPS or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "SITE_URL says https, and no proxy is trusted to have spoken it.",
            hint="Set TRUSTED_PROXIES=1 behind one proxy that sets X-Forwarded-Proto and -For.",
            id="roundtable.W003",
        )
    ]


@register(Tags.security)
def hosts_are_named(**kwargs: Any) -> list[CheckMessage]:
    """A site that answers to any name takes another website's word for its own."""
    if settings.LOCAL_INSTALL or "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            "ALLOWED_HOSTS lets everybody call this site by any name.",
            hint="Leave ALLOWED_HOSTS empty: the name in SITE_URL is allowed by itself.",
            id="roundtable.W004",
        )
    ]
