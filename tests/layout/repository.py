"""The files of this repository as the layout tests see them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {"var", "node_modules", "__pycache__", "staticfiles"}
_TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".html", ".js", ".css", ".sh", ".txt", ".in", ".service", ".conf", ""}


def files(*suffixes):
    """Every file of ours with one of these suffixes, all text files when none is given; vendored ones left out."""
    wanted = set(suffixes) or _TEXT
    return sorted(path for path in _walk(ROOT) if path.suffix in wanted and "vendor" not in path.parts)


def name(path):
    """Its path from the root, as a person would say it."""
    return path.relative_to(ROOT).as_posix()


def _walk(folder: Path):
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in _NOT_OURS and (not path.name.startswith(".") or path.name == ".ci"):
                yield from _walk(path)
        elif path.is_file() and not path.name.startswith("."):
            yield path
