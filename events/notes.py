"""The versions of a concept note: which name is free, and what is kept of the one before."""

from datetime import datetime

from events.models import ConceptNote, NoteVersion


def name_is_taken(note: ConceptNote, version: str) -> bool:
    """Whether an earlier version of the note has this name, in large or small letters."""
    names = note.versions.values_list("version", flat=True)
    return version.casefold() in {name.casefold() for name in names}


def is_another_version(before: ConceptNote | NoteVersion, version: str) -> bool:
    """Whether this name makes the note another version, and not the same one respelt."""
    return before.version.casefold() != version.casefold()


def keep_version(before: ConceptNote, *, version: str, at: datetime) -> NoteVersion | None:
    """Keep which version the note was, when it becomes another one.

    ``before`` is the note as it stood, ``version`` the name it has now, ``at``
    real time. Returns what was kept: name, date and what had changed in it.
    None while the version is the same. Its text is in the note's history. An
    earlier version that was brought back is current again, and no earlier one.
    """
    if not is_another_version(before, version):
        return None
    for earlier in before.versions.all():
        if not is_another_version(earlier, version):
            earlier.delete()
    kept, _created = NoteVersion.objects.get_or_create(
        note=before,
        version=before.version,
        defaults={"dated": before.dated, "what_changed": before.what_changed, "kept_at": at},
    )
    return kept
