"""What every status, incident state and severity looks like: a word, a shape and a colour class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Face:
    """`shape` names a partial drawing in components/shape.html, `tone` a class in states.css."""

    word: str
    shape: str
    tone: str


FACES = {
    "OK": Face("OK", "circle", "is-ok"),
    "LATE": Face("Late", "triangle", "is-late"),
    "DEGRADED": Face("Degraded", "triangle", "is-late"),
    "DOWN": Face("Down", "square", "is-down"),
    "UNKNOWN": Face("Unknown", "ring", "is-unknown"),
    "PAUSED": Face("Paused", "ring", "is-unknown"),
    "NEW": Face("New", "ring", "is-unknown"),
    "RESUMED": Face("Resumed", "ring", "is-unknown"),
    "OPEN": Face("Open", "square", "is-down"),
    "ACKNOWLEDGED": Face("Acknowledged", "triangle", "is-late"),
    "RESOLVED": Face("Resolved", "circle", "is-ok"),
    "CRITICAL": Face("Critical", "square", "is-down"),
    "MAJOR": Face("Major", "square", "is-down"),
    "MINOR": Face("Minor", "triangle", "is-late"),
    "WARNING": Face("Warning", "triangle", "is-late"),
}


def face(status: str | None) -> Face:
    """The face of a status; one that is not in the table reads as itself on the unknown colour."""
    if not status:
        return FACES["UNKNOWN"]
    return FACES.get(status) or Face(status.replace("_", " ").capitalize(), "ring", "is-unknown")
