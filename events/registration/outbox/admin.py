"""The outbox for organisers: what was sent to whom and when, never what it says."""

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events.registration.outbox import rules
from events.registration.outbox.models import OutboxMail, OutboxMailQuerySet


@admin.register(OutboxMail)
class OutboxMailAdmin(admin.ModelAdmin):
    list_display = ["to", "subject", "state", "attempts", "created_at", "sent_at", "error"]
    list_filter = ["state"]
    search_fields = ["to", "subject"]
    date_hierarchy = "created_at"
    readonly_fields = [
        "to",
        "subject",
        "state",
        "attempts",
        "created_at",
        "due_at",
        "sent_at",
        "error",
    ]
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> OutboxMailQuerySet:
        return OutboxMail.objects.defer("payload").order_by("-created_at", "-pk")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Take only what is offered as a filter.

        Django takes any field of the model in the address, and with
        ``payload__contains`` one could feel for the code in somebody's mail.
        """
        return lookup.split("__", maxsplit=1)[0] in {"state", "created_at"}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutboxMail | None = None) -> bool:
        return False

    @admin.action(description=_("Send again what was given up"), permissions=["change"])
    def send_again(self, request: HttpRequest, queryset: OutboxMailQuerySet) -> None:
        now = timezone.now()
        sent = sum(rules.send_again(mail, at=now) for mail in queryset)
        text = ngettext("%(sent)d mail is on its way.", "%(sent)d mails are on their way.", sent)
        messages.success(request, text % {"sent": sent})
