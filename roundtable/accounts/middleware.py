"""The gate before the organisers' desk, and what holds for every page of accounts."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from roundtable.accounts import factors
from roundtable.accounts.adapters import SecretUnreadable

GetResponse = Callable[[HttpRequest], HttpResponse]


class AccountsMiddleware:
    """Keep organisers without a second factor from the desk, where one is demanded.

    It judges by the view that is about to run, so no way of writing the address
    and no method gets round it. Who may enter at all is the desk's own question
    (see ``roundtable.desk``): the anonymous are sent to sign in, others refused.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and have no page of accounts kept by a cache."""
        response = self.get_response(request)
        match = request.resolver_match
        if match and match.route.startswith("accounts/"):
            # Codes and personal links: nothing for a cache, or for the next at this machine.
            add_never_cache_headers(response)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Turn away, before the view runs, who lacks the factor or has not shown it."""
        match = request.resolver_match
        # Signing out is never refused.
        if not match or "admin" not in match.namespaces or match.view_name == "admin:logout":
            return None
        if not factors.is_demanded_of(request.user):
            return None
        if not factors.has_second_factor(request.user):
            return HttpResponseRedirect(reverse("mfa_index"))
        if not factors.was_shown(request):
            # Signed in before the factor was set up, perhaps by somebody else.
            asked = request.get_full_path() if request.method == "GET" else reverse("admin:index")
            return HttpResponseRedirect(
                f"{reverse('mfa_reauthenticate')}?{urlencode({REDIRECT_FIELD_NAME: asked})}"
            )
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Tell in a sentence that a secret can't be read, where no form could."""
        if not isinstance(error, SecretUnreadable):
            return None
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(reverse("mfa_index"))
