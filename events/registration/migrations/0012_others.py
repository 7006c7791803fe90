"""Short codes for people without an address, and who comes along with a person.

Those who registered before are included: they get codes, and where somebody
comes along to assist them, that is an assistant whose name is not known.
"""

import secrets

import django.db.models.deletion
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


def write_assistants(apps, schema_editor):
    Attendant = apps.get_model("registration", "Attendant")
    needs = apps.get_model("registration", "SupportNeed").objects.filter(kind="assistant")
    keys = needs.order_by("pk").values_list("registration", flat=True)
    Attendant.objects.bulk_create(Attendant(registration_id=key, kind="assistant") for key in keys)


class Migration(migrations.Migration):
    dependencies = [
        ("registration", "0011_questions"),
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
        migrations.CreateModel(
            name="Attendant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("assistant", "Assistant"), ("interpreter", "Interpreter")], max_length=20, verbose_name="what for")),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                ("registration", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="attendants", to="registration.registration", verbose_name="registration")),
            ],
            options={
                "verbose_name": "person who comes along",
                "verbose_name_plural": "people who come along",
                "ordering": ["pk"],
                "default_permissions": (),
            },
        ),
        migrations.RunPython(give_codes, migrations.RunPython.noop),
        migrations.RunPython(write_assistants, migrations.RunPython.noop),
    ]
