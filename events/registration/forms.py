"""The registration forms: what is asked, and what is wrong with an answer. They write nothing."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db.models import Q
from django.http import QueryDict
from django.utils.encoding import punycode
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django_countries import countries

from events.models import Event
from events.registration import rules
from events.registration.counties import COUNTIES
from events.registration.guards import LEAST_SECONDS, new_form_token, read_form_token
from events.registration.models import (
    MOST_ATTENDANTS,
    QUESTION_LENGTH,
    SUPPORT_NOTE_LENGTH,
    AttendanceMode,
    Attendant,
    Consent,
    Interpretation,
    Invitation,
    Question,
    Registration,
    SupportNeed,
)
from events.registration.questions import Value, name_of, offered
from events.registration.rules import MOST_COMPANIONS, Details
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
NUMBER = re.compile(r"^[+-]?\d{1,15}(\.\d{1,6})?$")
# More choices than this stand in a list that opens.
MOST_RADIOS = 10


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


def is_in_letters(name: str) -> bool:
    """Whether somebody could be called by it: there is a letter or a digit in it."""
    return any(unicodedata.category(sign)[0] in "LN" for sign in name)


def cleaned_phone(phone: str) -> str:
    """Return a phone number as typed. Raises ValidationError where it is none."""
    if phone and not PHONE.match(phone):
        raise ValidationError(_("Please write the number in digits, such as +254 700 000000."))
    return phone


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


def _text(
    label: Any, *, length: int, rows: int, required: bool = False, **kwargs: Any
) -> forms.CharField:
    field = forms.CharField(
        label=label,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows, "dir": "auto"}),
        **kwargs,
    )
    field.validators.append(MaxLengthValidator(length, message=TOO_LONG))
    return field


class NumberField(LineField):
    """A number in digits, kept as text. Spaces between its digits don't matter."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value).replace(" ", "").replace("\u2212", "-")
        if not text:
            return ""
        if not NUMBER.match(text):
            raise ValidationError(
                _("Please write a number in digits, such as 12 or 2.5."), code="invalid"
            )
        return f"{(Decimal(text) or Decimal(0)).normalize():f}"


def own_field(question: Question, answered: Value | None = None) -> forms.Field:
    """Return the field in which a question of the organisers' own is asked.

    ``answered`` is what she said before. A question that is asked no more is
    shown only to who answered it, so that she sees that and can take it back.
    """
    gone = question.removed_at is not None
    helps = _("The organisers ask this no more. You may clear it.") if gone else question.help
    required = question.required and not gone
    asked: dict[str, Any] = {
        "label": question.text,
        # The page shows helping words as they are, because our own may hold links.
        "help_text": format_html("{}", helps),
        "required": required,
        "error_messages": {
            "required": _please_answer(question),
            "invalid_choice": _("Please choose from the list."),
        },
    }
    nothing = [("", _("Choose one") if required else _("No answer"))]
    choices = [(choice, choice) for choice in offered(question, answered)]
    fields: dict[str, Callable[[], forms.Field]] = {
        Question.Kind.SHORT: lambda: _line(**asked),
        Question.Kind.LONG: lambda: _text(length=QUESTION_LENGTH, rows=3, **asked),
        Question.Kind.ONE: lambda: _one_of(choices, nothing, **asked),
        Question.Kind.SEVERAL: lambda: forms.MultipleChoiceField(
            choices=choices, widget=forms.CheckboxSelectMultiple, **asked
        ),
        Question.Kind.YES_NO: lambda: _one_of(
            [("yes", _("Yes")), ("no", _("No"))], nothing, **asked
        ),
        Question.Kind.NUMBER: lambda: NumberField(
            widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}), **asked
        ),
        Question.Kind.COUNTRY: lambda: forms.ChoiceField(choices=[*nothing, *countries], **asked),
    }
    field = fields[question.kind]()
    field.initial = {True: "yes", False: "no"}[answered] if isinstance(answered, bool) else answered
    return field


def _one_of(
    choices: list[tuple[str, Any]], nothing: list[tuple[str, Any]], *, required: bool, **asked: Any
) -> forms.ChoiceField:
    """Return a choice: side by side while they are few. What need not be answered can be undone."""
    if len(choices) > MOST_RADIOS:
        return forms.ChoiceField(choices=[*nothing, *choices], required=required, **asked)
    shown = choices if required else [*choices, *nothing]
    return forms.ChoiceField(choices=shown, widget=forms.RadioSelect, required=required, **asked)


def _please_answer(question: Question) -> Any:
    """Ask for an answer, naming the question where the list of slips doesn't name it already."""
    if question.text.endswith(("?", ".")):
        return _("Please answer “%(question)s”") % {"question": question.text}
    return _("Please answer this.")


def own_value(question: Question, cleaned: Any) -> Value | None:
    """Return a cleaned answer as it is kept; None where there is none."""
    if question.kind == Question.Kind.YES_NO:
        return {"yes": True, "no": False}.get(cleaned)
    if question.kind == Question.Kind.SEVERAL:
        # In the order they stand in, so that the same ones are the same answer.
        return [choice for choice in offered(question, cleaned) if choice in cleaned] or None
    return cleaned or None


def _attendant(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[
            ("", _("Nobody")),
            (Attendant.Kind.ASSISTANT, _("An assistant")),
            (Attendant.Kind.INTERPRETER, _("An interpreter")),
        ],
        help_text=_("They need no seat. Only the person who arranges support sees this."),
        error_messages={"invalid_choice": _("Please choose from the list.")},
    )


def checked_name(name: str) -> str:
    """Return a person's name. Raises ValidationError for what is none."""
    if not is_in_letters(name):
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
    attendant_1 = _attendant(_("Does somebody come along with you?"))
    attendant_1_name = _line(_("The name of who comes along"), required=False)
    attendant_2 = _attendant(_("And somebody else?"))
    attendant_2_name = _line(_("The name of the other who comes along"), required=False)
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

    def __init__(
        self,
        *args: Any,
        event: Event,
        availability: Availability,
        answered: Mapping[int, Value] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        self._ask_own(answered or {})
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

    def _ask_own(self, answered: Mapping[int, Value]) -> None:
        """Ask the organisers' own questions, in their order; ``answered`` is by their keys."""
        asked = Q(removed_at__isnull=True) | Q(pk__in=list(answered))
        self.own = {
            name_of(question.pk): question
            for question in Question.objects.filter(asked, event=self.event.pk)
        }
        for name, question in self.own.items():
            self.fields[name] = own_field(question, answered.get(question.pk))

    def own_questions(self) -> list[forms.BoundField]:
        """Return the fields of the organisers' own questions, as they are asked."""
        return [self[name] for name in self.own]

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
        return cleaned_phone(self.cleaned_data["phone"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("county") and cleaned.get("country") not in {"KE", None, ""}:
            self.add_error(
                "county",
                _("You chose a county of Kenya and another country. Please clear one of them."),
            )
        if cleaned.get("support_note") and not cleaned.get("support"):
            cleaned["support"] = [SupportNeed.Kind.OTHER]
        for number in range(1, MOST_ATTENDANTS + 1):
            self._look_at_attendant(f"attendant_{number}")
        return cleaned

    def _look_at_attendant(self, field: str) -> None:
        """Say what is wrong with the name of somebody who comes along."""
        name = self.cleaned_data.get(f"{field}_name")
        if not name:
            return
        if not is_in_letters(name):
            self.add_error(f"{field}_name", _("Please write the name in letters."))
        elif WEB_ADDRESS.search(name):
            text = _("Please write only the name, without a web address.")
            self.add_error(f"{field}_name", text)
        elif not self.cleaned_data.get(field) and field not in self.errors:
            self.add_error(field, _("Please choose what this person comes for."))

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
            attendants=self._attendants(),
            consents=self.consents(),
            meanwhile=cleaned.get("meanwhile", False),
            own_answers={
                question: own_value(question, cleaned[name]) for name, question in self.own.items()
            },
        )

    def _support(self) -> dict[str, str]:
        """Return the needs; what was written about them stands with the last one."""
        kinds = self.cleaned_data["support"]
        notes = dict.fromkeys(kinds, "")
        if kinds:
            notes[kinds[-1]] = self.cleaned_data["support_note"]
        return notes

    def _attendants(self) -> list[tuple[str, str]]:
        """Return who comes along: an assistant also where only that was ticked as support."""
        cleaned = self.cleaned_data
        numbers = range(1, MOST_ATTENDANTS + 1)
        along = [
            (kind, cleaned[f"attendant_{number}_name"])
            for number in numbers
            if (kind := cleaned[f"attendant_{number}"])
        ]
        if not along and SupportNeed.Kind.ASSISTANT in cleaned["support"]:
            return [(str(Attendant.Kind.ASSISTANT), "")]
        return along

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
            *args,
            event=registration.event,
            initial=initial_of(registration),
            answered=dict(registration.answers.values_list("question", "value")),
            **kwargs,
        )
        if registration.seat is None and registration.wishes:
            self.fields["mode"].help_text = _(
                "Choose another way, and you leave the list as soon as you have a seat. To keep "
                "your place, go back: your page may offer a seat meanwhile."
            )


def initial_of(registration: Registration) -> dict[str, Any]:
    """Return a registration's answers as the form shows them."""
    needs = list(registration.support_needs.all())
    consents = dict(registration.consents.values_list("purpose", "given"))
    photographs = consents.get(Consent.Purpose.PHOTOGRAPHS)
    in_force = registration.in_force
    along: dict[str, str] = {}
    for number, one in enumerate(registration.attendants.all(), 1):
        along |= {f"attendant_{number}": one.kind, f"attendant_{number}_name": one.name}
    return {
        **along,
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


# What the form for several people does not ask of each of them.
NOT_OF_SEVERAL = (
    "name", "meanwhile", "job_title", "phone", "support", "support_note", "interpretation",
    "attendant_1", "attendant_1_name", "attendant_2", "attendant_2_name",
    "voices", "question", "participants_list", "photographs",
    "adult", "code_of_conduct", "processing",
)  # fmt: skip


@dataclass(frozen=True)
class PersonRow:
    """One person's row of the form for several, as the page shows it."""

    number: int
    name: forms.BoundField
    group: forms.BoundField
    support: forms.BoundField


class SeveralForm(CompanionForm):
    """Several people at once: what they share, and a row for each. Empty rows are ignored.

    There are as many rows as people are left to be registered, and never fewer
    than were typed in: then it is the rule that says there are too many.
    """

    agreed = forms.BooleanField(
        label=_("Each of them agreed to this, and is 18 or older."),
        error_messages={"required": _("Please ask each of them first, and then tick this.")},
    )
    same_name = forms.BooleanField(
        label=_("These are different people who have the same name."), required=False
    )

    def __init__(self, *args: Any, contact: Registration, **kwargs: Any) -> None:
        super().__init__(*args, event=contact.event, **kwargs)
        for name in NOT_OF_SEVERAL:
            self.fields.pop(name, None)
        self.fields["mode"].label = _("How will they take part?")
        self.fields["group"].label = _("Which of these describes them best?")
        self.fields["country"].help_text = _("Where they live.")
        self.fields["county"].help_text = _("If they live in Kenya.")
        self.fields["organisation"].help_text = _("If they come for one.")
        companions = [person.name for person in contact.companions.all()]
        self.left = max(MOST_COMPANIONS - len(companions), 0)
        # Who registers them may think that her own name belongs there too.
        self.names_known = [contact.name, *companions]
        self.asks_same_name = False
        for number in range(1, self._number_of_rows() + 1):
            self._add_row(number)

    def _number_of_rows(self) -> int:
        typed = [number for number in range(1, MOST_COMPANIONS + 1)
                 if any(str(self.data.get(f"{part}_{number}", "")).strip()
                        for part in ("name", "group", "support"))]  # fmt: skip
        return max([self.left, *typed])

    def _add_row(self, number: int) -> None:
        values = {"number": number}
        self.fields[f"name_{number}"] = _line(_("Person %(number)d: name") % values, required=False)
        self.fields[f"group_{number}"] = forms.ChoiceField(
            label=_("Person %(number)d: group, if it is another") % values,
            required=False,
            choices=[("", _("As above")), *self._group_choices()],
            error_messages={"invalid_choice": _("Please choose one of the groups in the list.")},
        )
        self.fields[f"support_{number}"] = _line(
            _("Person %(number)d: support needed") % values, required=False
        )

    @property
    def rows(self) -> list[PersonRow]:
        """The rows as the page shows them."""
        numbers = range(1, len([name for name in self.fields if name.startswith("name_")]) + 1)
        return [
            PersonRow(n, self[f"name_{n}"], self[f"group_{n}"], self[f"support_{n}"])
            for n in numbers
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        names: list[str] = []
        sent = rules.several_came(self.submission)
        known = [] if sent else [_alike(name) for name in self.names_known]
        for row in self.rows:
            # One that is wrong already is not there to be looked at.
            name = cleaned.get(f"name_{row.number}")
            used = cleaned.get(f"group_{row.number}") or cleaned.get(f"support_{row.number}")
            if name:
                self._look_at(row.number, name, known=[*known, *map(_alike, names)])
                names.append(name)
            elif used and name is not None:
                self.add_error(
                    f"name_{row.number}", _("Please write the name too, or clear this row.")
                )
        if not names and not self.errors:
            self.add_error("name_1" if self.rows else None, _("Please write at least one name."))
        return cleaned

    def _look_at(self, number: int, name: str, *, known: list[str]) -> None:
        """Say what is wrong with one name, and ask about one that is there already."""
        if not is_in_letters(name):
            self.add_error(f"name_{number}", _("Please write the name in letters."))
        elif WEB_ADDRESS.search(name):
            text = _("Please write only the name, without a web address.")
            self.add_error(f"name_{number}", text)
        elif _alike(name) in known:
            self.asks_same_name = True
            if not self.cleaned_data.get("same_name"):
                text = _("This name is there already. If it is another person, tick so below.")
                self.add_error(f"name_{number}", text)

    def people(self) -> list[Details]:
        """Return those whose rows are filled in, in the sequence typed."""
        cleaned = self.cleaned_data
        return [
            Details(
                name=cleaned[f"name_{row.number}"],
                mode=AttendanceMode(cleaned["mode"]),
                country=cleaned["country"],
                county=cleaned["county"],
                group=self.groups[cleaned[f"group_{row.number}"] or cleaned["group"]],
                organisation=cleaned["organisation"],
                support={str(SupportNeed.Kind.OTHER): note}
                if (note := cleaned[f"support_{row.number}"])
                else {},
                consents=self.consents(),
            )
            for row in self.rows
            if cleaned[f"name_{row.number}"]
        ]

    def consents(self) -> dict[str, bool]:
        """Return what the one who registers them says each of them agreed to."""
        purposes = Consent.Purpose
        agreed = (purposes.PROCESSING, purposes.CODE_OF_CONDUCT, purposes.ADULT)
        return {str(purpose): True for purpose in agreed}


def _alike(name: str) -> str:
    """Return a name so that it equals the same one in other capitals."""
    return unicodedata.normalize("NFKC", name).casefold()


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


class CodeForm(forms.Form):
    """The short code of somebody without an address."""

    code = LineField(
        label=_("Your code"),
        max_length=40,
        help_text=_("Eight letters and digits, such as K7M4-QX9T. Capitals don't matter."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={
            "required": _("Please write your code."),
            "max_length": _("This code is not known here. Please look at it again, sign by sign."),
        },
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
        "questions_changed": _now(
            "The organisers have just changed a question. Please look at them once more."
        ),
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
