"""Excerpts: where in a text the words of a search stand.

A word is found by its lexemes, as in the documents: itself in small letters, and its stem in the language of the case.
What a stem is, only PostgreSQL knows; it is asked for those few words that begin like one that is searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.contracts import cases as c

PASSAGES, BEFORE, AFTER = 2, 50, 110  # characters around a word that was found
MOST_FOUND = 50  # places that are weighed against each other
GAP = " ... "
_FORM = re.compile(r"'([^']+)'(:\*)?")
Stems = Mapping[tuple[str, str], str]  # (language, word) -> stem


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for: lexemes, and ``beginnings`` of some; each with the word of the search it stands for."""

    lexemes: Mapping[str, int]
    beginnings: Mapping[str, int]

    def word(self, lexeme: str) -> int | None:
        """The word of the search that this lexeme answers."""
        found = self.lexemes.get(lexeme)
        if found is None:
            found = next((word for start, word in self.beginnings.items() if lexeme.startswith(start)), None)
        return found


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text, its language, and the words in it that begin like one that is searched for, with their places."""

    text: str
    language: str | None
    near: list[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a word of the search stands."""

    word: int
    start: int
    end: int


def sought(query: str) -> Sought:
    """Read a query of PostgreSQL's: ``( 'printer' | 'printers' ) & 'jam':*``."""
    forms = [
        (lexeme, word, bool(begins))
        for word, group in enumerate(query.split(" & "))
        for lexeme, begins in _FORM.findall(group)
    ]
    whole, starts = ({lexeme: word for lexeme, word, begins in forms if begins is kind} for kind in (False, True))
    return Sought(whole, starts)


def quoted(texts: Iterable[tuple[str, str | None]], wanted: Sought) -> list[Quoted]:
    """These texts with the words in them that may be meant. A stem differs from its word in no more than its last
    letter and the ending; in very short ones all but the first may be another (dying, die)."""
    starts = {lexeme[:-1] if len(lexeme) > 3 else lexeme[:1] for lexeme in (*wanted.lexemes, *wanted.beginnings)}
    # The letters first, and that no word begins before them second: so they are looked for the fastest.
    spelt = [re.escape(start) for start in sorted(starts)]
    near = re.compile("|".join(rf"{start}(?<![^\W_]{start})[^\W_]*" for start in spelt))
    return [
        Quoted(text, language, [(found[0], *found.span()) for found in near.finditer(_small(text))])
        for text, language in texts
    ]


def _small(text: str) -> str:
    """In small letters, unless that moves the places of words: a few letters become two."""
    small = text.lower()
    return small if len(small) == len(text) else text


def excerpt(quote: Quoted, wanted: Sought, stems: Stems) -> list[c.PassageView]:
    """At most two passages that show as many of the words as can be, in pieces; without one, how the text begins."""
    found = []
    for lexeme, start, end in quote.near:
        word = wanted.word(lexeme)
        if word is None and (stem := stems.get((quote.language or "", lexeme))):
            word = wanted.word(stem)
        if word is not None:
            found.append(Hit(word, start, end))
    pieces: list[tuple[str, bool]] = []
    for begin, stop in _windows(quote.text, _best(found) or [Hit(0, 0, 0)]):
        pieces += [(GAP, False)] if pieces else []
        pieces += _pieces(quote.text, begin, stop, found)
    return list(_joined(pieces))


def _best(found: list[Hit]) -> list[Hit]:
    """The places that passages begin at: those with the most words of the search that no other passage shows."""
    chosen: list[Hit] = []
    shown: set[int] = set()
    weighed = found[:MOST_FOUND]
    for _ in range(PASSAGES):
        apart = [hit for hit in weighed if not any(_shows(other, hit, BEFORE) for other in chosen)]
        if not apart:
            break
        first = max(apart, key=lambda hit: (len(_words(weighed, hit) - shown), -hit.start))
        chosen.append(first)
        shown |= _words(weighed, first)
    return sorted(chosen, key=lambda hit: hit.start)


def _words(found: list[Hit], first: Hit) -> set[int]:
    return {hit.word for hit in found if _shows(first, hit)}


def _shows(first: Hit, hit: Hit, before: int = 0) -> bool:
    """Whether the passage around the first shows the other, too."""
    return first.start - before <= hit.start and hit.end <= first.start + AFTER


def _windows(text: str, chosen: list[Hit]) -> list[tuple[int, int]]:
    """Where the passages begin and end: between words. Two that meet are one."""
    windows: list[tuple[int, int]] = []
    for hit in chosen:
        begin, stop = max(0, hit.start - BEFORE), min(len(text), max(hit.end, hit.start + AFTER))
        if begin > 0:
            begin = text.find(" ", begin, hit.start) + 1 or hit.start
        if stop < len(text):
            stop = max(text.rfind(" ", hit.end, stop), hit.end)
        if windows and begin <= windows[-1][1]:
            begin = windows.pop()[0]
        windows.append((begin, stop))
    return windows


def _pieces(text: str, begin: int, stop: int, found: list[Hit]) -> Iterator[tuple[str, bool]]:
    at = begin
    for hit in found:
        if begin <= hit.start and hit.end <= stop:
            yield text[at : hit.start], False
            yield text[hit.start : hit.end], True
            at = hit.end
    yield text[at:stop], False


def _joined(pieces: list[tuple[str, bool]]) -> Iterator[c.PassageView]:
    """Without empty pieces, and plain neighbours as one."""
    plain = ""
    for text, found in pieces:
        if not found:
            plain += text
            continue
        if plain:
            yield c.PassageView(text=plain, found=False)
        yield c.PassageView(text=text, found=True)
        plain = ""
    if plain:
        yield c.PassageView(text=plain, found=False)
