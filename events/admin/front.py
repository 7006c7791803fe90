"""Drafts, what is coming, what is over; and which event has the front page."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import clock
from events.models import Event, EventQuerySet
from events.rules import NotPublished, put_in_front, take_off_site
from speakers.addresses import AddressFromName


class WhenFilter(admin.SimpleListFilter):
    """Where an event stands, by the domain's clock."""

    title = gettext_lazy("where it stands")
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("draft", _("Drafts")),
            ("coming", _("Coming")),
            ("past", _("Past")),
            ("cancelled", _("Cancelled")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Narrow the list; an event that is called off is neither coming nor past."""
        now = clock.now()
        events = Event.objects.exclude(status=Event.Status.CANCELLED)
        chosen: dict[str, EventQuerySet] = {
            "draft": events.filter(published=False),
            "coming": events.published().upcoming(now),
            "past": events.published().past(now),
            "cancelled": Event.objects.filter(status=Event.Status.CANCELLED),
        }
        found = chosen.get(self.value() or "")
        return queryset if found is None else queryset.filter(pk__in=found.order_by().values("pk"))


class OneInFront(AddressFromName):
    """Says which event has the front page, where another one asks for it."""

    address_from = "title"

    def clean_featured(self) -> bool:
        featured: bool = self.cleaned_data["featured"]
        others = Event.objects.filter(featured=True).exclude(pk=self.instance.pk)
        if featured and (other := others.first()):
            raise ValidationError(
                _("“%(event)s” is on the front page now. Save without this tick, then choose "
                  "“Put on the front page” at the top: the two change places in one step.")
                % {"event": other}
            )  # fmt: skip
        return featured


class FrontPage(admin.ModelAdmin):
    """Puts an event on the front page, in place of the one there, and takes one off the site."""

    def get_urls(self) -> list[URLPattern]:
        button = path(
            "<path:object_id>/put-in-front/",
            self.admin_site.admin_view(self.put_in_front_view),
            name="events_event_put_in_front",
        )
        return [button, *super().get_urls()]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [WhenFilter, *super().get_list_filter(request)]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer both for a choice in the list, to whoever may change events."""
        actions: dict[str, Any] = super().get_actions(request)
        # What the page shows in a window of its own offers no actions.
        if "_popup" not in request.GET and self.has_change_permission(request):
            for name, act, words in (
                ("put_in_front", self._put_chosen, gettext_lazy("Put on the front page")),
                ("take_off_site", self._take_off_chosen, gettext_lazy("Take off the site")),
            ):
                actions[name] = (act, name, str(words))
        return actions

    def put_in_front_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do what the button on the event's own page says."""
        event: Event | None = self.get_object(request, unquote(object_id))
        if event is None:
            raise Http404
        if not self.has_change_permission(request, event):
            raise PermissionDenied
        if request.method == "POST":
            self._put(request, event)
        return HttpResponseRedirect(reverse("admin:events_event_change", args=[event.pk]))

    def _put(self, request: HttpRequest, event: Event) -> None:
        try:
            before = put_in_front(event, at=timezone.now())
        except NotPublished:
            messages.error(
                request,
                _("“%(event)s” is a draft. Publish it first; nobody would see it there.")
                % {"event": event},
            )
            return
        self.log_change(request, event, _("Put on the front page."))
        words = {"event": event, "before": before}
        text = _("“%(event)s” is on the front page now, in place of “%(before)s”.")
        messages.success(
            request, (text if before else _("“%(event)s” is on the front page now.")) % words
        )

    def _take_off(self, request: HttpRequest, event: Event) -> None:
        take_off_site(event, at=timezone.now())
        self.log_change(request, event, _("Taken off the site."))
        messages.success(
            request,
            _("“%(event)s” is a draft now. Nobody but organisers sees it.") % {"event": event},
        )

    @staticmethod
    def _put_chosen(own: "FrontPage", request: HttpRequest, queryset: QuerySet[Event]) -> None:
        events = list(queryset[:2])
        if len(events) == 1:
            own._put(request, events[0])
        else:
            messages.error(request, _("Only one event can be on the front page. Choose one."))

    @staticmethod
    def _take_off_chosen(own: "FrontPage", request: HttpRequest, queryset: QuerySet[Event]) -> None:
        for event in queryset:
            own._take_off(request, event)
