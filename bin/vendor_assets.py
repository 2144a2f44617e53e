#!/usr/bin/env python3
"""Fetch the browser code that WebSignal ships into static/vendor/, at pinned versions.

    bin/vendor_assets.py            fetch everything anew and rewrite static/vendor/README.md
    bin/vendor_assets.py --check    compare the files on disk with the README, without network

Needs only Python and `npm`. To update: change a version below, run, look at the diff.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
README = VENDOR / "README.md"


@dataclass(frozen=True)
class Package:
    """One npm package: `files` maps a path inside it to a name under static/vendor/<folder>/."""

    name: str
    version: str
    licence: str
    folder: str
    files: dict[str, str] = field(default_factory=dict)


def _font_files(family: str, subsets: list[str]) -> dict[str, str]:
    names = [f"{family}-{subset}-wght-normal.woff2" for subset in subsets]
    return {f"files/{name}": name for name in names}


LUCIDE = Package("lucide-static", "1.62.0", "ISC", "lucide")
PACKAGES = [
    Package(
        "htmx.org",
        "2.0.11",
        "0BSD",
        "htmx",
        {"dist/htmx.min.js": "htmx.min.js"},
    ),
    Package(
        "uplot",
        "1.6.32",
        "MIT",
        "uplot",
        {"dist/uPlot.iife.min.js": "uPlot.iife.min.js", "dist/uPlot.min.css": "uPlot.min.css"},
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        "inter",
        _font_files("inter", ["latin", "latin-ext", "cyrillic", "greek"]),
    ),
    Package(
        "@fontsource-variable/jetbrains-mono",
        "5.3.0",
        "OFL-1.1",
        "jetbrains-mono",
        _font_files("jetbrains-mono", ["latin"]),
    ),
    LUCIDE,
]

ICONS = """
activity arrow-down arrow-left arrow-up bell book-open calendar check chevron-down chevron-left
chevron-right chevrons-up-down circle-alert circle-check clock copy download ellipsis
external-link eye globe heart-pulse history house info key-round keyboard link list-filter lock
log-out mail map-pin message-square pause pencil play plus refresh-cw rocket search send
server settings shield-check siren smartphone tag terminal trash-2 triangle-alert user users
webhook wrench x
""".split()  # noqa: SIM905


def unpack(package: Package, into: Path) -> Path:
    """Download one package with `npm pack` and return the folder it was unpacked to."""
    done = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = into / done.stdout.strip().splitlines()[-1]
    with tarfile.open(archive) as tar:
        tar.extractall(into / package.folder, filter="data")
    return into / package.folder / "package"


def symbol(name: str, svg: str) -> str:
    """One Lucide file as a sprite symbol; the stroke comes from the page's .icon class."""
    inner = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    inner = re.sub(r"</?svg[^>]*>", "", inner, flags=re.DOTALL)
    shapes = "".join(line.strip() for line in inner.splitlines())
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def sprite(source: Path) -> str:
    """All icons that the product uses as one SVG file."""
    symbols = [symbol(name, (source / "icons" / f"{name}.svg").read_text()) for name in ICONS]
    lines = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{lines}\n</svg>\n'


def install(package: Package, workplace: Path) -> None:
    """Replace static/vendor/<folder>/ with the package's files and its licence."""
    source = unpack(package, workplace)
    target = VENDOR / package.folder
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for inside, name in package.files.items():
        shutil.copyfile(source / inside, target / name)
    if package is LUCIDE:
        (target / "sprite.svg").write_text(sprite(source))
    shutil.copyfile(source / "LICENSE", target / "LICENSE")


def rows(package: Package) -> list[str]:
    """The README's table rows of one package, one a file."""
    return [
        f"| {package.name} | {package.version} | {package.licence} | "
        f"`{path.relative_to(VENDOR).as_posix()}` | "
        f"`{hashlib.sha256(path.read_bytes()).hexdigest()}` |"
        for path in sorted((VENDOR / package.folder).iterdir())
    ]


def readme() -> str:
    """The README that belongs to the files now on disk."""
    head = [
        "# Vendored browser code",
        "",
        "Written by `bin/vendor_assets.py`; do not edit by hand. `bin/vendor_assets.py --check` "
        "compares the files with this table.",
        "",
        "| name | version | licence | files | sha256 |",
        "|---|---|---|---|---|",
    ]
    table = [row for package in PACKAGES for row in rows(package)]
    return "\n".join([*head, *table]) + "\n"


def fetch() -> None:
    """Fetch every package and rewrite the README."""
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            install(package, Path(folder))
            print(f"{package.name} {package.version}")
    README.write_text(readme())


def main(arguments: list[str]) -> int:
    """Run as a command; answers the exit status."""
    if arguments == ["--check"]:
        same = README.read_text() == readme()
        print("static/vendor/ matches its README" if same else "static/vendor/ differs from its README")
        return 0 if same else 1
    fetch()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
