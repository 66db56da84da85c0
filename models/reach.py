"""What may be changed now: nothing once an application is sent, everything in a draft, and of a request exactly what it named.

Every verb that changes answers or documents asks here, whoever calls it, so that a page or a program cannot reach further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlmodel import Session

from models.carried import to_agree_again
from models.database import now
from models.errors import Conflict, Forbidden, Problem
from models.language import _
from models.question import Condition
from models.renewal import live_renewal
from models.request import InformationRequest, label_of, open_request
from models.rules import clean, dependents
from models.slots import SLOTS, Slot
from models.steps import QUESTIONS, place_of, step_named

if TYPE_CHECKING:  # an application asks here before it is sent
    from models.application import Application

#: Answers that must agree, and of which either may be the one to mend: naming one opens the other (models/rules.py has their rules).
TOGETHER = (
    ("internal_staff_percentage", "subcontract_percentage"), ("nationwide_coverage", "geographic_coverage"),
    ("niceic_contractor", "certifications"), ("mcs_approved", "certifications"), ("installed_mwp_3y", "projects_completed_3y"),
)  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """The questions and documents that may be changed now, by name; None is all of them."""

    names: frozenset[str] | None = None

    def holds(self, name: str) -> bool:
        """Whether this question or document may be changed."""
        return self.names is None or name in self.names


EVERYTHING, NOTHING = Reach(None), Reach(frozenset())


def reach_of(session: Session, application: Application, step: str = "") -> Reach:
    """What the partner may change now; with `step`, what a colleague may who helps with that step alone."""
    if not application.open_to_partner:
        return NOTHING
    request = open_request(session, application)
    opened = opened_by(application, request) if request else None
    if request and opened is not None:  # a text that changed meanwhile is agreed to again, though nobody named it
        opened |= to_agree_again(session, application.id, request.asked_at)
    if not step:
        return Reach(opened)
    return Reach(of_step(step) if opened is None else opened & of_step(step))


def must_reach(session: Session, application: Application, names: Iterable[str], step: str = "") -> None:
    """Conflict if any of these is locked, Forbidden if a colleague's step does not have it; the words name what it is.

    A name that the form does not have is not judged here: who stores it refuses it.
    """
    must_be_open(application)
    if application.status == "draft" and not step:  # every key that is typed comes by here
        return
    asked = [name for name in names if name in QUESTIONS or name in SLOTS]
    if step and (foreign := [name for name in asked if name not in of_step(step)]):
        raise Forbidden(_outside(foreign[0]), _problems(foreign, _outside))
    reach = reach_of(session, application, step)
    if locked := [name for name in asked if not reach.holds(name)]:
        raise Conflict(_locked(locked[0]), _problems(locked, _locked))


def must_take(session: Session, application: Application, slot: str, step: str = "") -> bool:
    """`must_reach` for a document, which an approved partner may also put into a renewal; answers whether it is for one."""
    renewal = None if application.open_to_partner or step else live_renewal(session, application.id)
    if renewal is None or not renewal.with_partner:
        must_reach(session, application, [slot], step)
        return False
    if slot in SLOTS and slot not in renewal.slots:
        raise Conflict(_outside_renewal(slot), _problems([slot], _outside_renewal))
    return True


def must_be_open(application: Application) -> None:
    """Conflict unless the partner may change something now."""
    if not application.open_to_partner:
        raise Conflict(_("This application has been submitted and can no longer be changed."))


def opened_by(application: Application, request: InformationRequest) -> frozenset[str] | None:
    """What a request opens: what it names, what follows from that, and what has meanwhile become wrong by itself.

    None where it names nothing. An insurance that ran out since the submission would otherwise bar the way back for ever; the
    answers as submitted decide it, so that nothing closes while the partner works on it.
    """
    named = [one.name for one in request.wanted]
    if not named:
        return None
    wrong = [problem.field for problem in clean(application.answers(), now().date())[1]]
    return frozenset(found for name in (*named, *wrong) for found in _following(name))


@cache
def of_step(step: str) -> frozenset[str]:
    """The questions and documents of a step, by its name; none if there is no such step."""
    mine = step_named(step)
    return frozenset([*(q.name for q in mine.questions), *(slot.name for slot in mine.slots)]) if mine else frozenset()


@cache
def _following(name: str) -> frozenset[str]:
    """A question or document, and all whose asking or rightness follows from it, also by way of another."""
    found, waiting = {name}, [name]
    while waiting:
        new = set(_next(waiting.pop())) - found
        found |= new
        waiting += new
    return frozenset(found)


def _next(name: str) -> Iterator[str]:
    if name in SLOTS:
        yield from _dated_by(SLOTS[name])
        return
    yield from dependents(name)
    yield from (other for pair in TOGETHER if name in pair for other in pair)
    yield from (slot.name for slot in SLOTS.values() if name in (*_fields(slot.when), *_fields(slot.also), *_dated_by(slot)))


def _dated_by(slot: Slot) -> tuple[str, ...]:
    """The answer that says until when the slot's document is valid: a new certificate brings a new date, and the other way round."""
    name = slot.expiry_from.removesuffix("+12m")
    return (name,) if name in QUESTIONS else ()


def _fields(condition: Condition | None) -> tuple[str, ...]:
    return condition.fields if condition else ()


def _locked(name: str) -> str:
    return _("“{label}” is locked: only what our reviewer asked for can be changed now.").format(label=_(label_of(name)))


def _outside(name: str) -> str:
    return _("“{label}” is not in the step that you were asked to help with.").format(label=_(label_of(name)))


def _outside_renewal(name: str) -> str:
    return _("“{label}” is not part of the renewal, so it stays as it is.").format(label=_(label_of(name)))


def _problems(names: list[str], said: Callable[[str], str]) -> list[Problem]:
    return [Problem(name, said(name), place.number) for name in names if (place := place_of(name))]
