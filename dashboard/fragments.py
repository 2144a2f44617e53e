"""HTML of what stands a hundred times in a list, for which an include each costs too much."""

from collections.abc import Iterable
from functools import cache, lru_cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard import pictures
from dashboard.menus import Item


@cache
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; decoration unless it is given a label. A list draws the same few five hundred times."""
    href = f"{static('vendor/lucide/sprite.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


def menu(items: Iterable[Item], label: str = "More actions", size: str = "") -> SafeString:
    """A menu behind three dots; `size` of its button. What acts is sent by the form `menu-act` of the frame.

    One with a dialog opens it; without JavaScript it leads there, or is done at once.
    """
    return format_html(
        '<details class="menu" name="menu">'
        '<summary class="button button-quiet button-icon{}" aria-label="{}">{}</summary>'
        '<div class="menu-panel">{}</div></details>',
        f" button-{size}" if size else "",
        label,
        icon("ellipsis"),
        _joined(_entry(item) for item in items),
    )


@lru_cache(maxsize=4096)
def _entry(item: Item) -> SafeString:
    """An open list asks for those of the same hundred rows again and again."""
    dialog = format_html(' data-dialog-open="{}"', item.dialog) if item.dialog else ""
    form = (
        '<button class="menu-item{}" form="menu-act" formaction="{}"{}>{}{}</button>'
        if item.action
        else '<a class="menu-item{}" href="{}"{}>{}{}</a>'
    )
    tone = " menu-item-danger" if item.is_danger else ""
    return format_html(form, tone, item.action or item.href, dialog, icon(item.icon), item.label)


def small_uptime_bar(bar: pictures.SmallBar) -> SafeString:
    """The uptime bar of a row."""
    return format_html(
        '<div class="uptime uptime-small"><svg class="uptime-days" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' role="img" aria-label="{}">{}</svg></div>',
        bar.width,
        pictures.SMALL_HEIGHT,
        bar.summary,
        _marks(bar.paths),
    )


@lru_cache(maxsize=1024)
def _marks(paths: tuple[tuple[str, str], ...]) -> SafeString:
    """Most rows of a list have had the same good days."""
    return _joined(format_html('<g class="{}"><path class="uptime-mark" d="{}"/></g>', *path) for path in paths)


def sparkline(values: Iterable[float | None], label: str) -> SafeString:
    """A line through numbers or None, oldest first; `label` says what they are ("Response time of 24 h")."""
    line = pictures.sparkline(values)
    return format_html(
        '<svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label="{}: {}">'
        '<path class="spark-area" d="{}"/><path class="spark-line" d="{}"/></svg>',
        label,
        line.summary,
        line.area,
        line.path,
    )


def _joined(pieces: Iterable[SafeString]) -> SafeString:
    return SafeString("".join(pieces))
