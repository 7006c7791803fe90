"""What templates of other rooms show of events."""

from urllib.parse import urlencode

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from events.calendar import utc_offset
from events.markup import blocks, plain, render
from events.models import Assignment, ConceptNote, Event
from speakers.models import Speaker

register = template.Library()


@register.simple_tag
def appearances(speaker: Speaker) -> list[Assignment]:
    """The slots of published events in which pages show this profile, by event."""
    found = (
        Assignment.objects.shown()
        .filter(speaker=speaker, item__event__published=True)
        .exclude(item__event__agenda_status=Event.AgendaStatus.DRAFT)
        .select_related("item__event__venue", "speaker")
        .order_by("-item__event__starts_at", "item__event_id", "item__position", "pk")
    )
    return [assignment for assignment in found if assignment.person]


register.filter("utc_offset", utc_offset)


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


@register.filter
def markup(text: str) -> SafeString:
    """The text with its light markup as safe HTML."""
    return render(text)


@register.simple_tag
def note_text(text: str, number: int) -> SafeString:
    """The text of the note's part of this number; its second paragraph is cited as #p1-2."""
    return render(text, anchor=f"p{number}")


# Before a name, these are no part of it.
TITLES = frozenset({"dr", "prof", "mr", "mrs", "ms", "hon", "eng", "rev"})


@register.filter
def initials(name: str) -> str:
    """Up to two first letters, of the first and the last word: “Dr. Wangari Maathai” gives “WM”."""
    words = [word for word in name.split() if word.casefold().rstrip(".") not in TITLES]
    words = words or name.split()
    return "".join(word[0] for word in dict.fromkeys([*words[:1], *words[-1:]])).upper()


@register.simple_tag
def aim_of(note: ConceptNote) -> str:
    """The paragraph that pages quote: the first under a heading, else the first of all."""
    sections = sorted(note.sections.all(), key=lambda section: not section.heading)
    return next((plain(part) for section in sections for part in blocks(section.text)), "")
