"""Start the whole site: ``manage.py run``, which `make run` calls."""

import contextlib
import errno
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import psycopg
from django.conf import settings
from django.contrib.staticfiles.management.commands import collectstatic
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection, connections
from whitenoise.storage import CompressedManifestStaticFilesStorage

from events.models import Event
from roundtable import organisers

# How long a database may take to answer at the start, in seconds.
DATABASE_PATIENCE = 5


class Command(BaseCommand):
    help = "Prepare the database and the static files, then start the web server and the outbox."

    def handle(self, *args: Any, **options: Any) -> None:
        require_writable(settings.ROUNDTABLE_DATA)
        # Held until the web server takes over, so of two starts at once the
        # second is refused before it touches the database.
        with hold(settings.HOST, settings.PORT):
            require_database()
            call_command("migrate", interactive=False, verbosity=0)
            if not Event.objects.exists():
                call_command("load_roundtable", verbosity=0)
            collect_static()
            self.stdout.write("\n".join(greeting()))
            self.stdout.flush()
            connections.close_all()
        become_gunicorn()


def refuse(sentence: str) -> NoReturn:
    """End with one line for the person at the terminal."""
    sys.exit(f"roundtable: {sentence}")


def require_writable(folder: Path) -> None:
    """Refuse to start where the data folder can't be made or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        refuse(
            f"the data folder {folder} can't be written ({error.strerror}): "
            "set ROUNDTABLE_DATA to one that can."
        )


@contextlib.contextmanager
def hold(host: str, port: int) -> Any:
    """Listen on the site's address meanwhile; refuse where somebody else does."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        refuse(f"HOST={host!r} is no address of this machine ({error.strerror}).")
    with listener:
        try:
            # As gunicorn does: a port just left by another start is free.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
        except OSError as error:
            refuse(why_not(error, host=host, port=port))
        yield


def why_not(error: OSError, *, host: str, port: int) -> str:
    """Say in a sentence why the address can't be had, and what would help."""
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} is in use by another program: set PORT to another one."
        case errno.EACCES:
            return f"port {port} is not for everybody: set PORT to one above 1023."
        case errno.EADDRNOTAVAIL:
            return f"HOST={host!r} is no address of this machine."
    return f"port {port} of {host} can't be had ({error.strerror})."


def require_database() -> None:
    """Refuse to start where the database can't be reached.

    PostgreSQL is asked past the pool, which would try for longer and tell less.
    """
    try:
        if connection.vendor == "postgresql":
            parameters = connection.get_connection_params()
            parameters.setdefault("connect_timeout", DATABASE_PATIENCE)
            psycopg.connect(**parameters).close()
        else:
            connection.ensure_connection()
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM sqlite_master")
    except (DatabaseError, psycopg.Error) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        refuse(f"the database can't be reached ({reason}): see DATABASE_URL.")


def collect_static() -> None:
    """Gather the static files with their manifest, which a web server started after reads.

    Settings name the manifest's storage only where it is there already, so it
    is handed over here.
    """
    command = collectstatic.Command()
    command.storage = CompressedManifestStaticFilesStorage()
    call_command(command, interactive=False, verbosity=0)


def greeting() -> list[str]:
    """Say where the site is, and what the person at the terminal does next."""
    lines = [f"The site: {settings.ORIGIN}/"]
    if not settings.LOCAL_INSTALL:
        lines = [f"The site: {settings.ORIGIN}/ (listening on {settings.HOST}:{settings.PORT})"]
    link = organisers.first_organiser_link()
    if link:
        lines.append(f"To become its organiser, open this once: {link}")
    if settings.LOCAL_INSTALL and not settings.MAIL_SERVER:
        lines.append(f"Mails are not sent but kept: {settings.ORIGIN}/outbox/")
    lines.append("To stop: Ctrl-C")
    return lines


def become_gunicorn() -> NoReturn:
    """Replace this process by the web server, which reads the settings anew."""
    paths = [str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    command = [sys.executable, "-m", "gunicorn", "-c", "python:roundtable.gunicorn_conf"]
    os.execv(sys.executable, command)  # noqa: S606 - our own command
