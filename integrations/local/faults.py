"""What a stand-in is told to do wrong next, so that a test can see what the product makes of it."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Fault(BaseModel):
    """`times` answers of `status` for paths that match `path`; with `after`, the work is done and only its answer is lost.

    The status 0 breaks the connection off in the middle of the answer. `delay` is waited before the work is done, `hang` after it.
    """

    model_config = ConfigDict(extra="forbid")

    status: int
    times: int = Field(1, ge=1)
    path: str = ""
    method: str = ""
    retry_after: int | None = None
    delay: float = Field(0, ge=0)
    hang: float = Field(0, ge=0)
    after: bool = False
    more: dict[str, str] = Field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """Retry-After, where the fault has one, and `more`."""
        return self.more | ({} if self.retry_after is None else {"Retry-After": str(self.retry_after)})

    @property
    def harmless(self) -> bool:
        """An answer as it should be, with headers besides: the status 200."""
        return self.status == 200


class Faults:
    """The faults still to come, first told first done."""

    def __init__(self) -> None:
        self.coming: list[Fault] = []

    def take(self, path: str, method: str = "") -> Fault | None:
        """The fault that is due for this call, counted down."""
        for fault in self.coming:
            if re.search(fault.path, path) and fault.method in ("", method):
                fault.times -= 1
                self.coming = [left for left in self.coming if left.times > 0]
                return fault
        return None

    async def route(self, request: Request) -> Response:
        """POST adds a fault, DELETE forgets all, GET lists them."""
        if request.method == "POST":
            told: dict[str, Any] = await request.json()
            self.coming.append(Fault.model_validate(told))
        if request.method == "DELETE":
            self.coming = []
        return JSONResponse([fault.model_dump() for fault in self.coming])
