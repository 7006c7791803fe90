"""A seat request names its event, so that an event's seats are counted without its people."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def name_the_event(apps, schema_editor):
    registrations = apps.get_model("registration", "Registration").objects.order_by()
    event = registrations.filter(pk=OuterRef("registration")).values("event")
    apps.get_model("registration", "SeatRequest").objects.update(event=Subquery(event))


def event_field(**options):
    return models.ForeignKey(
        db_index=False,
        editable=False,
        help_text="The registration's.",
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="events.event",
        verbose_name="event",
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0003_help"),
        ("registration", "0007_access_to_mails"),
    ]

    operations = [
        migrations.AddField("seatrequest", "event", event_field(null=True)),
        migrations.RunPython(name_the_event, migrations.RunPython.noop),
    ]
