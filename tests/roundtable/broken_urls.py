"""The site's addresses, and one whose page breaks."""

from django.core.exceptions import PermissionDenied
from django.urls import path

from roundtable import urls

handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


def broken(request):
    raise ValueError("a secret of ours")


def forbidden(request):
    raise PermissionDenied


urlpatterns = [
    path("broken/", broken),
    path("forbidden/", forbidden),
    *urls.urlpatterns,
]
