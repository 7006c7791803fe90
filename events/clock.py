"""What time it is for the roundtable.

Views and commands ask once, at the edge, and hand the answer to every rule as
``now``. It is the real time, or the fixed instant an operator set so that a
past event can be tried. What happened when (a registration, a mail, a lease)
is always real time: ``django.utils.timezone.now``.
"""

from datetime import datetime

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """Return the present instant of domain time, with its zone."""
    return settings.ROUNDTABLE_CLOCK or timezone.now()


def is_fixed() -> bool:
    """Whether an operator stopped the clock (the band on every page says so)."""
    return settings.ROUNDTABLE_CLOCK is not None
