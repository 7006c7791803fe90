from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class RoundtableConfig(AppConfig):
    """The composition root as an app: operators' commands, checks, roles, the cache's table."""

    name = "roundtable"
    verbose_name = "Roundtable"

    def ready(self) -> None:
        from roundtable import checks  # noqa: F401 - registers the system checks
        from roundtable.roles import write_roles

        # Django sends the signal for apps with models only. The groups are auth's.
        auth = apps.get_app_config("auth")
        # What organisers call accounts and roles.
        auth.verbose_name = _("Colleagues")
        user = auth.get_model("User")._meta
        user.verbose_name, user.verbose_name_plural = _("colleague"), _("colleagues")
        post_migrate.connect(write_roles, sender=auth, dispatch_uid="roundtable.roles")


class DeskConfig(AdminConfig):
    """Django's admin with the organisers' desk as its site."""

    default_site = "roundtable.desk.OrganisersDesk"
