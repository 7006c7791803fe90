"""Light markup: what it means, what stays as it was typed, and what never comes out."""

import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from events.markup import Run, blocks, plain, refused_links, render, runs_of, validate_links

NOTE = Path(__file__).parent.parent / "data" / "concept-note.txt"


class Reader(HTMLParser):
    """Reads text, tags and attributes as a browser would."""

    def __init__(self, html):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag in {"p", "li", "ul", "blockquote"} and self.text:
            self.text += "\n"

    def handle_data(self, data):
        self.text += data


def text_of(html):
    return Reader(html).text


def letters(text):
    """The text without its white space, which HTML is free about."""
    return "".join(text.split())


# What the signs mean


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One.", "<p>One.</p>"),
        ("One.\n\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("One,\ntwo.", "<p>One,<br>\ntwo.</p>"),
        ("One.\r\n\r\nTwo,\r\nthree.", "<p>One.</p>\n<p>Two,<br>\nthree.</p>"),
        ("A **bold** word.", "<p>A <strong>bold</strong> word.</p>"),
        ("An *emphatic* word.", "<p>An <em>emphatic</em> word.</p>"),
        ("***Both***", "<p><em><strong>Both</strong></em></p>"),
        ("中文**粗体**中文", "<p>中文<strong>粗体</strong>中文</p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n  goes on\n- b", "<ul><li>a<br>\ngoes on</li><li>b</li></ul>"),
        ("- a\n  - b", "<ul><li>a</li><li>b</li></ul>"),
        ("Two:\n- a\nAfter", "<p>Two:</p>\n<ul><li>a</li></ul>\n<p>After</p>"),
        ("> a\n> b", "<blockquote><p>a<br>\nb</p></blockquote>"),
        ("", ""),
        (" \n\n ", ""),
    ],
)
def test_markup_means(text, html):
    assert render(text) == html


@pytest.mark.parametrize(
    ("target", "href"),
    [
        ("https://unhabitat.org", "https://unhabitat.org"),
        ("http://unhabitat.org/a?b=1&c=2#d", "http://unhabitat.org/a?b=1&amp;c=2#d"),
        ("https://en.wikipedia.org/wiki/Nakuru_(town)",
         "https://en.wikipedia.org/wiki/Nakuru_(town)"),
        ("mailto:team@example.org", "mailto:team@example.org"),
        ("mailto:team@example.org?subject=Hello", "mailto:team@example.org?subject=Hello"),
        ("https://пример.рф/ü", "https://xn--e1afmkfd.xn--p1ai/%C3%BC"),
    ],
)  # fmt: skip
def test_link_leads_where_it_says(target, href):
    assert render(f"Read [the note]({target}).") == (
        f'<p>Read <a href="{href}" rel="noreferrer">the note</a>.</p>'
    )
    assert refused_links(f"Read [the note]({target}).") == []


def test_blocks_can_be_cited():
    html = render("One.\n\n- a\n- b\n\n> Said.\n\nFour.", anchor="p2")
    assert re.findall(r'<(\w+) id="([^"]+)"', html) == [
        ("p", "p2-1"), ("ul", "p2-2"), ("blockquote", "p2-3"), ("p", "p2-4"),
    ]  # fmt: skip


# What stays as it was typed


@pytest.mark.parametrize(
    "text",
    [
        "snake_case, __init__, _x_ and Name: ______",
        "2 * 3 * 4, 2*3*4, 5* and *5",
        "* a star first",
        "Free entry*. *Subject to change.",
        "1. First",
        "2) Second",
        "2020. It was a year.",
        "+ plus",
        "# number sign",
        "#1 priority",
        "-5 degrees",
        "-",
        "---",
        ">50 % of people, <10 % of money",
        "`code`",
        "~~struck~~",
        "C:\\temp\\*.txt and \\[x\\]",
        "&amp; &lt; &copy; A&B",
        "<script>alert(1)</script>",
        "<!-- a --> <https://unhabitat.org> <b>",
        "[1] and [a][b] and [1](see below) and [x]()",
        "[](https://unhabitat.org)",
        "![](https://unhabitat.org)",
        "[foo]: https://unhabitat.org",
        "| a | b |",
        "“Quotes” ‘of’ 'every' \"kind\", -- ... (c) – —",
        "https://unhabitat.org/a_b_c",
        "الطاولة المستديرة ٢",
    ],
)
def test_plain_text_stays_as_it_was_typed(text):
    html = render(text)
    assert text_of(html) == text
    assert Reader(html).tags == [("p", {})]


def test_indented_lines_keep_their_words():
    assert render("One\n    two\n\n    three") == "<p>One<br>\ntwo</p>\n<p>three</p>"


def test_shipped_note_comes_out_character_by_character(nakuru):
    note = nakuru.concept_notes.get()
    parts = [note.masthead]
    for section in note.sections.all():
        parts += [section.heading, text_of(render(section.text))]
    shown = "\n".join([*parts, note.sign_off])
    lines = [line for line in shown.splitlines() if line]
    assert lines == [line for line in NOTE.read_text(encoding="utf-8").splitlines() if line]


UNMARKED = st.one_of(
    st.text(st.characters(exclude_characters="*[]", exclude_categories=["Cs", "Cc"])),
    st.lists(
        st.sampled_from(["-", "a", "1. ", "+ ", "<b>", "&lt;", "_x_", "`c`", "\\", "# ", "    ",
                         "\n", "\n\n", " * 3 ", "---", "~~", "|", "!", "(https://x.org)"]),
        max_size=20,
    ).map("".join),
).filter(lambda text: not re.search(r"^\s*[->]\s", text, re.MULTILINE))  # fmt: skip
MARKED = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(["**", "*", "***", "[", "]", "](", "(", ")", "https://x.org", "\n", "\n\n",
                         "javascript:alert(1)", "mailto:a@b.org", "- ", "> ", "a", "b ", " ", "<",
                         "<script>", "<p onclick=x>", "&", "&#106;", "_", "\\", '"', "é"]),
        max_size=30,
    ).map("".join),
)  # fmt: skip


@given(UNMARKED)
def test_text_without_signs_keeps_every_letter(text):
    assert letters(text_of(render(text))) == letters(text)


@given(MARKED)
def test_whatever_is_typed_only_known_tags_come_out(text):
    for tag, attributes in Reader(render(text, anchor="p1")).tags:
        assert tag in {"p", "br", "strong", "em", "a", "ul", "li", "blockquote"}
        if tag == "a":
            assert set(attributes) == {"href", "rel"}
            assert re.match(r"(https?|mailto):", attributes["href"], re.IGNORECASE)
        else:
            assert re.fullmatch(r"p1-\d+", attributes.pop("id", "p1-1"))
            assert attributes == {}


@given(MARKED)
def test_what_is_printed_says_what_the_page_says(text):
    printed = "".join(
        run.text for block in blocks(text) for line in block.texts for run in runs_of(line)
    )
    assert letters(printed) == letters(text_of(render(text)))
    assert [letters(plain(block)) for block in blocks(text)] == [
        letters("".join(run.text for line in block.texts for run in runs_of(line)))
        for block in blocks(text)
    ]


def test_depth_does_no_harm():
    for sign in ("[", "*", "**a ", "- ", "> ", "(", "[a]("):
        assert letters(sign)[0] in text_of(render(sign * 2000 + "x")) or sign in {"- ", "> "}


@pytest.mark.parametrize("sign", ["[", "[a](", "[](", "[*", "](", "[a](b", "()", "[a] "])
def test_length_does_no_harm(sign):
    """A text is read once from end to end: ten times as much takes ten times as long."""
    start = time.process_time()
    refused_links(sign * 200_000)
    assert time.process_time() - start < 5


# Links that lead nowhere


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:alert(1)",
        "<javascript:alert(1)>",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example.org/",
        "/admin/",
        "www.unhabitat.org",
        "team@example.org",
        "https://",
        "https://[",
        "mailto:nobody",
        "https://a b.org/",
        "tel:+254000000",
    ],
)
def test_link_that_leads_nowhere_is_text_and_is_named(target):
    text = f"Read [this]({target}) now."
    html = render(text)
    assert "<a" not in html
    assert letters(text_of(html)) == letters(text).replace("\x00", "\ufffd")
    named = " ".join(target.split())
    assert refused_links(text) == [named]
    with pytest.raises(ValidationError) as caught:
        validate_links(text)
    assert caught.value.messages == [
        (
            f"A link can't lead to “{named}”. Begin it with https://, http:// or mailto: "
            "and write the whole address."
        )
    ]


def test_several_links_are_named_each_once():
    with pytest.raises(ValidationError) as caught:
        validate_links("[a](javascript:1) [b](/x) [c](javascript:1) [d](https://x.org)")
    assert caught.value.messages == [
        (
            "Links can't lead to “javascript:1”, “/x”. Begin them with https://, http:// or "
            "mailto: and write the whole address."
        )
    ]


@pytest.mark.parametrize("text", ["[1](see below)", "[a](b)", "f[0](x)", "Words (javascript: no)"])
def test_remark_in_brackets_is_no_link(text):
    assert refused_links(text) == []
    assert text_of(render(text)) == text


# For paper


def test_runs_tell_how_each_piece_looks():
    assert runs_of("a **b *c*** d\n[e **f**](https://x.org)") == [
        Run("a "), Run("b ", strong=True), Run("c", strong=True, emphasis=True), Run(" d"),
        Run("\n"), Run("e ", link="https://x.org"), Run("f", strong=True, link="https://x.org"),
    ]  # fmt: skip


def test_plain_words_of_a_block_have_no_signs():
    assert [plain(block) for block in blocks("A **b**\n[c](https://x.org)\n\n- d\n- *e*")] == [
        "A b c", "d e",
    ]  # fmt: skip
