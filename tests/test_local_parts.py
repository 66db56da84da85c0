"""The stand-ins for one machine: they refuse production, keep what they are given, and stop without leaving anything behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations import identity
from integrations.email import Email, send
from integrations.local import NotLocal, graph, mailbox, parts, sign_in
from integrations.local.outside import Outside, is_free
from integrations.local.parts import ROOT
from integrations.local.postgres import postgres
from integrations.local.run import RESTARTS
from integrations.sharepoint import sharepoint
from integrations.storage import storage
from tests.lists import put
from tests.parts import Graph, Local, Mailbox, environment_of, eventually

LIST, KEY = "EPC Onboarding", "ReferenceNumber"


@pytest.mark.parametrize(
    "start",
    [
        lambda folder: graph.app(folder, folder), lambda folder: mailbox.main(0, 0, str(folder)),
        lambda folder: sign_in.main(0, str(folder)), lambda folder: parts.valkey(folder, 1, "x"),
        lambda folder: parts.object_store(folder, [1, 2, 3, 4, 5], "x", "y"),
        lambda folder: postgres(folder, 1, "x"),
    ],
    ids=["Graph", "mailbox", "sign-in", "Redis", "object store", "PostgreSQL"],
)  # fmt: skip
def test_no_stand_in_starts_in_production(start: Callable[[Path], Any], tmp_path: Path) -> None:
    with environment_of({"ENVIRONMENT": "production"}), pytest.raises(NotLocal, match="does not start here"):
        start(tmp_path / "part")
    assert not (tmp_path / "part").exists()


def token(local: Local) -> dict[str, str]:
    local.part("sign_in")
    return {"Authorization": f"Bearer {identity.app_token()}"}


def lists_of(local: Local) -> str:
    return f"{local.environment['GRAPH_URL']}/sites/{local.environment['SHAREPOINT_SITE']}/lists"


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer a.b.c", "Basic eDp5"])
def test_graph_takes_no_request_without_a_token_of_the_sign_in_provider(local: Local, graph: Graph, sent: str) -> None:
    answer = requests.get(lists_of(local), headers={"Authorization": sent}, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_graph_takes_no_token_that_was_issued_for_something_else(local: Local, graph: Graph) -> None:
    other = identity.app_token("https://storage.example/.default")
    assert requests.get(lists_of(local), headers={"Authorization": f"Bearer {other}"}, timeout=10).status_code == 401


def test_graph_refuses_what_its_contract_does_not_know(local: Local, graph: Graph) -> None:
    site, headers = lists_of(local), token(local)
    assert requests.get(f"{local.environment['GRAPH_URL']}/no/such/thing", headers=headers, timeout=10).status_code == 404
    wrong = requests.post(f"{site}/{LIST}/items", json={"field": {}}, headers=headers, timeout=10)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "invalidRequest")


def test_graph_keeps_keys_unique_whatever_their_case(local: Local, graph: Graph) -> None:
    reference = f"EPC-{uuid.uuid4().hex.upper()}"
    put(LIST, KEY, reference, Title="One")
    again = {"fields": {"Title": "Two", KEY: reference.lower()}}
    answer = requests.post(f"{lists_of(local)}/{LIST}/items", json=again, headers=token(local), timeout=10)
    assert answer.status_code == 400
    assert "unique" in answer.json()["error"]["message"]


def test_graph_searches_a_column_without_an_index_only_when_told_to_risk_it(local: Local, graph: Graph) -> None:
    query = {"$filter": "fields/ContactEmail eq 'nobody@x.example'"}
    url, headers = f"{lists_of(local)}/{LIST}/items", token(local)
    assert requests.get(url, params=query, headers=headers, timeout=10).status_code == 400
    risky = {**headers, "Prefer": "HonorNonIndexedQueriesWarningMayFailRandomly"}
    assert requests.get(url, params=query, headers=risky, timeout=10).json()["value"] == []


def test_lists_documents_and_mails_survive_kill_9(local: Local, graph: Graph, mailbox: Mailbox, s3: Local) -> None:
    reference = f"EPC-{uuid.uuid4().hex.upper()}"
    put(LIST, KEY, reference, Title="Kept")
    document = sharepoint().upload_document(reference, "kept.pdf", b"%PDF kept", "application/pdf", {})
    storage().put(f"{reference}.pdf", b"kept too", "application/pdf")
    send(Email("a@x.example", reference, "text", "<p>text</p>", f"<{reference}@saber.example>"))
    for name in ("graph", "mailbox", "store", "sign_in"):
        local.part(name).kill()
    for name in ("graph", "mailbox", "store", "sign_in"):
        local.part(name)
    found = sharepoint().find_item(LIST, KEY, reference)
    assert found
    assert found.fields["Title"] == "Kept"
    assert requests.get(f"{graph.url}/library/{document}", timeout=10).content == b"%PDF kept"
    assert eventually(lambda: storage().head(f"{reference}.pdf"))
    assert [mail["Subject"] for mail in mailbox.mails()] == [reference]


def test_an_upload_session_takes_its_pieces_in_order_and_no_token(local: Local, graph: Graph) -> None:
    headers = token(local)
    drives = requests.get(lists_of(local).removesuffix("lists") + "drives", headers=headers, timeout=10).json()
    where = f"{local.environment['GRAPH_URL']}/drives/{drives['value'][0]['id']}/root:/{uuid.uuid4()}/big.pdf:/createUploadSession"
    address = requests.post(where, json={}, headers=headers, timeout=10).json()["uploadUrl"]
    piece, size = b"x" * 327_680, 2 * 327_680
    first = {"Content-Range": f"bytes 0-327679/{size}"}
    assert requests.put(address, data=piece, headers={**first, **headers}, timeout=10).status_code == 401
    late = {"Content-Range": f"bytes 327680-655359/{size}"}
    assert requests.put(address, data=piece, headers=late, timeout=10).status_code == 416
    assert requests.put(address, data=piece, headers=first, timeout=10).json()["nextExpectedRanges"] == ["327680-655359"]
    assert requests.put(address, data=piece, headers=late, timeout=10).json()["size"] == size


def test_a_second_start_finds_the_same_ports_and_secrets_and_nobody_else_can_read_them(tmp_path: Path) -> None:
    first, second = Outside(tmp_path, 18_080), Outside(tmp_path, 18_080)
    assert first.environment == second.environment
    secret = [tmp_path / "secrets.json", tmp_path / "ports.json", tmp_path / "certificates"]
    assert [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in secret] == [0, 0, 0]


# The command itself


@pytest.fixture
def port() -> int:
    return next(port for port in range(19_600, 19_999) if is_free(port))


@pytest.fixture
def started(tmp_path: Path, port: int) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `python -m integrations.local` in a folder of its own; what still runs at the end is ended."""
    running: list[subprocess.Popen[str]] = []

    def start(*more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "integrations.local", "--port", str(port), "--data", str(tmp_path / "var"), "--parts-only", *more]
        output: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        running.append(subprocess.Popen(command, cwd=ROOT, start_new_session=True, **output))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def until_ready(process: subprocess.Popen[str]) -> list[str]:
    """The lines it prints, up to the last one of its announcement."""
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Ctrl-C"):
            return lines
    raise AssertionError("\n".join(lines))


def alive(pids: dict[str, int]) -> list[str]:
    """Which of the processes still run."""
    states = {name: Path(f"/proc/{pid}/status") for name, pid in pids.items()}
    return [name for name, state in states.items() if state.exists() and "State:\tZ" not in state.read_text()]


def test_it_starts_says_where_everything_is_and_stops_without_leaving_anything(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path, port: int
) -> None:
    process = started()
    lines = until_ready(process)
    assert [line[:5] for line in lines[:7]] == [f"[{number}/7]" for number in range(1, 8)]
    assert lines[7] == f"ready http://127.0.0.1:{port}"
    found = json.loads((tmp_path / "var" / "local.json").read_text())
    assert requests.get(found["lists_url"], timeout=5).status_code == 200
    assert requests.get(found["mailbox_url"], timeout=5).status_code == 200
    assert {"portal", "database_url", "redis_url", "s3_endpoint", "s3_bucket", "s3_access_key", "s3_secret_key", "graph_url", "lists_url",
            "mailbox_url", "mailbox_dir", "sync_api_key", "invitation_code", "pids", "environment"} <= found.keys()  # fmt: skip
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert alive(found["pids"]) == []


def test_even_when_it_is_killed_its_parts_end_and_the_next_start_finds_the_data(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = started()
    until_ready(process)
    before = json.loads((tmp_path / "var" / "local.json").read_text())
    process.kill()
    process.wait()
    eventually(lambda: not alive(before["pids"]), 30)
    again = started()
    until_ready(again)
    after = json.loads((tmp_path / "var" / "local.json").read_text())
    assert after["environment"] == before["environment"]
    again.send_signal(signal.SIGTERM)
    assert again.wait(60) == 0


def test_a_part_that_ends_by_itself_is_named_and_started_again_but_not_for_ever(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = started()
    until_ready(process)
    known: set[int] = set()

    def pids() -> dict[str, int]:
        return dict(json.loads((tmp_path / "var" / "local.json").read_text())["pids"])

    for _ in range(RESTARTS + 1):
        eventually(lambda: pids()["mailbox"] not in known, 30)
        known.add(pids()["mailbox"])
        os.kill(pids()["mailbox"], signal.SIGKILL)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(r"The mailbox ended by itself\. What it said is in .+/logs/mailbox\.log\.", said)
    assert said.count("It is started again.") == RESTARTS and alive(pids()) == []


def test_postgresql_starts_from_a_folder_that_only_its_owner_may_enter(
    tmp_path: Path, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.local.postgres.OPEN", local.outside.folder)  # and not /var/tmp, where it would stay
    assert tmp_path.parent.stat().st_mode & 0o001 == 0, "pytest's folders are closed, which is the case that is tried here"
    part = postgres(tmp_path / "closed" / "postgres", next(p for p in range(19_000, 19_999) if is_free(p)), "a-password", durable=False)
    part.start().wait()
    part.stop()


def test_a_folder_in_use_and_a_port_in_use_are_said_before_anything_starts(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path, port: int
) -> None:
    running = started()
    assert running.stdout
    assert running.stdout.readline().startswith("[1/7]")
    other = next(port for port in range(port + 1, 19_999) if is_free(port))
    said, _ = started().communicate(timeout=60)
    assert "belongs to a run that is still alive" in said
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", other))
        busy.listen()
        said, _ = started("--port", str(other), "--data", str(tmp_path / "elsewhere")).communicate(timeout=60)
    assert f"Port {other} is taken by another program" in said
    assert not (tmp_path / "elsewhere").exists()
