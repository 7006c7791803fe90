from django.apps import AppConfig


class RoundtableConfig(AppConfig):
    """The composition root as an app: operators' commands, checks, the cache's table."""

    name = "roundtable"
    verbose_name = "Roundtable"

    def ready(self) -> None:
        from roundtable import checks  # noqa: F401 - registers the system checks
