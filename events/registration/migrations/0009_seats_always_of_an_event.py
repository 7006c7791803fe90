# On its own: PostgreSQL changes no table in the transaction that has just filled it.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registration", "0008_seats_of_an_event"),
    ]

    operations = [
        migrations.AlterField(
            model_name="seatrequest",
            name="event",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="The registration's.",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="events.event",
                verbose_name="event",
            ),
        ),
        migrations.RemoveIndex(model_name="seatrequest", name="seat_mode_status"),
        migrations.AddIndex(
            model_name="seatrequest",
            index=models.Index(fields=["event", "mode", "status"], name="seat_of_event"),
        ),
    ]
