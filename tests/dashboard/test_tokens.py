"""The design tokens reach WCAG contrast on both themes, computed from static/css/tokens.css itself."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "static/css/tokens.css").read_text()
PAIR = re.compile(r"--([\w-]+): light-dark\(oklch\(([^)/]+)\), oklch\(([^)/]+)\)\);")
ALIAS = re.compile(r"--([\w-]+): var\(--([\w-]+)\);")
STATES = ["ok", "late", "down", "unknown"]
THEMES = ["light", "dark"]


def luminance(oklch: str) -> float:
    """WCAG relative luminance of an OKLCH colour, clipped into sRGB as a screen does."""
    lightness, chroma, hue = (float(part) for part in oklch.split())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, part)) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colours(theme: str) -> dict[str, float]:
    found = {name: luminance(dark if theme == "dark" else light) for name, light, dark in PAIR.findall(TOKENS)}
    return found | {name: found[step] for name, step in ALIAS.findall(TOKENS) if step in found}


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


TEXT_ON = (
    [
        (f"{state}-text", ground)
        for state in STATES
        for ground in ("ground", "surface", "raised", "hover", f"{state}-tint")
    ]
    + [
        (text, ground)
        for text in ("text", "text-soft", "text-muted")
        for ground in ("ground", "surface", "raised", "hover")
    ]
    + [("text-faint", "surface"), ("text-faint", "raised")]
    + [("accent-text", ground) for ground in ("ground", "surface", "raised", "hover", "accent-tint")]
    + [("on-accent", ground) for ground in ("accent", "accent-hover", "down-solid", "down-solid-hover")]
    + [("text", f"{state}-tint") for state in STATES]
    + [("text-muted", f"{state}-tint") for state in STATES]
)
SHAPE_ON = (
    [(f"{state}-{part}", ground) for state in STATES for part in ("fill", "border") for ground in ("surface", "raised")]
    + [("focus", ground) for ground in ("ground", "surface", "raised")]
    + [("control-line", ground) for ground in ("surface", "raised")]
    + [("accent", "surface"), ("accent", "raised")]
)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_reaches_four_and_a_half_to_one(theme: str, text: str, ground: str) -> None:
    found = colours(theme)
    assert contrast(found[text], found[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPE_ON)
def test_shape_reaches_three_to_one(theme: str, shape: str, ground: str) -> None:
    found = colours(theme)
    assert contrast(found[shape], found[ground]) >= 3
