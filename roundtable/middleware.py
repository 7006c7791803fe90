"""What happens to every request, beyond Django's own middleware."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

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
    """Answer public pages from the page cache, before anybody looks at a cookie.

    What stands further in (sessions, CSRF, accounts) never sees such a request,
    so it can set no cookie on the answer and make it depend on none.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.public_page(request) or self.get_response(request)

    def public_page(self, request: HttpRequest) -> HttpResponse | None:
        """Return the public page of this address, or None where there is none to keep."""
        if request.method not in {"GET", "HEAD"}:
            return None
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return None
        if not pagecache.is_public(match.view_name):
            return None
        stamp = pagecache.stamp(match.view_name, match.kwargs.get("slug"), now=clock.now())
        if stamp is None:
            return None

        def render() -> HttpResponse:
            request.resolver_match = match
            request.user = AnonymousUser()
            response = match.func(request, *match.args, **match.kwargs)
            renderer = getattr(response, "render", None)
            return renderer() if callable(renderer) else response

        return pagecache.answer(request, stamp=stamp, render=render)
