"""The colours of the style sheet, reckoned: what is read or aimed at stands out (WCAG 2.2 AA)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SHEET = (ROOT / "static" / "css" / "site.css").read_text()
# 1.4.3 for text, 1.4.11 for what an eye needs to find a control or read a drawing.
TEXT, SHAPE = 4.5, 3.0

# On the page: what stands on what, and how much it has to stand out.
PAGE = [
    *((ink, ground, TEXT) for ground in ("paper", "paper-deep", "field")
      for ink in ("ink", "ink-soft", "link", "flamingo-deep", "earth")),
    ("act-ink", "act", TEXT),
    ("flamingo-ink", "flamingo", TEXT),
    ("on-lake", "lake", TEXT),
    *((line, ground, SHAPE) for ground in ("paper", "field")
      for line in ("line-strong", "act", "acacia", "flamingo-deep")),
]  # fmt: skip
# On the lake of the event's page, whose own tokens come first.
HERO = [
    *((ink, "lake", TEXT) for ink in ("on-lake", "ink-soft", "link", "flamingo")),
    ("act-ink", "act", TEXT),
    *((shape, "lake", SHAPE) for shape in ("focus", "line-strong", "act", "flamingo")),
]


def tokens_of(start):
    """Return the tokens of the first rule that begins so."""
    rule = SHEET[SHEET.index(start) :]
    body = rule[rule.index("{") + 1 : rule.index("}")]
    return dict(re.findall(r"--([a-z0-9-]+):\s*([^;]+);", body))


LIGHT = tokens_of(":root {\n    color-scheme")
SCHEMES = {
    "light": LIGHT,
    "dark": {**LIGHT, **tokens_of(":root {\n      --paper")},
}


def colour(tokens, name):
    """Return a token's colour, followed through the tokens it stands for."""
    value = tokens[name]
    while found := re.fullmatch(r"var\(--([a-z0-9-]+)\)", value):
        value = tokens[found[1]]
    return value


def luminance(value):
    assert re.fullmatch("#([0-9a-f]{3}){1,2}", value), value
    digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_reckoning_is_that_of_the_guidelines():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("ink", "ground", "least"), PAGE)
def test_a_pair_of_the_page_stands_out(scheme, ink, ground, least):
    tokens = SCHEMES[scheme]
    assert contrast(colour(tokens, ink), colour(tokens, ground)) >= least


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("ink", "ground", "least"), HERO)
def test_a_pair_on_the_lake_stands_out(scheme, ink, ground, least):
    tokens = {**SCHEMES[scheme], **tokens_of(".hero {")}
    assert contrast(colour(tokens, ink), colour(tokens, ground)) >= least


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("rule", "ground"), [("  .table-drawing {", "paper"),
                                              (".hero .table-drawing {", "lake")])  # fmt: skip
def test_the_table_can_be_read(scheme, rule, ground):
    tokens = {**SCHEMES[scheme], **tokens_of(rule)}
    assert contrast(colour(tokens, "seat"), colour(tokens, ground)) >= SHAPE
    assert contrast(colour(tokens, "ward-lit"), colour(tokens, "ward")) >= SHAPE


def test_colours_are_written_among_the_tokens_only():
    """Elsewhere they are asked for by name, so that a scheme forgets none."""
    begin = SHEET.index("@layer base {")
    rules = SHEET[begin : SHEET.index("@layer print {", begin)]
    loose = re.findall(r"(?<!--)\b[a-z-]+:[^;{}]*(#[0-9a-fA-F]{3,8})\b", rules)
    assert set(loose) <= {"#0000"}


MAIL = (ROOT / "templates" / "events" / "registration" / "mail" / "base.html").read_text()


def test_mails_take_their_colours_from_the_sheet():
    used = set(re.findall("#[0-9a-f]{6}", MAIL))
    assert used
    assert used <= {value for tokens in SCHEMES.values() for value in tokens.values()}


def test_the_figures_in_the_docs_are_these():
    page = (ROOT / "docs" / "design.md").read_text()
    rows = re.findall(r"\n\| `([a-z-]+)` on `([a-z-]+)` \| ([\d.]+) \| ([\d.]+) \|", page)
    assert len(rows) > 8
    for ink, ground, *figures in rows:
        reckoned = [
            f"{contrast(colour(tokens, ink), colour(tokens, ground)):.1f}"
            for tokens in SCHEMES.values()
        ]
        assert (ink, ground, figures) == (ink, ground, reckoned)
