"""What templates of other rooms show of events."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django import template
from django.utils.translation import gettext as _

from events.models import Assignment, Event
from speakers.models import Speaker

register = template.Library()


@register.simple_tag
def appearances(speaker: Speaker) -> list[Assignment]:
    """The slots of published events in which pages show this profile, by event."""
    found = (
        Assignment.objects.shown()
        .filter(speaker=speaker, item__event__published=True)
        .exclude(item__event__agenda_status=Event.AgendaStatus.DRAFT)
        .select_related("item__event", "speaker")
        .order_by("-item__event__starts_at", "item__position", "pk")
    )
    return [assignment for assignment in found if assignment.person]


@register.filter
def utc_offset(moment: datetime) -> str:
    """The distance from UTC as people write it: “UTC+3”, “UTC−4:30”, “UTC”."""
    offset = moment.utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "−"
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


@register.simple_tag
def share_links(title: str, url: str) -> list[dict[str, str]]:
    """Plain links that hand the page on; none of them loads anything from elsewhere."""
    words = f"{title} {url}"
    return [
        {"name": "WhatsApp", "url": "https://wa.me/?" + urlencode({"text": words})},
        {"name": _("SMS"), "url": "sms:?" + urlencode({"body": words}).replace("+", "%20")},
        {
            "name": _("Email"),
            "url": "mailto:?" + urlencode({"subject": title, "body": url}).replace("+", "%20"),
        },
    ]
