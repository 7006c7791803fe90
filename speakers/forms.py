"""The form of a profile, with its photo. It checks, and writes nothing."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from speakers.addresses import AddressFromName
from speakers.models import Speaker
from speakers.renditions import MAX_BYTES, MAX_PIXELS, MAX_PIXELS_WHOLE, Photo


class SpeakerForm(AddressFromName):
    """A profile. ``new_photo`` is the photo that was chosen, drawn anew, once the form is valid."""

    photo_file = forms.FileField(
        label=_("Choose a photo"),
        required=False,
        allow_empty_file=True,  # refused below, in words that help
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/avif"}),
        help_text=_(
            "JPEG, PNG, WebP or AVIF, at most %(megabytes)d MB and %(pixels)d million pixels "
            "(%(whole)d million unless it is a JPEG). It is cut to a square around the upper "
            "middle. Where and when it was taken is removed."
        )
        % {
            "megabytes": MAX_BYTES // 1024**2,
            "pixels": MAX_PIXELS // 1_000_000,
            "whole": MAX_PIXELS_WHOLE // 1_000_000,
        },
    )
    remove_photo = forms.BooleanField(
        label=_("Remove the photo"),
        required=False,
        help_text=_("The site then shows initials."),
    )

    class Meta:
        model = Speaker
        fields: ClassVar = [
            "name", "slug", "to_be_announced", "job_title", "organisation", "group", "biography",
            "photo_alt", "published",
        ]  # fmt: skip
        help_texts: ClassVar = {
            "photo_alt": _(
                "Needed with a photo. Say what the picture shows for somebody who can't see it."
            )
        }

    new_photo: Photo | None = None

    def clean_photo_file(self) -> UploadedFile | None:
        chosen: UploadedFile | None = self.cleaned_data["photo_file"]
        if chosen:
            # The library that draws is big, and most processes draw nothing.
            from speakers import photos

            try:
                # Of what is far too big, no more is read than shows that it is.
                self.new_photo = photos.make(chosen.read(MAX_BYTES + 1))
            except photos.PhotoRefused as refusal:
                raise ValidationError(str(refusal)) from None
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kept = self.instance.photo and not self.cleaned_data.get("remove_photo")
        if (self.new_photo or kept) and not self.cleaned_data.get("photo_alt"):
            self.add_error("photo_alt", _("Say what the photo shows, such as: She stands smiling."))
        return cleaned

    def full_clean(self) -> None:
        """Say that a photo must be chosen once more when something else holds up the form."""
        super().full_clean()
        if self.errors and self.new_photo:
            self.add_error(
                "photo_file",
                _("The photo is fine, but a browser forgets it: choose it once more."),
            )
