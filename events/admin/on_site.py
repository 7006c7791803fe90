"""Putting an event on the site and taking it off: each is asked about first."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from events.admin.front import FrontPage
from events.admin.moving import Registered
from events.cloning import leftovers
from events.models import Event
from events.rules import put_on_site


class OnTheSite(FrontPage):
    """Publishes an event or makes it a draft again, once its organiser has read what follows."""

    def people_registered(self, event: Event) -> Registered:
        """Return how many people hold a seat at the event or wait. Registration knows."""
        return Registered()

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                f"<path:object_id>/{'put-on' if publish else 'take-off'}-site/",
                wrap(self.on_site_view),
                {"publish": publish},
                name=f"events_event_{'put_on' if publish else 'take_off'}_site",
            )
            for publish in (True, False)
        ] + super().get_urls()

    def on_site_view(self, request: HttpRequest, object_id: str, publish: bool) -> HttpResponse:
        """Say what would come of it, and do it once that was read."""
        event: Event | None = self.get_object(request, unquote(object_id))
        if event is None:
            raise Http404
        if not self.has_change_permission(request, event):
            raise PermissionDenied
        if request.method != "POST" and event.published != publish:
            return self._asked(request, event, publish=publish)
        if request.method == "POST" and publish:
            self._put_on(request, event)
        elif request.method == "POST":
            self._take_off(request, event)
        return HttpResponseRedirect(reverse("admin:events_event_change", args=[event.pk]))

    def _asked(self, request: HttpRequest, event: Event, *, publish: bool) -> HttpResponse:
        words = {"event": event}
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": (_("Put “%(event)s” on the site?") if publish
                      else _("Take “%(event)s” off the site?")) % words,
            "subtitle": None,
            "opts": self.opts,
            "object": event,
            "is_there": True,
            "publish": publish,
            "registered": self.people_registered(event),
            "leftovers": leftovers(event) if publish else [],
        }  # fmt: skip
        return TemplateResponse(request, "admin/events/event/on_site.html", context)

    def _put_on(self, request: HttpRequest, event: Event) -> None:
        put_on_site(event, at=timezone.now())
        self.log_change(request, event, _("Put on the site."))
        messages.success(
            request, _("“%(event)s” is on the site now. Everybody sees it.") % {"event": event}
        )
