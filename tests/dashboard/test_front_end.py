"""Rules of the front end: a strict CSP, values only in tokens.css, classes and icons that exist."""

import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Mail has no stylesheet: its styles stand in attributes. The file of a report carries its own and is no page of ours.
OTHERS = {"email", "report.html"}
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if OTHERS.isdisjoint(path.parts))
NOT_OF_TOKENS = {"tokens.css", "fonts.css"}
STYLES = sorted(path for path in (ROOT / "static/css").glob("*.css") if path.name not in NOT_OF_TOKENS)
CSS = "\n".join(path.read_text() for path in (ROOT / "static/css").glob("*.css"))
SPRITE = (ROOT / "static/vendor/lucide/sprite.svg").read_text()
TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
COMMENT = re.compile(r"\{% comment %\}.*?\{% endcomment %\}|/\*.*?\*/", re.DOTALL)


def bare(path):
    return COMMENT.sub("", path.read_text())


def named(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_no_template_breaks_the_content_security_policy(path):
    text = bare(path)
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert "<style" not in text
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("path", STYLES, ids=named)
def test_raw_values_stand_only_in_tokens(path):
    text = "\n".join(line for line in bare(path).splitlines() if not line.startswith("@media"))
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|oklch|rgba?\(|\d(?:px|rem|ms)\b", text)


@pytest.mark.parametrize("path", STYLES, ids=named)
def test_every_token_used_is_defined(path):
    used = set(re.findall(r"var\((--[\w-]+)", path.read_text()))
    assert used <= set(re.findall(r"(--[\w-]+):", CSS))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_every_class_of_a_template_is_styled(path):
    plain = re.sub(r"[^\s\"]*\{\{.*?\}\}[^\s\"]*", " ", TAG.sub(" ", bare(path)))
    used = set(chain.from_iterable(names.split() for names in re.findall(r'\sclass="([^"]*)"', plain)))
    assert used <= set(re.findall(r"\.([a-z][\w-]*)", CSS))


@pytest.mark.parametrize("path", [*TEMPLATES, ROOT / "dashboard/templatetags/ui.py"], ids=named)
def test_every_icon_is_in_the_sprite(path):
    used = re.findall(r'\{% icon "([\w-]+)"|icon(?:\|default:|=)"([\w-]+)"', bare(path))
    assert all(f'id="{one or other}"' in SPRITE for one, other in used)


def test_vendored_files_match_their_readme():
    done = subprocess.run([sys.executable, ROOT / "bin/vendor_assets.py", "--check"], capture_output=True, check=False)
    assert done.returncode == 0
