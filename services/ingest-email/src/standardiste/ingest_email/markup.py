"""
A sender's HTML: made harmless for a sandboxed frame, and read as text. Pure.

Text is read from what the cleaner left, never from the raw HTML: that is well formed, so no broken tag can hide words or take long.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import nh3

_STYLES = {
    "background-color",
    "border",
    "border-collapse",
    "border-left",
    "color",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "line-height",
    "margin",
    "margin-left",
    "padding",
    "padding-left",
    "text-align",
    "text-decoration",
    "vertical-align",
    "white-space",
    "width",
}
"""Nothing that can load, overlay, or hide: no url(), no position, no display."""

_TAGS = nh3.ALLOWED_TAGS | {"font", "center", "tfoot", "section", "article", "header", "footer", "main", "address", "figure", "figcaption"}
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_ATTRIBUTES["*"] = _ATTRIBUTES.get("*", set()) | {"style", "dir", "lang", "title", "align", "valign"}
_ATTRIBUTES["font"] = {"color", "size", "face"}
_ATTRIBUTES["a"] = {"href"}
_ATTRIBUTES["img"] = {"src", "alt", "width", "height"}
_ATTRIBUTES["blockquote"] = {"type"}
_ATTRIBUTES["td"] = _ATTRIBUTES.get("td", set()) | {"width", "bgcolor"}

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
_PARAGRAPHS = frozenset(["blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"])
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_URL_CHARACTERS_MAX = 200
_DEPTH_MAX = 5_000
"""The HTML parser's time is quadratic in depth; no mail program nests to a tenth of this."""
_QUOTES_SHOWN_MAX = 10
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})")
_ANY_TAG = re.compile(r"<[^<>]{0,4000}>")
_CLOSE_THEMSELVES = frozenset(
    ["area", "base", "br", "col", "hr", "img", "input", "li", "link", "meta", "option", "p", "param", "td", "th", "tr", "wbr"]
)
_CID = re.compile(r"cid:([^\"'>\s]{1,300})", re.IGNORECASE)


def _only_ours(tag: str, attribute: str, value: str) -> str | None:
    """Images come from the mail itself or not at all: a remote one tells its sender who reads, and when."""
    if attribute == "src":
        return value if value.lower().startswith("cid:") else None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style", "title", "head", "template", "noembed", "svg", "math"},
    attributes=_ATTRIBUTES,
    attribute_filter=_only_ours,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    filter_style_properties=_STYLES,
)


def sanitised(markup: str) -> str:
    """The HTML without anything that runs, loads or escapes its frame. One nested beyond reason gives its words only."""
    if _is_too_deep(markup):
        return escaped(html.unescape(_ANY_TAG.sub(" ", markup)))
    return _CLEANER.clean(markup).strip()


def text_of(clean: str) -> str:
    """The words of sanitised HTML as plain text: paragraphs, lists, quotes as `> `, links with their address."""
    reader = _Reader()
    reader.feed(clean)
    reader.close()
    return reader.text()


def escaped(text: str) -> str:
    """Plain text as HTML that looks the same."""
    return f"<pre>{html.escape(text, quote=False)}</pre>"


def escaped_line(text: str) -> str:
    """Text that is safe between tags and in a quoted attribute."""
    return html.escape(text, quote=True)


def content_ids(clean: str) -> frozenset[str]:
    """The ids of the images that the HTML shows from its own mail."""
    return frozenset(html.unescape(found) for found in _CID.findall(clean))


def _is_too_deep(markup: str) -> bool:
    depth = 0
    for tag in _TAG.finditer(markup):
        if tag[2].lower() not in _CLOSE_THEMSELVES:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > _DEPTH_MAX:
                return True
    return False


class _Reader(HTMLParser):
    """Collects lines. A line is put down when a block begins or ends; blanks between words collapse outside of <pre>."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._quotes = 0
        self._pre = 0
        self._lists: list[int | None] = []
        self._links: list[tuple[str, int, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "br":
            self._put_down(even_if_empty=True)
        elif tag == "img":
            self._say(f"[{given['alt']}]" if given.get("alt") else "")
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self._lines), len(self._line)))
        elif tag in {"td", "th"} and self._line.strip():
            self._line = self._line.rstrip() + "  "
        if tag not in _BLOCKS:
            return
        self._put_down()
        if tag in _PARAGRAPHS:
            self._gap()
        if tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._pre += 1
        elif tag in {"ol", "ul"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._line = self._bullet()
        elif tag == "hr":
            self._lines.append(self._prefix() + "---")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            self._end_link()
        if tag not in _BLOCKS:
            return
        self._put_down()
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif tag in {"ol", "ul"} and self._lists:
            self._lists.pop()
        if tag in _PARAGRAPHS:
            self._gap()

    def handle_data(self, data: str) -> None:
        if not self._pre:
            self._say(_SPACES.sub(" ", data))
            return
        first, *rest = data.split("\n")
        self._line += first
        for line in rest:
            self._put_down(even_if_empty=True)
            self._line = line

    def text(self) -> str:
        self._put_down()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in self._lines)).strip("\n")

    def _say(self, text: str) -> None:
        if text[:1] == " " and (not self._line or self._line.endswith(" ")):
            text = text[1:]
        self._line += text

    def _end_link(self) -> None:
        href, lines, column = self._links.pop()
        shown = self._line[column:].strip() if lines == len(self._lines) else None
        target = href.removeprefix("mailto:")
        if (
            href.startswith(("http://", "https://", "mailto:"))
            and len(href) <= _URL_CHARACTERS_MAX
            and shown
            and shown not in (href, target)
        ):
            self._line = f"{self._line.rstrip()} <{target}>"

    def _bullet(self) -> str:
        indent = "  " * max(0, len(self._lists) - 1)
        if self._lists and (number := self._lists[-1]) is not None:
            self._lists[-1] = number + 1
            return f"{indent}{number + 1}. "
        return f"{indent}- "

    def _put_down(self, *, even_if_empty: bool = False) -> None:
        if self._line.strip() or even_if_empty:
            self._lines.append(self._prefix() + (self._line if self._pre else self._line.rstrip()))
        self._line = ""

    def _gap(self) -> None:
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append(self._prefix().rstrip())

    def _prefix(self) -> str:
        return "> " * min(self._quotes, _QUOTES_SHOWN_MAX)
