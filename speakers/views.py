"""Public profiles, and the photos of them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from speakers import files
from speakers.models import Speaker
from speakers.renditions import CONTENT_TYPES, NAME


class PhotoName:
    """What an address of a photo ends in: the name of one of our files, and nothing else."""

    regex = NAME.pattern.replace("(", "(?:")

    def to_python(self, value: str) -> str:
        """Return the name as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Return the name as it is."""
        return value


@require_safe
def speaker(request: HttpRequest, slug: str) -> TemplateResponse:
    profile = get_object_or_404(Speaker.objects.published().select_related("group"), slug=slug)
    return TemplateResponse(request, "speakers/speaker.html", {"speaker": profile})


@require_safe
def photo(request: HttpRequest, name: str) -> HttpResponse:
    """Hand out a photo. It asks no session and no database, and its name never means another."""
    content = files.read(name)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type=CONTENT_TYPES[name.rpartition(".")[2]])
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
