"""Short codes for people without an address, those who registered before included."""

import secrets

from django.db import migrations, models

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def give_codes(apps, schema_editor):
    registrations = apps.get_model("registration", "Registration").objects
    given = set()
    for key in registrations.filter(email=None).order_by("pk").values_list("pk", flat=True):
        code = "".join(secrets.choice(SIGNS) for _sign in range(8))
        while code in given:
            code = "".join(secrets.choice(SIGNS) for _sign in range(8))
        given.add(code)
        registrations.filter(pk=key).update(code=code)


class Migration(migrations.Migration):
    dependencies = [
        ("registration", "0009_seats_always_of_an_event"),
    ]

    operations = [
        migrations.AddField(
            model_name="registration",
            name="code",
            field=models.CharField(
                editable=False,
                help_text="For a person without an address: what opens her page instead of a mail.",
                max_length=8,
                null=True,
                unique=True,
            ),
        ),
        migrations.RunPython(give_codes, migrations.RunPython.noop),
    ]
