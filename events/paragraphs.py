"""Where a plain text has its paragraphs. Pure."""

import re


def paragraphs(text: str) -> list[str]:
    """Return the parts of a plain text that empty lines divide, so that each can be cited."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
