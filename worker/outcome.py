"""What a handler of deliveries answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from models.delivery import Delivery

#: Set when this process is to end: what has not begun by then begins no more.
stopping = threading.Event()


@dataclass(frozen=True)
class Done:
    """It is done. `external_id` is its id at the other end; `also` runs in the transaction that stamps the delivery."""

    external_id: str | None = None
    also: Callable[[Session], None] | None = None


class Needless(Exception):
    """What was to be done makes no sense any more; `reason` is the sentence that stays with the delivery."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Consumer = Callable[[Delivery], Done]
