"""`python -m worker`: the worker itself, and what an operator may ask of it at the command line."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from functools import partial

from sqlmodel import Session

from integrations import cache, provision
from integrations.failures import Failure
from models.application import by_reference
from models.database import transaction, watch
from models.errors import NotFound, Refused
from models.invitation import KIND, Invitation, find
from models.person import Actor
from models.retention import hold, lift
from models.settings import ready_settings
from worker import lists
from worker.deliver import sweep
from worker.logs import start_logging
from worker.main import run
from worker.reconcile import reconcile
from worker.retention import clean_up, report

OPERATOR = Actor(name="Operator at the command line", kind="system")


def main(arguments: Sequence[str]) -> int:
    """`python -m worker [sweep | sharepoint provision|reconcile … | retention … | hold … | release … | demo N]`; or the worker itself."""
    asked = _parser().parse_args(arguments)
    ready_settings()
    start_logging(logging.WARNING if asked.command else logging.NOTSET)  # a command's answer is for a person
    watch(Invitation, "code", partial(cache.changing, KIND))  # as the portal does (portal/main.py)
    commands: dict[str | None, Callable[[], int]] = {
        None: run, "sweep": _sweep, "retention": lambda: _retention(asked.dry_run, asked.orphans), "demo": lambda: _demo(asked.number),
        "hold": lambda: _hold(asked.whose, asked.why), "release": lambda: _release(asked.whose),
        "sharepoint": lambda: (_provision if asked.what == "provision" else _reconcile)(asked.dry_run),
    }  # fmt: skip
    try:
        return commands[asked.command]()
    except Refused as refused:
        print(refused.detail, *(problem.message for problem in refused.problems), file=sys.stderr)
        return 1
    except Failure as failure:
        print(failure.reason, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker", description="Without a command: the worker, until SIGTERM.")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("sweep", help="deliver what is due, then end")
    retention = commands.add_parser("retention", help="erase what is past its period, then end")
    retention.add_argument("--dry-run", action="store_true", help="only say what would be erased")
    retention.add_argument("--orphans", action="store_true", help="erase also the objects in the store that no document knows")
    sharepoint = commands.add_parser("sharepoint", help="what concerns the lists in SharePoint").add_subparsers(dest="what", required=True)
    making = sharepoint.add_parser("provision", help="make the lists, the library and their columns, and tell what differs where they are")
    making.add_argument("--dry-run", action="store_true", help="make nothing")
    comparing = sharepoint.add_parser("reconcile", help="compare both lists and the library with the portal, and repair what is ours")
    comparing.add_argument("--dry-run", action="store_true", help="repair nothing")
    held = commands.add_parser("hold", help="keep everything of one partner until it is released, whatever its period")
    held.add_argument("whose", help="an application's reference number or an invitation's code")
    held.add_argument("why", help="the reason, for the history")
    commands.add_parser("release", help="end a hold").add_argument("whose", help="a reference number or a code")
    commands.add_parser("demo", help="make realistic applications; only on a local run").add_argument("number", type=int)
    return parser


def _sweep() -> int:
    print(f"Tried {sweep()} deliveries.")
    return 0


def _provision(dry_run: bool) -> int:
    """1 when something differs that the portal cannot work with."""
    outcomes = list(provision.provision(lists.wanted(), dry_run))
    print(provision.report(outcomes, dry_run))
    return 1 if any(outcome.stops for outcome in outcomes) else 0


def _reconcile(dry_run: bool) -> int:
    """1 when something needs a person."""
    found = reconcile(dry_run)
    print("\n".join(found.lines(dry_run)))
    return 1 if found.theirs else 0


def _retention(dry_run: bool, orphans: bool) -> int:
    cleaned = clean_up(dry_run, orphans)
    print(report(cleaned, dry_run))
    return 1 if cleaned.failed else 0


def _hold(whose: str, why: str) -> int:
    with transaction() as session:
        hold(session, OPERATOR, _invitation(session, whose), why)
    print(f"Nothing of {whose} is erased until it is released.")
    return 0


def _release(whose: str) -> int:
    with transaction() as session:
        lift(session, OPERATOR, _invitation(session, whose))
    print(f"{whose} follows the table of periods again.")
    return 0


def _invitation(session: Session, whose: str) -> Invitation:
    found = find(session, by_reference(session, whose).invitation_code if whose.upper().startswith("EPC-") else whose)
    if found is None:
        raise NotFound("There is no invitation with this code.")
    return found


def _demo(number: int) -> int:
    from worker.demo import demo  # its PDFs need a package that production does not have

    print(demo(number))
    return 0
