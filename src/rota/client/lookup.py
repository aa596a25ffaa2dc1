"""What a person calls an object: its id, the beginning or end of the id, or its name."""

import re
from collections.abc import Iterable

from rota.client.client import Client, Document
from rota.domain.errors import InvalidInput, NotFound

SHORTEST_PIECE = 8
MOST_SEARCHED = 500
"""Pieces of ids are looked for in this many of the newest objects."""

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PIECE = re.compile(rf"[0-9a-f-]{{{SHORTEST_PIECE},35}}", re.IGNORECASE)


def job_id(client: Client, text: str) -> str:
    """The id of the job that `text` names. NotFound if there is none, InvalidInput if it could be several."""
    if _UUID.fullmatch(text):
        return text.lower()
    if text.strip():
        named = [job for job in client.items("jobs", query={"q": text}, most=MOST_SEARCHED) if job.get("name") == text]
        if named:
            return _only(named, f"{len(named)} jobs are named {text!r}", "name one by its id")
    return _by_piece(client, "jobs", "job", text)


def object_id(client: Client, noun: str, word: str, text: str) -> str:
    """The id of an object of the list `/api/<noun>`, by its id or a piece of it. `word` is its singular."""
    return text.lower() if _UUID.fullmatch(text) else _by_piece(client, noun, word, text)


def named_id(client: Client, noun: str, word: str, text: str) -> str:
    """As `object_id`, or by the exact name of one of the newest objects."""
    if _UUID.fullmatch(text):
        return text.lower()
    named = [found for found in client.items(noun, most=MOST_SEARCHED) if text and found.get("name") == text]
    if named:
        return _only(named, f"{len(named)} are named {text!r}", "name one by its id")
    return _by_piece(client, noun, word, text)


def _by_piece(client: Client, noun: str, word: str, text: str) -> str:
    if not _PIECE.fullmatch(text):
        raise NotFound(f"no {word} {text!r}")
    piece = text.lower()
    found = [
        known
        for known in client.items(*noun.split("/"), most=MOST_SEARCHED)
        if str(known["id"]).startswith(piece) or str(known["id"]).endswith(piece)
    ]
    if not found:
        raise NotFound(f"no {word} {text!r} among the newest {MOST_SEARCHED}; give the whole id")
    return _only(found, f"{text!r} could be {len(found)} of them", "give more of the id")


def _only(found: Iterable[Document], problem: str, advice: str) -> str:
    ids = [str(document["id"]) for document in found]
    if len(ids) > 1:
        raise InvalidInput(f"{problem}; {advice}: {', '.join(ids[:5])}{' …' if len(ids) > 5 else ''}")
    return ids[0]
