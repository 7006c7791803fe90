"""Whom a roundtable brings together: stakeholder groups, voices and profiles."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from speakers.keeping import keep_history
from speakers.renditions import LARGE, NAME, name_of

# Where photos are kept, within the site's media.
PHOTOS = "photos"
validate_code = RegexValidator(
    r"^[a-z][a-z0-9_]*\Z", _("Use small letters, digits and underscores, starting with a letter.")
)


class StakeholderGroup(models.Model):
    """Whom one is or works for: one answer per person.

    The code stays for ever (exports and statistics name it); the label may be
    reworded, and a group no longer offered keeps the people who chose it.
    """

    code = models.CharField(
        _("code"),
        max_length=40,
        unique=True,
        validators=[validate_code],
        help_text=_("Stays the same for ever. Exports and statistics use it."),
    )
    label = models.CharField(_("label"), max_length=120)
    family = models.CharField(
        _("listed under"),
        max_length=60,
        blank=True,
        help_text=_("Groups with the same words here stand together in the form."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    in_note = models.BooleanField(
        _("named in the concept note"),
        default=False,
        help_text=_("The note names this group, so it should have a place at the table."),
    )
    offered = models.BooleanField(
        _("offered"), default=True, help_text=_("Untick to stop offering it in the form.")
    )

    class Meta:
        verbose_name = _("stakeholder group")
        verbose_name_plural = _("stakeholder groups")
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.label


class Voice(models.Model):
    """Whom one speaks for or works with: several answers, sensitive, only ever counted."""

    code = models.CharField(
        _("code"),
        max_length=40,
        unique=True,
        validators=[validate_code],
        help_text=_("Stays the same for ever. Statistics use it."),
    )
    label = models.CharField(_("label"), max_length=120)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    offered = models.BooleanField(
        _("offered"), default=True, help_text=_("Untick to stop offering it in the form.")
    )

    class Meta:
        verbose_name = _("voice")
        verbose_name_plural = _("voices")
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.label


class SpeakerQuerySet(models.QuerySet["Speaker"]):
    def published(self) -> "SpeakerQuerySet":
        """Profiles anybody may read."""
        return self.filter(published=True)

    def with_photo(self, digest: str) -> "SpeakerQuerySet":
        """Profiles that have this photo, shown or not."""
        return self.filter(photo=photo_name(digest))


def photo_name(digest: str) -> str:
    """Return the name that a photo is kept by: its largest JPEG, beside which the others lie."""
    return f"{PHOTOS}/{name_of(digest, LARGE, 'jpg')}"


class Speaker(models.Model):
    """A stakeholder profile: a named person, or a role still to be announced."""

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    name = models.CharField(
        _("name"),
        max_length=200,
        help_text=_("The person's name. For a role still to be announced: whom the seat is for."),
    )
    to_be_announced = models.BooleanField(
        _("to be announced"),
        default=False,
        help_text=_("Tick while this is a role and nobody is named yet."),
    )
    job_title = models.CharField(_("position"), max_length=200, blank=True)
    organisation = models.CharField(_("organisation"), max_length=200, blank=True)
    group = models.ForeignKey(
        StakeholderGroup,
        models.PROTECT,
        verbose_name=_("stakeholder group"),
        null=True,
        blank=True,
        related_name="speakers",
    )
    biography = models.TextField(_("about"), blank=True)
    photo = models.FileField(_("photo"), upload_to=PHOTOS, blank=True, editable=False)
    photo_alt = models.CharField(
        _("what the photo shows"),
        max_length=200,
        blank=True,
        help_text=_("Say what the picture shows for somebody who can't see it."),
    )
    published = models.BooleanField(
        _("published"), default=True, help_text=_("Untick to take the profile off the site.")
    )

    objects = SpeakerQuerySet.as_manager()

    class Meta:
        verbose_name = _("speaker")
        verbose_name_plural = _("speakers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        # A photo that history or a copy names may be gone by now. Pages never
        # ask whether it is there, so it is asked here.
        if self.photo and not self.photo.storage.exists(self.photo.name):
            self.photo = ""
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("speakers:speaker", args=[self.slug])

    @property
    def photo_digest(self) -> str:
        """What names the photo's files, or "" where there is none."""
        found = NAME.fullmatch(self.photo.name.removeprefix(f"{PHOTOS}/")) if self.photo else None
        return found[1] if found else ""

    @property
    def shown_photo(self) -> str:
        """The digest of the photo that pages may show: of somebody who is named and published."""
        return self.photo_digest if self.published and not self.to_be_announced else ""


keep_history(Speaker)
