"""Answers that are asked for again and again, kept in Redis for half a minute. What is kept is never the only copy, and JSON alone.

Each answer stands under its subject's generation, a random word. A reader takes the word before it asks the database, and what it keeps
counts only while the word is still the same: a slow reader that saw the world before a change cannot put its answer back after it.
A writer takes the word away before its commit and gives a new one after it, so that nothing is kept meanwhile; one that dies in between
leaves no word, and a word that was lost is never given again.

While Redis is away nothing is read from it, and nobody waits for it: after one call that failed it is left alone for PAUSE. A change
that it could not be told of in that time is told before this process believes it again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import redis
import structlog

from integrations.queue import connection
from models.settings import settings

KEPT = 30  # seconds that an answer lives: what another process's writer, cut off from Redis alone, could leave behind
WORD = 3600  # seconds that a generation lives without a change; without one nothing is found
CHANGING = "~"  # stands in place of the word while a change is being committed
LONGEST_CHANGE = 120  # seconds that a writer may take between the two; no statement of ours takes a quarter of that (models/database.py)
PATIENCE = 0.3  # seconds that one question to Redis may take
PAUSE = 10.0  # seconds in which a Redis that did not answer is not asked again
MOST_UNTOLD = 1000  # subjects; with more, everything of their kind is told to be new
ALL = ""  # the subject that stands for every one of its kind

log = structlog.stdlib.get_logger(__name__)
Subject = tuple[str, str]  # a kind ("invitation"), and which one of it


@dataclass(frozen=True)
class Place:
    """Where an answer about one subject may stand. `value` is what stands there, None if nothing does."""

    value: dict[str, Any] | None = None
    subject: Subject = ("", "")
    words: str = ""  # the generations as the reader found them; empty where nothing may be kept

    def keep(self, value: dict[str, Any]) -> None:
        """Keep what the database has answered since, for whoever asks next; it must be of the world as it was after `look`."""
        if self.words:
            told = json.dumps({"words": self.words, "value": value})
            _shelf().ask(lambda store: store.set(_key("answer", self.subject), told, ex=KEPT))


def look(kind: str, which: str) -> Place:
    """What is kept about `which`, and where to keep it otherwise. One round trip, or none while Redis is away."""
    subject = (kind, which)
    found = _shelf().ask(lambda store: _look(store, subject))
    return found if isinstance(found, Place) else Place()


@contextmanager
def changing(kind: str, which: Collection[str] | None) -> Iterator[None]:
    """Around the commit of a change of these subjects, None for all of the kind: nothing that was kept before counts after it."""
    subjects = [(kind, one) for one in (which if which is not None else (ALL,))]
    shelf = _shelf()
    shelf.tell(subjects, CHANGING)
    try:
        yield
    finally:  # also after a rollback: then nothing has changed, and the word may be a new one all the same
        shelf.tell(subjects)


def forget() -> None:
    """As after a start of this process: Redis is asked again, and nothing is left to be told."""
    _shelf_in.cache_clear()


@dataclass
class _Shelf:
    """Redis while it answers, and the subjects that it could not be told of."""

    store: redis.Redis
    away_until: float = 0.0
    untold: dict[Subject, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, question: Any) -> Any:
        """The answer of Redis, or None while it is away."""
        if time.monotonic() < self.away_until:
            return None
        try:
            self._make_up()
            return question(self.store)
        except redis.RedisError as error:
            self._leave_alone(error)
            return None

    def tell(self, subjects: Iterable[Subject], word: str = "") -> None:
        """Give each subject a word of its own, or `word`; what cannot be told now is told before anything is asked again."""
        with self.lock:
            self.untold |= {subject: word or secrets.token_hex(8) for subject in subjects}
            if len(self.untold) > MOST_UNTOLD:
                self.untold = {(kind, ALL): secrets.token_hex(8) for kind, _ in self.untold}
        self.ask(lambda _: None)

    def _make_up(self) -> None:
        if not self.untold:
            return
        with self.lock:
            telling = self.store.pipeline(transaction=False)
            for subject, word in self.untold.items():
                telling.set(_key("word", subject), word, ex=LONGEST_CHANGE if word == CHANGING else WORD)
            telling.execute()
            self.untold.clear()

    def _leave_alone(self, error: redis.RedisError) -> None:
        self.away_until = time.monotonic() + PAUSE
        log.warning("Redis is away: the database answers everything", reason=type(error).__name__)


def _look(store: redis.Redis, subject: Subject) -> Place:
    keys = (_key("word", (subject[0], ALL)), _key("word", subject), _key("answer", subject))
    found: Any = store.mget(keys)
    if None in found[:2]:  # nobody has asked for long: a word, unless a writer has given one by now
        for key in keys[:2]:
            store.set(key, secrets.token_hex(8), ex=WORD, nx=True)
        found = [*_pair(store, keys[:2]), None]
    common, own = (str(word or b"", "ascii", "replace") for word in found[:2])
    if CHANGING in (common, own) or not (common and own):
        return Place()
    words = f"{common} {own}"
    return Place(_value(found[2], words), subject, words)


def _pair(store: redis.Redis, keys: tuple[str, ...]) -> list[bytes | None]:
    found: Any = store.mget(keys)
    return list(found)


def _value(raw: bytes | None, words: str) -> dict[str, Any] | None:
    """The answer that was kept under these words. Whatever else stands there, somebody's pickle too, is no answer and is never opened."""
    try:
        told = json.loads(raw) if raw else None
    except ValueError:
        return None
    kept = told.get("value") if isinstance(told, dict) and told.get("words") == words else None
    return kept if isinstance(kept, dict) else None


def _key(what: str, subject: Subject) -> str:
    """Codes are no keys: whoever reads Redis must not be let in by what stands there."""
    kind, which = subject
    if which == ALL:
        return f"cache:{kind}:{what}"
    secret = settings().secret_key.get_secret_value().encode()
    return f"cache:{kind}:{what}:{hmac.new(secret, f'cache {kind}:{which}'.encode(), hashlib.sha256).hexdigest()[:32]}"


def _shelf() -> _Shelf:
    return _shelf_in(settings().redis_url, settings().redis_ca_file)


@cache
def _shelf_in(_url: str, _ca_file: str) -> _Shelf:
    return _Shelf(connection(PATIENCE))
