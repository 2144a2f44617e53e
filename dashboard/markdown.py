"""Markdown of notes as HTML that is safe to show."""

import markdown
import nh3
from django.utils.safestring import SafeString, mark_safe

_TAGS = {"a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong",
         "table", "tbody", "td", "th", "thead", "tr", "ul"}  # fmt: skip


def rendered(text: str) -> SafeString:
    """CommonMark-like text as HTML of a few harmless tags: no script, no image, no style, links without referrer."""
    html = markdown.markdown(text, extensions=["fenced_code", "tables", "sane_lists", "nl2br"], output_format="html")
    clean = nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"})
    return mark_safe(clean)  # noqa: S308  (cleaned on the line above)
