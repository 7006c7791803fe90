"""Every address of the site, put together from the rooms below."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from roundtable import views

urlpatterns = [
    path("", include("events.urls")),
    path("", include("speakers.urls")),
    path("", include("events.registration.urls")),
    path("privacy/", views.privacy, name="privacy"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("accounts/", include("roundtable.accounts.urls")),
    path("organiser/<str:token>/", views.first_organiser, name="first_organiser"),
    path("admin/", admin.site.urls),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("robots.txt", views.robots_txt, name="robots"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("favicon.ico", RedirectView.as_view(url="/static/img/icon.svg", permanent=True)),
]

if settings.LOCAL_INSTALL:
    urlpatterns.append(path("outbox/", include("events.registration.outbox.urls")))

handler400 = "roundtable.views.bad_request"
handler403 = "roundtable.views.forbidden"
handler404 = "roundtable.views.not_found"
handler429 = "roundtable.accounts.views.too_many_tries"
handler500 = "roundtable.views.server_error"
