"""Colleagues in the admin: who works at the desk, and in which roles."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminEmailInputWidget
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from roundtable.accounts.factors import end_sessions
from roundtable.roles import MEANING, Role
from speakers.lookups import AsksWhatIsOffered


class RoleField(forms.ModelMultipleChoiceField):
    """The roles as ticks, each with what it means."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, group: Model) -> SafeString:
        name = str(group)
        meaning = MEANING[Role(name)] if name in list(Role) else ""
        return format_html("{} – {}", name, meaning)


class ColleagueForm(forms.ModelForm):
    """An address, a name, and at least the say which roles; a code by mail signs in."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=150,
        widget=AdminEmailInputWidget,
        help_text=_("Your colleague signs in with a code that is sent there."),
    )
    groups = RoleField(label=_("Roles"), queryset=Group.objects.order_by("pk"), required=False)

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "groups", "is_active"]
        labels = {"is_active": _("May sign in")}
        help_texts = {"is_active": _("Untick to keep somebody out. What they did stays.")}

    def clean_email(self) -> str:
        """Refuse an address that somebody has; to claim it as a second one is not to have it."""
        email: str = self.cleaned_data["email"]
        holds = Q(email__iexact=email) | Q(username__iexact=email)
        confirmed = Q(emailaddress__email__iexact=email, emailaddress__verified=True)
        others = User.objects.filter(holds | confirmed)
        if others.exclude(pk=self.instance.pk).exists():
            raise ValidationError(
                _("Somebody has an account with this address already. Find it in the list.")
            )
        return email

    def clean(self) -> dict[str, Any]:
        """Refuse what would leave nobody to say who the colleagues are."""
        cleaned = super().clean() or {}
        names = {group.name for group in cleaned.get("groups", ())}
        stays = cleaned.get("is_active") and (Role.OWNER in names or self.instance.is_superuser)
        if not stays and not owners().exclude(pk=self.instance.pk).exists():
            raise ValidationError(
                _("There must be at least one owner who may sign in. Make somebody else one first.")
            )
        return cleaned


def owners() -> QuerySet[User]:
    """Those who may say who the colleagues are, and may sign in."""
    owning = Q(groups__name=Role.OWNER) | Q(is_superuser=True)
    return User.objects.filter(owning, is_active=True, is_staff=True).distinct()


class AtTheDesk(admin.SimpleListFilter):
    """Colleagues first; those who only registered for an event have accounts too."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("colleagues", _("Colleagues")), ("others", _("Others with an account"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() in {"colleagues", "others"}:
            return queryset.filter(is_staff=self.value() == "colleagues")
        return queryset


class ColleagueAdmin(AsksWhatIsOffered):
    """Accounts without passwords: an address, roles, and whether one may sign in."""

    form = ColleagueForm
    list_display = ["email", "name", "roles", "is_active", "last_login"]
    list_filter = [AtTheDesk, "groups", "is_active"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["-is_staff", "email"]
    readonly_fields = ["last_login", "date_joined"]
    actions = None
    fields = [
        "email",
        "first_name",
        "last_name",
        "groups",
        "is_active",
        "last_login",
        "date_joined",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("name"))
    def name(self, user: User) -> str:
        return user.get_full_name() or "—"

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        return ", ".join(([str(_("Everything"))] if user.is_superuser else []) + names) or "—"

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Keep the account and the address it signs in with together."""
        obj.username = obj.username or obj.email
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            address, _created = EmailAddress.objects.get_or_create(
                user=obj, email=obj.email.lower()
            )
            # The code goes to this address, so who signs in with it holds it.
            address.verified = True
            address.set_as_primary()
            # A former address signs in no more.
            EmailAddress.objects.filter(user=obj).exclude(pk=address.pk).delete()

    def save_related(
        self, request: HttpRequest, form: Any, formsets: list[Any], change: bool
    ) -> None:
        """Open the desk to whoever has a role, and close it to who has none; say what is next.

        Whom that lets in or keeps out signs in afresh, and so does who has
        another address: a session left open somewhere must not rise with the
        account, nor wake when the account does.
        """
        super().save_related(request, form, formsets, change)
        user = form.instance
        was_staff = user.is_staff
        user.is_staff = user.is_superuser or user.groups.exists()
        user.save(update_fields=["is_staff"])
        if change and (was_staff != user.is_staff or {"email", "is_active"} & {*form.changed_data}):
            end_sessions(user)
            if user == request.user:
                update_session_auth_hash(request, user)
        self._say_what_is_next(request, user, is_new=not (change and was_staff))

    def _say_what_is_next(self, request: HttpRequest, user: User, *, is_new: bool) -> None:
        """Say what to tell a new colleague, or that this one can't open the desk."""
        if not user.is_staff:
            text = _("%(email)s has no role and can't open the desk. Choose a role to change that.")
            messages.warning(request, text % {"email": user.email})
        elif user.is_active and is_new:
            text = _(
                "Tell %(email)s to sign in at %(address)s with a code by mail, and to set up a "
                "second step there."
            )
            address = settings.ORIGIN + reverse("admin:index")
            messages.info(request, text % {"email": user.email, "address": address})

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody deletes herself, so an owner stays."""
        return super().has_delete_permission(request, obj) and obj != request.user
