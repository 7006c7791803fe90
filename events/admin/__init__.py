"""The event, its note and its agenda in the admin. Saving anything records what changed."""

from events.admin.agenda import AgendaItemAdmin
from events.admin.changes import RecordsChange
from events.admin.conflicts import ConflictGuard
from events.admin.event import EventAdmin
from events.admin.history import RestoresSpeaker
from events.admin.markup import LightMarkup
from events.admin.moving import Registered
from events.admin.note import ConceptNoteAdmin
from events.admin.people import StandsInAgendas
from events.admin.places import SeriesAdmin, VenueAdmin

__all__ = [
    "AgendaItemAdmin",
    "ConceptNoteAdmin",
    "ConflictGuard",
    "EventAdmin",
    "LightMarkup",
    "RecordsChange",
    "Registered",
    "RestoresSpeaker",
    "SeriesAdmin",
    "StandsInAgendas",
    "VenueAdmin",
]
