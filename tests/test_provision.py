"""`python -m worker sharepoint provision`: lists and columns made from nothing, completed, and never changed where people made them."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.columns import Column, column_of, definition
from integrations.graph import graph as to_graph
from integrations.provision import compare
from models.settings import settings
from models.steps import QUESTIONS
from tests.parts import Graph, environment_of
from worker import lists
from worker.commands import main

CATALOGUE = list(csv.DictReader((Path(__file__).parent / "form_catalogue.csv").read_text().splitlines()))


@pytest.fixture
def elsewhere(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """The names of lists and a library that are not there yet."""
    one = uuid.uuid4().hex[:6]
    names = (f"Invitations {one}", f"Onboarding {one}", f"Evidence {one}")
    keys = ("SHAREPOINT_INVITATIONS_LIST", "SHAREPOINT_APPLICATIONS_LIST", "SHAREPOINT_LIBRARY")
    with environment_of(dict(zip(keys, names, strict=True))):
        yield names


def site() -> str:
    return f"/sites/{settings().sharepoint_site}"


def columns_of(name: str) -> dict[str, Column]:
    return {column.name: column for column in map(column_of, to_graph().all(f"{site()}/lists/{name}/columns"))}


def test_every_column_that_the_catalogue_names_for_sharepoint_is_a_column_of_the_list() -> None:
    named = {row["sharepoint_column"] for row in CATALOGUE} - {""}
    made = {column.name: column for column in lists.wanted()[1].columns}
    assert len(named) == 94 and named <= set(made)
    assert len(made) == len(lists.wanted()[1].columns)
    kinds = {question.name: made[question.column].kind for question in QUESTIONS.values()}
    assert (kinds["team_size"], kinds["installed_mwp_3y"], kinds["mcs_approved"]) == ("number", "number", "boolean")
    assert (kinds["public_liability_expiry"], kinds["company_type"], kinds["services_offered"]) == ("date", "choice", "note")
    assert (kinds["company_name"], kinds["company_address"], kinds["company_website"]) == ("text", "note", "note")


def test_lists_are_made_from_nothing_and_are_left_alone_after_that(elsewhere: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sharepoint", "provision", "--dry-run"]) == 0
    assert f"{elsewhere[0]}: would be made, with 8 columns" in capsys.readouterr().out
    assert elsewhere[0] not in {found["displayName"] for found in to_graph().all(f"{site()}/lists")}
    assert main(["sharepoint", "provision"]) == 0
    assert f"{elsewhere[1]}: made, with 102 columns" in capsys.readouterr().out
    for wanted in lists.wanted():
        there = columns_of(wanted.name)
        assert {column.name: column for column in wanted.columns if column.name != "Title"}.items() <= there.items()
    assert columns_of(elsewhere[1])["ReferenceNumber"].unique and columns_of(elsewhere[0])["InvitationCode"].indexed
    assert main(["sharepoint", "provision"]) == 0
    said = capsys.readouterr().out
    assert f"{elsewhere[1]}: was there, with 102 of 102 columns" in said and "made" not in said and "differs" not in said


def test_what_people_made_is_told_and_not_touched(elsewhere: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    by_hand = [
        Column("InvitationCode", indexed=True), Column("ContactEmail", "note"), Column("Status", "choice", ("Active", "Used", "Waiting")),
        Column("Notes", "number"), Column("Colour"),
    ]  # fmt: skip
    body = {"displayName": elsewhere[0], "list": {"template": "genericList"}, "columns": [definition(column) for column in by_hand]}
    to_graph().send("POST", f"{site()}/lists", body)
    before = columns_of(elsewhere[0])
    assert main(["sharepoint", "provision"]) == 1
    said = capsys.readouterr().out
    assert f"{elsewhere[0]}: was there, with 5 of 8 columns\n  made: ContactTitle, ExpiryDate, InvitedBy\n" in said
    assert "CHANGE THIS: InvitationCode does not enforce unique values" in said
    assert "CHANGE THIS: Status lacks “Expired”, “Cancelled” among its choices." in said
    assert "differs: Status also offers “Waiting”, which the portal never writes." in said
    assert "CHANGE THIS: Notes is a column of the kind number, not note." in said
    assert "differs: ContactEmail is a column of the kind note, not text." in said
    assert before.items() <= columns_of(elsewhere[0]).items()


@pytest.mark.parametrize(("wanted", "there", "told"), [
    (Column("A"), Column("A", "hyperlinkOrPicture"), [True]),
    (Column("A", "choice", ("x",)), Column("A"), [False]),
    (Column("A", longest=200), Column("A", longest=100), [True]),
    (Column("A", indexed=True, unique=True), Column("A", "note"), [True]),
    (Column("A", "date"), Column("A", "dateTime"), [False]),
    (Column("A", indexed=True), Column("A"), [True]),
], ids=str)  # fmt: skip
def test_only_what_the_portal_cannot_work_with_stops_it(wanted: Column, there: Column, told: list[bool]) -> None:
    assert [one.stops for one in compare(wanted, there)] == told


def test_a_refusal_is_told_in_words(elsewhere: tuple[str, str, str], graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    graph.misbehave(403, path="/lists$", method="POST")
    assert main(["sharepoint", "provision"]) == 1
    assert "SharePoint refuses us: it answered 403" in capsys.readouterr().err
