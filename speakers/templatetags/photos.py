"""A photo on a page: the best format the browser knows, in the size it needs."""

from typing import Any

from django import template
from django.urls import reverse

from speakers.models import Speaker
from speakers.renditions import EXTENSIONS, LARGE, LIST, PROFILE, name_of

register = template.Library()


def address(digest: str, size: int, extension: str) -> str:
    """Return where a rendition is read."""
    return reverse("speakers:photo", args=[name_of(digest, size, extension)])


@register.inclusion_tag("components/photo.html")
def small_photo(speaker: Speaker) -> dict[str, Any]:
    """The photo beside a name, which says already who it is; nothing where there is none."""
    return _pictures(speaker, [LIST], alt="", lazy=True, side=48)


@register.inclusion_tag("components/photo.html")
def large_photo(speaker: Speaker) -> dict[str, Any]:
    """The photo of a profile's own page, with what it shows; nothing where there is none."""
    return _pictures(speaker, [PROFILE, LARGE], alt=speaker.photo_alt, lazy=False, side=160)


def _pictures(speaker: Speaker, sizes: list[int], **context: Any) -> dict[str, Any]:
    digest = speaker.shown_photo
    if not digest:
        return {}
    sources = {}
    for extension in EXTENSIONS:
        addresses = [address(digest, size, extension) for size in sizes]
        # Twice the size for screens with twice the dots; a lone size does for both.
        sources[extension] = ", ".join(
            f"{found} {density}x" if density > 1 else found
            for density, found in enumerate(addresses, 1)
        )
    return {
        "avif": sources["avif"],
        "webp": sources["webp"],
        "jpg": sources["jpg"],
        "src": address(digest, sizes[0], "jpg"),
        **context,
    }
