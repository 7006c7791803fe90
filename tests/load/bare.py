"""What the benchmark compares with: a Django site whose one view inserts one row.

The database has the settings of the real site, and so does the web server.
"""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.load.bare"

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from roundtable.settings import DATABASES, SECRET_KEY  # noqa: F401

ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.load.bare"
USE_TZ = True


def insert(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO bare (name) VALUES (%s)", [request.POST["name"]])
    return HttpResponse("ok")


def make_table() -> None:
    with connection.cursor() as cursor:
        key = "integer PRIMARY KEY" if connection.vendor == "sqlite" else "serial PRIMARY KEY"
        cursor.execute(f"CREATE TABLE bare (id {key}, name varchar(200))")


urlpatterns = [path("insert/", insert)]
application = get_wsgi_application()
