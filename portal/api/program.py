"""Who asks as a program: whoever sends a token of models/token.py as `Authorization: Bearer …`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from models.database import reading, transaction
from models.errors import TokenNeeded
from models.language import _
from models.token import NOT_VALID, Scope, Token, is_stale, note_used, token_of, was_made
from portal.limits import count_failure, refuse_guesser

T = TypeVar("T")
_bearer = HTTPBearer(
    auto_error=False, scheme_name="Token",
    description="A token that an administrator makes at the desk under People, Programs. It has scopes: " + ", ".join(Scope),
)  # fmt: skip
WITHOUT = "Send a token as “Authorization: Bearer …”. An administrator of the portal makes one at the desk under People, Programs."


@dataclass(frozen=True)
class Program:
    """A program's request. Its token is looked up anew in the session of each piece of work, so a revoked one opens nothing more."""

    request: Request
    written: str

    def read(self, scope: Scope, look: Callable[[Session], T]) -> T:
        """What `look` finds, for a token with `scope`."""
        self._refuse_strangers()
        with reading() as session:
            token = self._allowed(session, scope)
            found = look(session)
        self._note_used(token)
        return found

    def change(self, scope: Scope, act: Callable[[Session, Token], T]) -> T:
        """Do `act` in one transaction, for a token with `scope`; whoever has none does not get as far as the one writer's lock."""
        self._refuse_strangers()
        with transaction() as session:
            token = self._allowed(session, scope)
            done = act(session, token)
            note_used(session, token)
        return done

    def _allowed(self, session: Session, scope: Scope) -> Token:
        token = token_of(session, self.written)
        token.must(scope)
        return token

    def _refuse_strangers(self) -> None:
        """A guess counts for its address. A token of ours that is over does not: a job that was forgotten must not shut its office out."""
        with reading() as session:
            known = was_made(session, self.written)
        if not known:
            count_failure(self.request)
            raise TokenNeeded(_(NOT_VALID))

    def _note_used(self, token: Token) -> None:
        """Written down now and then; a database that is busy or full takes nothing from what was read."""
        with suppress(SQLAlchemyError):
            if is_stale(token):
                with transaction() as session:
                    note_used(session, token)


def program(request: Request, sent: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Program:
    """A dependency: the program that asks; TokenNeeded without a token. Whether it is good shows in the work."""
    refuse_guesser(request)
    if sent is None:
        raise TokenNeeded(_(WITHOUT))
    return Program(request, sent.credentials)


Asks = Annotated[Program, Depends(program)]
