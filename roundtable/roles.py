"""Who may do what: the organisers' roles, each a group of permissions.

The table below is the one place of it. Every ``migrate`` writes it to the
database, so a role that learns something here has it after the next start.
Somebody may have several roles. Support needs belong to the access officer
alone, whatever else a person is; an owner may give anybody that role.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, router
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROOMS = ("auth", "speakers", "events", "registration", "outbox")
EDIT = ("add", "change", "delete", "view")


class Role(StrEnum):
    """A role, by the name of its group."""

    OWNER = "Owner"
    ORGANISER = "Organiser"
    EDITOR = "Editor"
    ACCESS_OFFICER = "Access officer"
    READ_ONLY = "Read-only"


# What an owner reads before giving the role to somebody.
MEANING: dict[Role, Promise] = {
    Role.OWNER: _("Everything an organiser may do, and who the organisers are."),
    Role.ORGANISER: _("Content, registrations, seats, exports and mails."),
    Role.EDITOR: _("Content only: event, agenda, concept note, speakers. No registrations."),
    Role.ACCESS_OFFICER: _("Sees the support people asked for. Nobody else does."),
    Role.READ_ONLY: _("Sees content and registrations, and changes nothing."),
}


def may(actions: Iterable[str], app: str, *models: str) -> frozenset[str]:
    """Return Django's names for these actions on these models, such as events.add_event."""
    return frozenset(f"{app}.{action}_{model}" for action in actions for model in models)


CONTENT = ("series", "venue", "conceptnote", "notesection", "agendaitem", "assignment")
SEE_CONTENT = (
    may(["view"], "events", "event", "noteversion", *CONTENT)
    | may(["view"], "speakers", "speaker", "stakeholdergroup", "voice")
)  # fmt: skip
EDIT_CONTENT = (
    SEE_CONTENT
    | may(EDIT, "events", *CONTENT)
    | may(["add", "change"], "events", "event")
    | may(EDIT, "speakers", "speaker")
)
SEE_REGISTRATIONS = may(
    ["view"],
    "registration",
    "registration",
    "seatrequest",
    "quota",
    "registrationsettings",
    "keptseats",
    "tabletarget",
    "question",
)
RUN = (
    EDIT_CONTENT
    | SEE_REGISTRATIONS
    | may(["delete"], "events", "event")
    | may(EDIT, "speakers", "stakeholdergroup", "voice")
    | may(EDIT, "registration", "quota", "registrationsettings", "keptseats", "tabletarget")
    | may(EDIT, "registration", "question")
    | may(["add", "change", "delete", "export"], "registration", "registration")
    | may(["view"], "registration", "consent")
    # Counts below five as they are; no page shows whose a voice is.
    | may(["view"], "registration", "voiceanswer")
    | may(["view", "change"], "outbox", "outboxmail")
)
PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.OWNER: (
        RUN | may(EDIT, "auth", "user") | may(["view"], "registration", "personaldataaccess")
    ),
    Role.ORGANISER: RUN,
    Role.EDITOR: EDIT_CONTENT,
    Role.ACCESS_OFFICER: (
        SEE_CONTENT | SEE_REGISTRATIONS | may(["view"], "registration", "supportneed")
    ),
    Role.READ_ONLY: SEE_CONTENT | SEE_REGISTRATIONS,
}


def write_roles(using: str = DEFAULT_DB_ALIAS, **_signal: Any) -> None:
    """Bring the groups in the database to what the table says. Receives ``post_migrate``.

    Raises KeyError for a permission that no model has.
    """
    if not router.allow_migrate_model(using, Group):
        return
    # Django makes the permissions of a room only when that room's turn comes.
    for label in ROOMS:
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.using(using).select_related("content_type")
    }
    for role, names in PERMISSIONS.items():
        group, _created = Group.objects.using(using).get_or_create(name=role.value)
        group.permissions.set([known[name] for name in names])
