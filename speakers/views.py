"""Public profiles."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from speakers.models import Speaker


@require_safe
def speaker(request: HttpRequest, slug: str) -> TemplateResponse:
    profile = get_object_or_404(Speaker.objects.published().select_related("group"), slug=slug)
    return TemplateResponse(request, "speakers/speaker.html", {"speaker": profile})
