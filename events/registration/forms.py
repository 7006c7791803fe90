"""The registration forms: what is asked, and what is wrong with an answer. They write nothing."""

import hashlib
import re
import unicodedata
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db.models import Q
from django.http import QueryDict
from django.utils.encoding import punycode
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django_countries import countries

from events.models import Event
from events.registration.counties import COUNTIES
from events.registration.guards import LEAST_SECONDS, new_form_token, read_form_token
from events.registration.models import (
    QUESTION_LENGTH,
    SUPPORT_NOTE_LENGTH,
    AttendanceMode,
    Consent,
    Interpretation,
    Invitation,
    Registration,
    SupportNeed,
)
from events.registration.rules import Details
from events.registration.seats import Availability
from speakers.models import StakeholderGroup, Voice

PHONE = re.compile(r"^\+?\(?[0-9][0-9 ().\-/]{4,}$")
# What has no place in a line: line breaks and the like, and signs that turn the
# direction of all that follows. Phones put such signs round a copied number.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Our mail to a stranger's address must not carry somebody else's advertisement.
WEB_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)
# How much of a far too long answer comes back in the field, with the sentence beside it.
SHOWN_AGAIN = 20


class LineField(forms.CharField):
    """One line of text. Line breaks and invisible control characters become spaces."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return " ".join(TURNS.sub("", CONTROLS.sub(" ", text)).split())


TOO_LONG = ngettext_lazy(
    "Please shorten this to %(limit_value)d character. You wrote %(show_value)d.",
    "Please shorten this to %(limit_value)d characters. You wrote %(show_value)d.",
    "limit_value",
)


class AddressField(forms.EmailField):
    """An email address that every mail server takes: ASCII, its domain as the DNS has it."""

    default_error_messages = {
        "required": _("Please write your email address."),
        "invalid": _("This is not an email address. It looks like name@example.org."),
        "max_length": TOO_LONG,
    }

    def to_python(self, value: Any) -> Any:
        address = super().to_python(value)
        if not address or len(address) > 320:
            return address
        name, at, domain = address.rpartition("@")
        try:
            return f"{name}{at}{punycode(domain)}"
        except UnicodeError:
            return address

    def validate(self, value: Any) -> None:
        """Refuse also what few servers take: quoted names, and machines by their number.

        And what no mail can be addressed to: "=?" begins an encoded word (RFC
        2047), and the name before the @ has at most 64 signs (RFC 5321, 4.5.3.1).
        """
        super().validate(value)
        if not value:
            return
        odd = not value.isascii() or any(signs in value for signs in ('"', "[", "=?"))
        # One that is too long in all is told so, by its own sentence.
        long_name = len(value.rpartition("@")[0]) > 64 and len(value) <= 254
        if odd or long_name:
            raise ValidationError(self.error_messages["invalid"], code="invalid")


def _line(label: Any, *, length: int = 200, autocomplete: str = "off", **kwargs: Any) -> LineField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, "dir": "auto"})
    field = LineField(label=label, widget=widget, **kwargs)
    field.validators.append(MaxLengthValidator(length, message=TOO_LONG))
    return field


def _offer(form: forms.Form, name: str, choices: list[tuple[str, Any]]) -> None:
    """Set the answers that a question offers."""
    cast("forms.ChoiceField", form.fields[name]).choices = choices


def _type_over(form: forms.Form, name: str, value: str) -> None:
    """Replace what was typed in one field, in this form's own copy of the post."""
    data = cast("QueryDict", form.data).copy()
    data[form.add_prefix(name)] = value
    form.data = data


def _modes(availability: Availability, *, held: str | None = None) -> list[tuple[str, Any]]:
    """Return the ways to take part, with what is taken; ``held`` is hers or asked for already."""

    def label(mode: AttendanceMode) -> Any:
        if mode in availability.free or mode == held:
            return mode.label
        if mode in availability.kept:
            return _("%(mode)s (seats for some groups, others wait)") % {"mode": mode.label}
        return _("%(mode)s (all seats are taken: you wait for one)") % {"mode": mode.label}

    shown = [mode for mode in AttendanceMode if mode in availability.offered or mode == held]
    return [(mode.value, label(mode)) for mode in shown]


def _text(label: Any, *, length: int, rows: int, **kwargs: Any) -> forms.CharField:
    field = forms.CharField(
        label=label,
        required=False,
        widget=forms.Textarea(attrs={"rows": rows, "dir": "auto"}),
        **kwargs,
    )
    field.validators.append(MaxLengthValidator(length, message=TOO_LONG))
    return field


def checked_name(name: str) -> str:
    """Return a person's name. Raises ValidationError for what is none."""
    if not any(unicodedata.category(sign)[0] in "LN" for sign in name):
        raise ValidationError(_("Please write your name in letters."))
    if WEB_ADDRESS.search(name):
        raise ValidationError(_("Please write only your name, without a web address."))
    return name


class DetailsForm(forms.Form):
    """What a person tells about herself and may change later."""

    name = _line(
        _("Your name"),
        autocomplete="name",
        help_text=_("As it should stand on the certificate."),
        error_messages={"required": _("Please write your name.")},
    )
    mode = forms.ChoiceField(
        label=_("How will you take part?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please choose how you will take part."),
            "invalid_choice": _("Please choose one of the ways in the list."),
        },
    )
    group = forms.ChoiceField(
        label=_("Which of these describes you best?"),
        error_messages={
            "required": _("Please choose a group."),
            "invalid_choice": _("Please choose one of the groups in the list."),
        },
    )
    organisation = _line(
        _("Organisation"),
        required=False,
        autocomplete="organization",
        help_text=_("If you come for one."),
    )
    job_title = _line(_("Position"), required=False, autocomplete="organization-title")
    phone = _line(_("Phone"), length=40, required=False, autocomplete="tel")
    country = forms.ChoiceField(
        label=_("Country"),
        widget=forms.Select(attrs={"autocomplete": "country"}),
        help_text=_("Where you live."),
        error_messages={
            "required": _("Please choose a country."),
            "invalid_choice": _("Please choose one of the countries in the list."),
        },
    )
    county = forms.ChoiceField(
        label=_("County"),
        required=False,
        choices=[("", "—"), *COUNTIES],
        help_text=_("If you live in Kenya."),
        error_messages={"invalid_choice": _("Please choose one of the counties in the list.")},
    )
    support = forms.MultipleChoiceField(
        label=_("What do you need to take part?"),
        required=False,
        choices=SupportNeed.Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only the person who arranges support sees this."),
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )
    support_note = _text(
        _("Tell us more about it, if you like"), length=SUPPORT_NOTE_LENGTH, rows=2
    )
    interpretation = forms.MultipleChoiceField(
        label=_("Which languages can you follow?"),
        required=False,
        choices=Interpretation.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("So that interpretation can be arranged. Sign languages are above."),
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )
    voices = forms.MultipleChoiceField(
        label=_("Whom do you speak for or work with?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only ever counted. Never shown with your name."),
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )
    question = _text(
        _("A question for the table"),
        length=QUESTION_LENGTH,
        rows=3,
        help_text=_("What should they talk about?"),
    )
    participants_list = forms.BooleanField(
        label=_("My name, organisation and country may stand in the list of participants."),
        required=False,
    )
    photographs = forms.TypedChoiceField(
        label=_("May you be seen in photographs and recordings?"),
        required=False,
        choices=[("yes", _("Yes")), ("no", _("No"))],
        widget=forms.RadioSelect,
        coerce=lambda answer: answer == "yes",
        empty_value=None,
        help_text=_("If you don't answer, we take it as no."),
        error_messages={"invalid_choice": _("Please choose yes or no.")},
    )

    def __init__(self, *args: Any, event: Event, availability: Availability, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        # What she answered once stays an answer, though it is offered no longer.
        groups = Q(offered=True) | Q(code=self.initial.get("group", ""))
        voices = Q(offered=True) | Q(code__in=self.initial.get("voices", []))
        self.groups = {group.code: group for group in StakeholderGroup.objects.filter(groups)}
        self.voices_offered = {voice.code: voice for voice in Voice.objects.filter(voices)}
        _offer(self, "mode", _modes(availability, held=self.held_mode()))
        _offer(self, "group", [("", _("Choose one")), *self._group_choices()])
        _offer(
            self,
            "voices",
            [(voice.code, voice.label) for voice in self.voices_offered.values()],
        )
        _offer(self, "country", [("", _("Choose one")), *countries])
        if event.venue and event.venue.country:
            self.fields["country"].initial = event.venue.country.code

    def held_mode(self) -> str | None:
        """Return the way to take part in which a seat is hers, or asked for, already."""
        return self.initial.get("mode")

    def _group_choices(self) -> list[tuple[str, Any]]:
        """Return the groups, those of a family together under its name."""
        choices: list[tuple[str, Any]] = []
        families: dict[str, list[tuple[str, str]]] = {}
        for group in self.groups.values():
            if not group.family:
                choices.append((group.code, group.label))
                continue
            if group.family not in families:
                families[group.family] = []
                choices.append((group.family, families[group.family]))
            families[group.family].append((group.code, group.label))
        return choices

    def clean_name(self) -> str:
        return checked_name(self.cleaned_data["name"])

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone and not PHONE.match(phone):
            raise ValidationError(_("Please write the number in digits, such as +254 700 000000."))
        return phone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("county") and cleaned.get("country") not in {"KE", None, ""}:
            self.add_error(
                "county",
                _("You chose a county of Kenya and another country. Please clear one of them."),
            )
        if cleaned.get("support_note") and not cleaned.get("support"):
            cleaned["support"] = [SupportNeed.Kind.OTHER]
        return cleaned

    def shown_again(self) -> None:
        """Cut far too long answers before the form goes back over somebody's line.

        The sentence at the field tells how long it was; everything of a length
        that a person types stays whole.
        """
        for name, field in self.fields.items():
            if isinstance(field, forms.CharField):
                limit = next(
                    (check.limit_value for check in field.validators
                     if isinstance(check, MaxLengthValidator)), 200,
                )  # fmt: skip
                value = self.data.get(self.add_prefix(name)) or ""
                if len(value) > limit * SHOWN_AGAIN:
                    _type_over(self, name, value[:limit])

    def details(self) -> Details:
        """Return the cleaned answers as the rules take them."""
        cleaned = self.cleaned_data
        return Details(
            name=cleaned["name"],
            mode=AttendanceMode(cleaned["mode"]),
            country=cleaned["country"],
            group=self.groups[cleaned["group"]],
            phone=cleaned["phone"],
            organisation=cleaned["organisation"],
            job_title=cleaned["job_title"],
            county=cleaned["county"],
            interpretation=list(dict.fromkeys(cleaned["interpretation"])),
            question=cleaned["question"],
            voices=[self.voices_offered[code] for code in dict.fromkeys(cleaned["voices"])],
            support=self._support(),
            consents=self.consents(),
            meanwhile=cleaned.get("meanwhile", False),
        )

    def _support(self) -> dict[str, str]:
        """Return the needs; what was written about them stands with the last one."""
        kinds = self.cleaned_data["support"]
        notes = dict.fromkeys(kinds, "")
        if kinds:
            notes[kinds[-1]] = self.cleaned_data["support_note"]
        return notes

    def consents(self) -> dict[str, bool]:
        """Return purpose → given or not; a question left open was not answered."""
        answers = {Consent.Purpose.PARTICIPANTS_LIST: self.cleaned_data["participants_list"]}
        if self.cleaned_data["photographs"] is not None:
            answers[Consent.Purpose.PHOTOGRAPHS] = self.cleaned_data["photographs"]
        return {str(purpose): given for purpose, given in answers.items()}


class ChangeForm(DetailsForm):
    """The same questions, answered already."""

    def __init__(self, *args: Any, registration: Registration, **kwargs: Any) -> None:
        super().__init__(
            *args, event=registration.event, initial=initial_of(registration), **kwargs
        )


def initial_of(registration: Registration) -> dict[str, Any]:
    """Return a registration's answers as the form shows them."""
    needs = list(registration.support_needs.all())
    consents = dict(registration.consents.values_list("purpose", "given"))
    photographs = consents.get(Consent.Purpose.PHOTOGRAPHS)
    in_force = registration.in_force
    return {
        "name": registration.name,
        "mode": in_force.mode if in_force else None,
        "group": registration.group.code,
        "organisation": registration.organisation,
        "job_title": registration.job_title,
        "phone": registration.phone,
        "country": registration.country.code,
        "county": registration.county,
        "support": [need.kind for need in needs],
        "support_note": next((need.note for need in needs if need.note), ""),
        "interpretation": registration.interpretation,
        "voices": [answer.voice.code for answer in
                   registration.voice_answers.select_related("voice")],
        "question": registration.question,
        "participants_list": consents.get(Consent.Purpose.PARTICIPANTS_LIST, False),
        "photographs": {True: "yes", False: "no", None: ""}[photographs],
    }  # fmt: skip


class CompanionForm(DetailsForm):
    """A registration with its consents, and with what keeps robots out."""

    meanwhile = forms.BooleanField(required=False)
    adult = forms.BooleanField(
        label=_("I am 18 or older."),
        error_messages={"required": _("This form is for people of 18 and older. "
                                      "Write to us if you are younger.")},
    )  # fmt: skip
    code_of_conduct = forms.BooleanField(
        label=_("I will treat everybody with respect. Harassment has no place here."),
        error_messages={"required": _("Please agree to treat everybody with respect.")},
    )
    processing = forms.BooleanField(
        label=_("I agree that my details are kept to run this event."),
        error_messages={"required": _("We can't keep a seat for you without your agreement.")},
    )
    form_token = forms.CharField(required=False, widget=forms.HiddenInput)
    leave_empty = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, availability: Availability, **kwargs: Any) -> None:
        super().__init__(*args, availability=availability, **kwargs)
        self._offer_meanwhile(availability)
        self.fields["form_token"].initial = new_form_token
        self.submission: str | None = None

    def _offer_meanwhile(self, availability: Availability) -> None:
        """Ask whether she takes what is free while she waits, where there is both."""
        free, offered = availability.free, availability.offered
        if not free or free == offered or availability.approval:
            del self.fields["meanwhile"]
            return
        self.fields["meanwhile"].label = {
            AttendanceMode.ONLINE: _("If I have to wait, I take a seat online until then."),
            AttendanceMode.IN_ROOM: _("If I have to wait, I take a seat in the room until then."),
        }[free[0]]

    def clean_leave_empty(self) -> str:
        if self.cleaned_data["leave_empty"]:
            raise ValidationError(_("Please leave this field empty. It catches robots."))
        return ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        token = read_form_token(cleaned.get("form_token", ""))
        if token is None:
            _type_over(self, "form_token", new_form_token())
            self.add_error(
                None,
                _("The form came back incomplete. Please check it and press the button again."),
            )
        elif token.seconds_old < LEAST_SECONDS:
            self.add_error(None, _("That was very quick. Please press the button once more."))
        else:
            self.submission = f"{token.submission}.{self._typed()[:17]}"
        return cleaned

    def _typed(self) -> str:
        """Return a digest of all that came, so that only the very same form is the same.

        Who goes back, mends her address and presses the button again sends
        another one.
        """
        posted = cast("QueryDict", self.data).urlencode()
        return hashlib.sha256(posted.encode()).hexdigest()

    def consents(self) -> dict[str, bool]:
        given = {str(Consent.Purpose.PROCESSING): True,
                 str(Consent.Purpose.CODE_OF_CONDUCT): True,
                 str(Consent.Purpose.ADULT): True}  # fmt: skip
        return given | super().consents()


class RegistrationForm(CompanionForm):
    """The public form: a registration by one's own address."""

    email = AddressField(
        label=_("Email"),
        max_length=254,
        help_text=_("The invitation goes there, and the link to change or give up your seat."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ["name", "email"]


class InvitedForm(RegistrationForm):
    """The same for somebody invited, filled in with what the organisers wrote of her."""

    def __init__(self, *args: Any, invitation: Invitation, holds: bool, **kwargs: Any) -> None:
        self.holds = invitation.mode if holds else None
        initial = {
            "name": invitation.name,
            "email": invitation.email,
            "mode": invitation.mode,
            "group": invitation.group.code if invitation.group else "",
        }
        super().__init__(*args, event=invitation.event, initial=initial, **kwargs)

    def held_mode(self) -> str | None:
        return self.holds


class LostLinkForm(forms.Form):
    """Where to send the link again."""

    email = AddressField(
        label=_("Email"),
        max_length=254,
        help_text=_("The address you registered with."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ReturnForm(forms.Form):
    """How somebody who comes back takes part."""

    mode = forms.ChoiceField(
        label=_("How will you take part?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please choose how you will take part."),
            "invalid_choice": _("Please choose one of the ways in the list."),
        },
    )

    def __init__(self, *args: Any, availability: Availability, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "mode", _modes(availability))


def sentence(reason: str) -> str:
    """Return in words why a seat can't be had."""
    sentences = {
        "full": _now("All seats of this kind are taken. Another way to take part may be free."),
        "kept": _now("The seats of this kind that are left are kept for other groups for now."),
        "approval": _now("The organisers look at each registration first. Please write to us."),
        "not_asked": _now("You are not on the waiting list any more."),
        "kept_for_her_group": _now(
            "Your seat was kept for the group you chose first. Please write to us to change it."
        ),
        "declined": _now("The organisers could not give you this seat. Please write to us."),
        "not_yet": _now("Registration is not open yet."),
        "over": _now("The event has begun or is over. Registration is closed."),
        "nothing_to_give_up": _now("The event is over, so there is no seat left to give up."),
        "time_up": _now("Registration is closed."),
        "stopped": _now("The organisers are taking no more people."),
        "cancelled": _now("The event was cancelled."),
        "postponed": _now("The event was put off. Please look again later."),
        "not_offered": _now("Registration is not open."),
        "no_mail": _now("Registration is not open yet."),
        "by_invitation": _now("This roundtable is by invitation."),
        "invitation_used": _now(
            "Somebody took a seat by this invitation already. The link to it is in the mail "
            "that came then."
        ),
        "invitation_over": _now("This invitation is no longer valid. Please write to us."),
        "too_many_companions": _now(
            "You have registered as many people as one address can. Please write to us."
        ),
        "contact_gave_up": _now("You gave up your seat. Please take it again first."),
        "contact_without_address": _now(
            "Only somebody with an email address can register another person."
        ),
    }
    return sentences[str(reason)]
