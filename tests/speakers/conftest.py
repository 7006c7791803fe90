"""What tests of photos ask for."""

import pytest


@pytest.fixture
def media(settings, tmp_path):
    """An empty folder for the site's media; the photos' folder in it."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media" / "photos"
