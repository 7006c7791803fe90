"""The page where an organiser enters somebody who came on paper or by phone."""

import hashlib
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from events import clock
from events.models import Event, EventQuerySet
from events.registration.admin import deciding, filters
from events.registration.counties import COUNTIES
from events.registration.forms import (
    TOO_LONG,
    AddressField,
    LineField,
    cleaned_phone,
    is_in_letters,
)
from events.registration.guards import new_form_token, read_form_token
from events.registration.models import AttendanceMode, Consent, Registration
from events.registration.rules import Obstacle, Refused
from speakers.models import StakeholderGroup


def _line(label: Any, *, length: int = 200, **kwargs: Any) -> LineField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"})
    field = LineField(label=label, widget=widget, **kwargs)
    field.validators.append(MaxLengthValidator(length, message=TOO_LONG))
    return field


class EnterForm(forms.Form):
    """What an organiser knows of a person: the event and a name, and whatever else."""

    event = forms.ModelChoiceField(
        Event.objects.none(),
        label=_("Event"),
        empty_label=_("Choose one"),
        error_messages={
            "required": _("Please choose an event."),
            "invalid_choice": _("Please choose one of the events in the list."),
        },
    )
    name = _line(_("Name"), error_messages={"required": _("Please write the name.")})
    mode = forms.ChoiceField(
        label=_("Way to take part"),
        required=False,
        choices=[("", _("Not told: the first that is offered")), *AttendanceMode.choices],
        error_messages={"invalid_choice": _("Please choose one of the ways in the list.")},
    )
    group = forms.ModelChoiceField(
        StakeholderGroup.objects.filter(offered=True),
        label=_("Stakeholder group"),
        required=False,
        to_field_name="code",
        empty_label=_("Not told"),
        error_messages={"invalid_choice": _("Please choose one of the groups in the list.")},
    )
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        choices=[("", _("Not told: that of the venue")), *countries],
        error_messages={"invalid_choice": _("Please choose one of the countries in the list.")},
    )
    county = forms.ChoiceField(
        label=_("County"),
        required=False,
        choices=[("", "—"), *COUNTIES],
        error_messages={"invalid_choice": _("Please choose one of the counties in the list.")},
    )
    organisation = _line(_("Organisation"), required=False)
    phone = _line(_("Phone"), length=40, required=False)
    email = AddressField(
        label=_("Email"),
        required=False,
        max_length=254,
        help_text=_("If there is one, the usual mail goes there. If not, you get a short code."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    agreed = forms.MultipleChoiceField(
        label=_("The person agreed to"),
        required=False,
        choices=Consent.Purpose.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick only what the person told you. It is noted that it came by way of you."),
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )
    form_token = forms.CharField(required=False, widget=forms.HiddenInput, initial=new_form_token)

    def __init__(self, *args: Any, event: str, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language = language
        events = self.fields["event"]
        assert isinstance(events, forms.ModelChoiceField)
        offered = Event.objects.published().upcoming(clock.now()).select_related("series", "venue")
        events.queryset = offered.exclude(status=Event.Status.CANCELLED)
        events.initial = event or self._only(events.queryset)

    def _only(self, events: EventQuerySet) -> int | None:
        """Return the key of the one event there is to choose; None where there are more."""
        keys = list(events.values_list("pk", flat=True)[:2])
        return keys[0] if len(keys) == 1 else None

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not is_in_letters(name):
            raise ValidationError(_("Please write the name in letters."))
        return name

    def clean_phone(self) -> str:
        return cleaned_phone(self.cleaned_data["phone"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        event, country = cleaned.get("event"), cleaned.get("country")
        if event and not country:
            country = event.venue.country.code if event.venue else ""
            if not country and "country" not in self.errors:
                self.add_error("country", _("Please choose a country: the venue has none."))
        if cleaned.get("county") and country not in {"KE", None, ""}:
            self.add_error(
                "county",
                _("You chose a county of Kenya and another country. Please clear one of them."),
            )
        known = self._known()
        if known:
            self.add_error("email", already_registered(known))
        return cleaned

    def _known(self) -> Registration | None:
        """Return who has this address at this event already."""
        event, email = self.cleaned_data.get("event"), self.cleaned_data.get("email")
        if not event or not email:
            return None
        return Registration.objects.filter(event=event).with_address(email).first()

    def refuse(self, refusal: Refused) -> None:
        """Say why the person could not be entered, at the question it is about."""
        known = self._known() if refusal.reason == Obstacle.ADDRESS_TAKEN else None
        if known:
            self.add_error("email", already_registered(known))
        else:
            field = {"not_offered": "mode", "address_taken": "email"}.get(str(refusal.reason))
            self.add_error(field or "event", deciding.sentence(refusal))

    def told(self) -> dict[str, Any]:
        """Return the cleaned answers as the rule takes them."""
        cleaned = self.cleaned_data
        return {
            "event": cleaned["event"],
            "name": cleaned["name"],
            "mode": AttendanceMode(cleaned["mode"]) if cleaned["mode"] else None,
            "group": cleaned["group"],
            "country": cleaned["country"],
            "county": cleaned["county"],
            "organisation": cleaned["organisation"],
            "phone": cleaned["phone"],
            "email": cleaned["email"] or None,
            "language": self.language,
            "consents": dict.fromkeys(cleaned["agreed"], True),
            "submission": self._submission(),
        }

    def _submission(self) -> str | None:
        """Return what the very same form, pressed twice, has in common with itself."""
        token = read_form_token(self.cleaned_data["form_token"])
        if token is None:
            return None
        typed = QueryDict(mutable=True)
        typed.update(self.data)
        typed.pop("csrfmiddlewaretoken", None)
        digest = hashlib.sha256(typed.urlencode().encode()).hexdigest()
        return f"{token.submission}.{digest[:17]}"


def asked_for(request: HttpRequest) -> str:
    """Return the key of the event that the list was narrowed down to, if it was."""
    query = QueryDict(request.GET.get("_changelist_filters", ""))
    key = request.GET.get("event") or query.get("event__id__exact", "")
    return key if filters.is_key(key) else ""


def already_registered(registration: Registration) -> str:
    """Say that an address is known, with the way to whose it is."""
    page = reverse("admin:registration_registration_change", args=[registration.pk])
    return format_html(
        '{} <a href="{}">{}</a>',
        deciding.address_taken(),
        page,
        _now("Look at this registration"),
    )


def entered(registration: Registration) -> str:
    """Say how somebody who was just entered stands, and whether a mail reaches her."""
    if registration.seat:
        said = _now("%(name)s has a seat: %(mode)s.")
    else:
        said = _now("%(name)s waits for a seat: %(mode)s.")
    in_force = registration.in_force
    assert in_force is not None
    text = said % {"name": registration.name, "mode": in_force.get_mode_display()}
    if registration.email:
        return text + " " + _now("A mail is on its way.")
    return text + " " + _now("There is a code to hand over, below.")
