"""Make somebody an organiser: ``manage.py organiser EMAIL``, which `make organiser` calls."""

import sys
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser
from django.core.validators import validate_email
from django.db import DatabaseError, transaction
from django.urls import reverse

from roundtable.accounts.factors import forget_factors, has_second_factor
from roundtable.organisers import make_organiser
from roundtable.roles import Role

# The longest address that an account can hold.
LONGEST = 254


class Command(BaseCommand):
    help = "Make somebody an organiser, by an email address. Safe to run again."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="Where the code to sign in is sent.")
        parser.add_argument(
            "--role",
            default=Role.OWNER,
            help=f"The role to give: {', '.join(Role)}. Without it: {Role.OWNER}.",
        )
        parser.add_argument(
            "--second-factor",
            help="forget: remove a second factor that was lost, and sign the account out.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip()
        role = as_role(options["role"])
        if options["second_factor"] not in {None, "forget"}:
            refuse("the one thing to do with a second factor is SECOND_FACTOR=forget.")
        try:
            validate_email(email)
        except ValidationError:
            refuse(f"{email!r} is no email address.")
        if len(email) > LONGEST:
            refuse(f"an email address has at most {LONGEST} characters.")
        try:
            with transaction.atomic():
                user = make_organiser(email=email, role=role)
                forgot = options["second_factor"] == "forget" and forget_factors(user)
        except DatabaseError as error:
            reason = " ".join(str(error).split()).rstrip(".")
            refuse(f"the database can't be used ({reason}): start the site once with make run.")
        self.stdout.write("\n".join(what_next(user, role=role, forgot=forgot)))


def refuse(sentence: str) -> NoReturn:
    """End with one line for the person at the terminal."""
    sys.exit(f"roundtable: {sentence}")


def as_role(name: str) -> Role:
    """Return the role of this name, however its letters are."""
    for role in Role:
        if role.casefold() == name.strip().casefold():
            return role
    refuse(f"{name!r} is no role. There are: {', '.join(Role)}.")


def what_next(user: User, *, role: Role, forgot: bool) -> list[str]:
    """Say what was done, and what the new organiser does next."""
    lines = [f"{user.email} is an organiser now ({role})."]
    if forgot:
        lines.append("The second factor is removed, and the account is signed out everywhere.")
    elif has_second_factor(user):
        lines.append("A second factor is set up. Is it lost? Add SECOND_FACTOR=forget.")
    lines.append(f"To sign in, with a code by mail: {settings.ORIGIN}{reverse('account_login')}")
    if settings.MAIL_SERVER is None:
        lines.append(
            f"Mails are not sent but kept: {settings.ORIGIN}/outbox/"
            if settings.LOCAL_INSTALL
            else "No code can reach anybody yet: EMAIL_URL is not set."
        )
    return lines
