"""How a low app asks and a high app answers: it registers an answer in `apps.ready()`."""

from collections.abc import Iterator
from typing import Generic, TypeVar

A = TypeVar("A")


class Registry(Generic[A]):
    """Named answers to one question. A name given twice raises ValueError, for one answer would be lost."""

    def __init__(self, question: str) -> None:
        self.question = question
        self._answers: dict[str, A] = {}

    def register(self, name: str, answer: A) -> None:
        if name in self._answers:
            raise ValueError(f"{self.question}: {name!r} has an answer already")
        self._answers[name] = answer

    def __iter__(self) -> Iterator[tuple[str, A]]:
        return iter(self._answers.items())

    def __contains__(self, name: object) -> bool:
        return name in self._answers

    def __getitem__(self, name: str) -> A:
        return self._answers[name]
