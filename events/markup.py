"""Light markup in what organisers write: a few signs, safe HTML. Pure.

A line that starts with "- " is a point of a list, one that starts with "> " a
quotation; ``**bold**``, ``*emphasis*`` and ``[words](https://…)`` stand within
a line. Nothing else means anything, so that a text pasted from elsewhere comes
out word for word: numbers stay numbers, ``snake_case`` and ``2 * 3 * 4`` stay as
they are, a line break is a line break, and ``<`` is a sign like any other.

markdown-it reads what stands within a line, with every rule off that is not
named here; nh3 then lets through the tags and attributes below and no others.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import nh3
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

from events.paragraphs import paragraphs

TAGS = {"p", "br", "strong", "em", "a", "ul", "li", "blockquote"}
SCHEMES = {"http", "https", "mailto"}
# What a reader's browser tells the other site of where it came from: nothing.
REL = "noreferrer"
HELP = _(
    "An empty line starts a new paragraph. A line that starts with - is a point of a list, one "
    "that starts with > a quotation. **bold**, *emphasis*, [words](https://example.org/)."
)

# What follows a link's words. An address may have brackets of its own.
TARGET = re.compile(r"\(((?:[^\s()]|\([^\s()]*\))+)\)")
# Where somebody meant a link, as far as one can tell. Of brackets within brackets
# the last one counts, so that a row of them is read once and not from each anew.
MEANT_AS_LINK = re.compile(r"\[[^\[\]]*\]\(((?:[^()]|\([^()]*\))*)\)")
# A target that is meant to lead somewhere, and no remark in brackets.
LEADS_SOMEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/|www\.|[^@]+@[^@]+\.", re.IGNORECASE)
_web_address = URLValidator(schemes=["http", "https"])
_mail_address = EmailValidator()


class Kind(StrEnum):
    """What a block of text is."""

    PARAGRAPH = "paragraph"
    LIST = "list"
    QUOTE = "quote"


@dataclass
class Block:
    """A paragraph, a quotation or a list, which has a text for each of its points."""

    kind: Kind
    texts: list[str]


@dataclass(frozen=True)
class Run:
    """A piece of a line that looks the same throughout; "\\n" alone is a line break."""

    text: str
    strong: bool = False
    emphasis: bool = False
    link: str = ""


def render(text: str, *, anchor: str = "") -> SafeString:
    """Return the text as HTML that is safe to show, whoever wrote it.

    With ``anchor``, blocks can be cited: "p1" makes them p1-1, p1-2 and so on.
    """
    parts = [
        _block_html(block, format_html(' id="{}-{}"', anchor, number) if anchor else "")
        for number, block in enumerate(blocks(text), 1)
    ]
    cleaned = nh3.clean(
        "\n".join(parts),
        tags=TAGS,
        clean_content_tags=set(),
        attributes={"*": set(), "a": {"href"}, "p": {"id"}, "ul": {"id"}, "blockquote": {"id"}},
        url_schemes=SCHEMES,
        link_rel=REL,
    )
    return mark_safe(cleaned)  # noqa: S308 - that is what nh3 is for


def plain(block: Block) -> str:
    """Return the words of a block without its signs, in one line."""
    runs = (run.text for text in block.texts for run in [*runs_of(text), Run("\n")])
    return " ".join("".join(runs).split())


def blocks(text: str) -> list[Block]:
    """Return the text's blocks. Points of a list stay together across empty lines."""
    found: list[Block] = []
    for part in paragraphs(text.replace("\r\n", "\n").replace("\r", "\n")):
        for block in _blocks_of(part.split("\n")):
            before = found[-1] if found else None
            if before and before.kind == block.kind == Kind.LIST:
                before.texts += block.texts
            else:
                found.append(block)
    return found


def runs_of(text: str) -> list[Run]:
    """Return the pieces of a block's text, for who prints it."""
    found: list[Run] = []
    strong = emphasis = 0
    target = ""
    for token in _tokens(text):
        if token.type in {"softbreak", "hardbreak"}:
            found.append(Run("\n"))
        elif token.type == "link_open":
            target = str(token.attrs["href"])
        elif token.type == "link_close":
            target = ""
        elif token.tag == "strong":
            strong += token.nesting
        elif token.tag == "em":
            emphasis += token.nesting
        elif token.content:
            found.append(Run(token.content, strong > 0, emphasis > 0, target))
    return found


def is_allowed(target: str) -> bool:
    """Whether a link may lead there: a whole web address or mail address (RFC 3986, RFC 6068)."""
    scheme, _colon, rest = target.partition(":")
    try:
        if scheme.lower() == "mailto":
            _mail_address(rest.partition("?")[0])
        else:
            _web_address(target)
    except (ValidationError, ValueError):
        return False
    return True


def refused_links(text: str) -> list[str]:
    """Return the targets of what was meant as a link and can't be one, as they were typed."""
    found = []
    for match in MEANT_AS_LINK.finditer(text):
        # A browser reads over blanks and control signs within a scheme.
        bare = re.sub(r"[\s\x00-\x1f<>]+", "", match[1])
        if LEADS_SOMEWHERE.match(bare) and not _link_to(match[1]):
            found.append(" ".join(match[1].split()))
    return list(dict.fromkeys(found))


def validate_links(text: str) -> None:
    """Refuse a text with links that could not be followed, and name them."""
    found = refused_links(text)
    if found:
        raise ValidationError(
            ngettext(
                "A link can't lead to “%(targets)s”. Begin it with https://, http:// or mailto: "
                "and write the whole address.",
                "Links can't lead to “%(targets)s”. Begin them with https://, http:// or mailto: "
                "and write the whole address.",
                len(found),
            )
            % {"targets": "”, “".join(target[:100] for target in found)}
        )


def _blocks_of(lines: Sequence[str]) -> Iterable[Block]:
    """Return the blocks of lines that no empty line divides."""
    found: list[Block] = []
    for line in lines:
        words = line.strip()
        last = found[-1] if found else None
        if words.startswith("- "):
            if last and last.kind == Kind.LIST:
                last.texts.append(words[2:].lstrip())
            else:
                found.append(Block(Kind.LIST, [words[2:].lstrip()]))
            continue
        kind = Kind.PARAGRAPH
        if words.startswith("> "):
            kind, words = Kind.QUOTE, words[2:].lstrip()
        elif last and last.kind == Kind.LIST and line.startswith("  "):
            kind = Kind.LIST  # a point goes on below itself
        if last and last.kind == kind:
            last.texts[-1] += f"\n{words}"
        else:
            found.append(Block(kind, [words]))
    return found


def _block_html(block: Block, identity: str) -> str:
    lines = [_line_html(text) for text in block.texts]
    if block.kind == Kind.LIST:
        points = format_html_join("", "<li>{}</li>", ((line,) for line in lines))
        return format_html("<ul{}>{}</ul>", identity, points)
    if block.kind == Kind.QUOTE:
        return format_html("<blockquote{}><p>{}</p></blockquote>", identity, lines[0])
    return format_html("<p{}>{}</p>", identity, lines[0])


def _line_html(text: str) -> SafeString:
    reader = _reader()
    html = reader.renderer.render(reader.parseInline(text), reader.options, {})
    return mark_safe(html)  # noqa: S308 - goes through nh3 yet


def _tokens(text: str) -> list[Token]:
    return [token for line in _reader().parseInline(text) for token in line.children or []]


def _link_to(target: str) -> str:
    """Return the address as a browser wants it, or "" where no link may lead."""
    try:
        href = _reader().normalizeLink(target)
    except ValueError:
        return ""
    return href if is_allowed(href) else ""


@cache
def _reader() -> MarkdownIt:
    """Return markdown-it with nothing on but line breaks, links and our stars."""
    reader = MarkdownIt("zero", {"html": False, "breaks": True, "typographer": False})
    reader.enable(["newline", "link", "emphasis"])
    reader.inline.ruler.at("emphasis", _stars)
    reader.inline.ruler.at("link", _link)
    return reader


def _stars(state: StateInline, silent: bool) -> bool:
    """Read stars as CommonMark does, but a single one within a word is a star."""
    if silent or state.src[state.pos] != "*":
        return False
    length = state.scanDelims(state.pos, True).length
    scanned = state.scanDelims(state.pos, length > 1)
    for _number in range(length):
        token = state.push("text", "", 0)
        token.content = "*"
        state.delimiters.append(
            Delimiter(
                marker=ord("*"),
                length=length,
                token=len(state.tokens) - 1,
                end=-1,
                open=scanned.can_open,
                close=scanned.can_close,
            )
        )
    state.pos += length
    return True


def _link(state: StateInline, silent: bool) -> bool:
    """Read [words](target). Without words, or with a target that can't be one, it is text."""
    if state.src[state.pos] != "[":
        return False
    start, most = state.pos + 1, state.posMax
    end = state.md.helpers.parseLinkLabel(state, state.pos, True)
    found = TARGET.match(state.src, end + 1, most) if end > start else None
    if found is None or not state.src[start:end].strip():
        return False
    href = _link_to(found[1])
    if not href:
        return False
    if not silent:
        state.pos, state.posMax = start, end
        state.push("link_open", "a", 1).attrs = {"href": href}
        state.linkLevel += 1
        state.md.inline.tokenize(state)
        state.linkLevel -= 1
        state.push("link_close", "a", -1)
    state.pos, state.posMax = found.end(), most
    return True
