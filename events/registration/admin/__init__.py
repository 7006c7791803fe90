"""Registrations in the admin. What is done to them is done by the rules.

``event`` is what an event offers, ``questions`` what it asks; ``people`` the
list and one person's page, with ``filters``, ``deciding``, ``exporting`` and
``support`` as its parts; ``table`` is who sits there and who is missing,
``invitations`` who is asked to come; ``log`` shows who saw what.
"""

from events.registration.admin.event import (
    KeptSeatsInline,
    QuotaForm,
    QuotaFormSet,
    QuotaInline,
    RegistrationSettingsInline,
    save_kept_seats,
    save_quotas,
)
from events.registration.admin.invitations import InvitationPages
from events.registration.admin.log import PersonalDataAccessAdmin
from events.registration.admin.people import RegistrationAdmin
from events.registration.admin.questions import QuestionInline, save_questions
from events.registration.admin.table import TablePages

__all__ = [
    "InvitationPages",
    "KeptSeatsInline",
    "PersonalDataAccessAdmin",
    "QuestionInline",
    "QuotaForm",
    "QuotaFormSet",
    "QuotaInline",
    "RegistrationAdmin",
    "RegistrationSettingsInline",
    "TablePages",
    "save_kept_seats",
    "save_questions",
    "save_quotas",
]
