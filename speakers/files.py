"""Where photos are kept: files that are written whole, never change, and go when nobody has them.

They lie in one folder of the site's media. A name holds a digest of what all
files of the photo say, so that browsers may keep them for ever.
"""

import os
import time
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings

from speakers.models import PHOTOS, Speaker, photo_name
from speakers.renditions import NAME, Photo, name_of

# Files that nobody has may belong to a form that is being saved this moment, in seconds.
GRACE = 3600


def folder() -> Path:
    """Return the folder of the photos."""
    return Path(settings.MEDIA_ROOT) / PHOTOS


def keep(photo: Photo) -> str:
    """Write the files of the photo, and return the name that a profile keeps it by.

    Each is there whole or not at all, also after a power cut.
    """
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    for rendition in photo.renditions:
        path = place / name_of(photo.digest, rendition.size, rendition.extension)
        if path.exists():
            path.touch()
        else:
            _write_whole(path, rendition.content)
    return photo_name(photo.digest)


def read(name: str) -> bytes | None:
    """Return the file of this name, or None where there is none."""
    try:
        return (folder() / name).read_bytes()
    except FileNotFoundError:
        return None


def remove_unused(gone: str) -> None:
    """Remove this photo's files unless a profile has it, and what nobody has any more.

    Call it once the change is settled. What was left behind by a form that
    was never saved, or by a server that stopped, goes after an hour.
    """
    used = {speaker.photo_digest for speaker in Speaker.objects.exclude(photo="").only("photo")}
    old = time.time() - GRACE
    for path in folder().glob("*"):
        found = NAME.fullmatch(path.name)
        digest = found[1] if found else ""
        if digest in used:
            continue
        if digest == gone or path.stat().st_mtime < old:
            path.unlink(missing_ok=True)


def _write_whole(path: Path, content: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
