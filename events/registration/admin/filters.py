"""How the list of registrations is narrowed down, and what of an address it understands."""

from typing import Any

from django.contrib import admin
from django.core.paginator import InvalidPage, Paginator
from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from events.registration.models import (
    AttendanceMode,
    Registration,
    RegistrationQuerySet,
    SeatRequest,
)

SEE_SUPPORT = "registration.view_supportneed"
# Longer than any name, and bounded: SQLite takes no pattern or expression of any size.
LONGEST_SEARCH = 100
MOST_WORDS = 6
# What the list's address may hold. Anything else would be a question to the
# database that nobody offers: "?support_needs__isnull=False" is one.
FILTERS = frozenset({"event__id__exact", "group__id__exact", "seat", "country", "address"})
SUPPORT = "support"
OTHERS = frozenset({"q", "o", "p", "all", "e"})


class SeatFilter(admin.SimpleListFilter):
    """Who takes part how. A seat given up for another one does not count."""

    title = _("seat")
    parameter_name = "seat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        wishes: list[tuple[str, Any]] = [
            (f"{mode}.{status}", f"{mode.label}: {status.label}")
            for mode in AttendanceMode
            for status in SeatRequest.Status
            if status != SeatRequest.Status.CANCELLED
        ]
        return [*wishes, ("none", _("Has no seat and waits for none"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> RegistrationQuerySet:
        value = self.value() or ""
        mode, _dot, status = value.partition(".")
        if value == "none":
            return queryset.without_a_seat()
        if mode in AttendanceMode.values and status in SeatRequest.Status.values:
            return queryset.asking_for(mode, status)
        # The mode alone is who holds a seat of it.
        return queryset.holding_a_seat(mode) if value in AttendanceMode.values else queryset


class CountryFilter(admin.SimpleListFilter):
    """Where people live, of the countries that somebody lives in."""

    title = _("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        codes = Registration.objects.order_by().values_list("country", flat=True).distinct()
        return sorted(((code, countries.name(code)) for code in codes), key=lambda row: row[1])

    def queryset(self, request: HttpRequest, queryset: Any) -> RegistrationQuerySet:
        code = self.value() or ""
        return queryset.filter(country=code) if code in countries else queryset


class AddressFilter(admin.SimpleListFilter):
    """Whose address is known to reach her. Who has none of her own is in neither list."""

    title = _("address")
    parameter_name = "address"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("confirmed", _("Confirmed")), ("unconfirmed", _("Not confirmed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> RegistrationQuerySet:
        if self.value() not in {"confirmed", "unconfirmed"}:
            return queryset
        return queryset.with_address_confirmed(self.value() == "confirmed")


class SupportFilter(admin.SimpleListFilter):
    """Who asked for support. Only for who may see support needs."""

    title = _("support")
    parameter_name = SUPPORT

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Asked for support")), ("no", _("Asked for none"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> RegistrationQuerySet:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.asking_for_support(self.value() == "yes")


class PatientPaginator(Paginator):
    """Shows the last page to who asks for one after it."""

    def validate_number(self, number: Any) -> int:
        """Return the number of a page there is."""
        try:
            return super().validate_number(number)
        except InvalidPage:
            return self.num_pages


def understood(request: HttpRequest) -> tuple[QueryDict, str]:
    """Return what of the list's address can be understood, and what to say of the rest, if any."""
    allowed = FILTERS | OTHERS | ({SUPPORT} if request.user.has_perm(SEE_SUPPORT) else set())
    kept = QueryDict(mutable=True)
    said = ""
    for name, values in request.GET.lists():
        value = values[-1]
        if name not in allowed or not _is_plain(name, value):
            said = _now("Part of the address was not understood and was left out.")
            continue
        if name == "q":
            words = value.replace("\x00", " ")[:LONGEST_SEARCH].split()[:MOST_WORDS]
            if len(value) > LONGEST_SEARCH or len(value.split()) > MOST_WORDS:
                said = _now("That was much to search for. Only its beginning was.")
                value = " ".join(words)
        kept[name] = value
    return kept, said


def is_key(text: str) -> bool:
    """Whether this can be the key of a row."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def _is_plain(name: str, value: str) -> bool:
    """Whether a value can be one that the list's own links hold. Search words may be any."""
    if name in {"event__id__exact", "group__id__exact"}:
        return is_key(value)
    return name == "q" or (len(value) <= 50 and value.isprintable())


def described(filters: QueryDict) -> str:
    """Return the filters as the access log keeps them: without the words searched for."""
    kept = []
    for name in sorted(filters):
        value = str(filters[name]).strip()
        if name in FILTERS | {SUPPORT}:
            kept.append(f"{name}={value}")
        elif name == "q" and value:
            kept.append("q=…")
    return "&".join(kept)


def search(queryset: RegistrationQuerySet, term: str) -> RegistrationQuerySet:
    """Return who has every word in name or organisation, or as beginning of the address.

    The reference is found by itself. A word with an @ is an address, whole or
    its beginning.
    """
    for word in term.replace("\x00", " ")[:LONGEST_SEARCH].split()[:MOST_WORDS]:
        address = Q(email__istartswith=word)
        if "@" in word:
            queryset = queryset.filter(address)
        else:
            anywhere = Q(name__icontains=word) | Q(organisation__icontains=word)
            queryset = queryset.filter(anywhere | address | Q(reference=word))
    return queryset
