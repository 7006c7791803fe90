"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest

from events import clock


def site(request: HttpRequest) -> dict[str, object]:
    """The site's own facts, and the stopped clock the band tells of."""
    return {
        "origin": settings.ORIGIN,
        "canonical_url": settings.ORIGIN + request.path,
        "contact_email": settings.CONTACT_EMAIL,
        "controller": settings.CONTROLLER,
        "local_install": settings.LOCAL_INSTALL,
        "fixed_now": clock.now() if clock.is_fixed() else None,
    }
