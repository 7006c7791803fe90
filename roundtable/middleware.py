"""What happens to every request, beyond Django's own middleware."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from events import clock
from roundtable import pagecache

GetResponse = Callable[[HttpRequest], HttpResponse]


class PermissionsPolicyMiddleware:
    """Refuse, for our pages, the powers of the browser that none of them uses."""

    POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", self.POLICY)
        return response


class PublicPageMiddleware:
    """Answer public pages from the page cache, before sessions are looked at."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if (
            match is None
            or request.method not in {"GET", "HEAD"}
            or not pagecache.is_public(match.view_name)
        ):
            return None
        stamp = pagecache.stamp(match.view_name, kwargs.get("slug"), now=clock.now())
        if stamp is None:
            return None

        def render() -> HttpResponse:
            response = view(request, *args, **kwargs)
            renderer = getattr(response, "render", None)
            return renderer() if callable(renderer) else response

        return pagecache.answer(request, stamp=stamp, render=render)
