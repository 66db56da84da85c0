"""A rival: the same three routes as the tutorials of FastAPI and SQLModel write them. Run in an environment of its own by uvicorn.

Run as a program it makes the tables and the invitations. The address of its database stands in DATABASE_URL, the answers' columns with their
kinds in columns.json, both written by api.py. It checks types and the code, and none of the form's rules.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import new_class
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from pydantic import create_model
from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, create_engine, select

URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
FOLDER, MANY = Path(os.environ["BENCH_FOLDER"]), int(os.environ.get("BENCH_MANY", "0"))
KINDS: dict[str, Any] = {"text": str, "number": float, "boolean": bool, "json": str}
COLUMNS: dict[str, list[str]] = json.loads((FOLDER / "columns.json").read_text())


class Invitation(SQLModel, table=True):
    __tablename__ = "invitations"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, index=True)
    company_name: str
    contact_email: str
    contact_title: str | None = None
    notes: str | None = None
    status: str = Field(default="active", index=True)


class Draft(SQLModel, table=True):
    __tablename__ = "draft_data"

    invitation_code: str = Field(primary_key=True)
    step_number: int = Field(primary_key=True)
    form_data: dict[str, Any] = Field(sa_type=JSON)
    last_updated: str
    revision: int = 1


class Entry(SQLModel):
    id: int | None = Field(default=None, primary_key=True)
    invitation_code: str = Field(index=True)
    reference_number: str | None = None
    status: str = Field(index=True)
    form_version: str
    created_at: str
    updated_at: str
    submitted_at: str


def _columns(body: dict[str, Any]) -> None:
    body.update(__module__=__name__, __tablename__="applications", __annotations__={name: KINDS[kind] | None for name, (_written, kind) in COLUMNS.items()})
    body.update(dict.fromkeys(COLUMNS))


#: What would be 89 lines of `company_name: str | None = None`.
Application: Any = new_class("Application", (Entry,), {"table": True}, _columns)


class ApplicationFile(SQLModel, table=True):
    __tablename__ = "application_files"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    file_name: str
    r2_key: str
    file_type: str
    file_size: int


class Event(SQLModel, table=True):
    __tablename__ = "events"

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="applications.id", index=True)
    type: str
    at: str
    detail: str


class Validation(SQLModel):
    invitationCode: str  # noqa: N815 — as the contract spells it


class InvitationPublic(SQLModel):
    code: str
    title: str | None
    companyName: str  # noqa: N815
    contactEmail: str  # noqa: N815
    notes: str | None


class Validated(SQLModel):
    valid: bool
    message: str
    invitation: InvitationPublic | None
    source: str = "database"


class SaveDraft(SQLModel):
    invitationCode: str  # noqa: N815
    step: int
    formData: dict[str, Any]  # noqa: N815


class Saved(SQLModel):
    success: bool = True
    revision: int
    savedAt: str  # noqa: N815


class FileReference(SQLModel):
    fileName: str  # noqa: N815
    r2Key: str  # noqa: N815
    fileType: str  # noqa: N815
    fileSize: int  # noqa: N815


Answers: Any = create_model("Answers", __base__=SQLModel, **{
    written: (KINDS[kind] | None if kind != "json" else list[str] | None, None) for written, kind in COLUMNS.values()
})  # fmt: skip
Submission: Any = create_model("Submission", __base__=SQLModel, invitationCode=(str, ...), fileReferences=(list[FileReference], ...),
                               **{f"step{number}": (Answers, ...) for number in range(1, 7)})  # fmt: skip


class Submitted(SQLModel):
    success: bool = True
    applicationId: str  # noqa: N815
    message: str = "Application submitted successfully"
    sharepointSynced: bool = False  # noqa: N815
    emailsSent: bool = False  # noqa: N815
    statusUrl: str  # noqa: N815


# As the tutorials write it but for the pool: with theirs of 15 and 40 threads, 64 callers wait for each other until they are refused after 30 s.
engine = create_engine(URL, connect_args={"check_same_thread": False} if URL.startswith("sqlite") else {}, pool_size=40)


def get_session() -> Any:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
app = FastAPI()


@app.post("/api/validate-invitation", response_model=Validated)
def validate_invitation(body: Validation, session: SessionDep) -> Any:
    found = session.exec(select(Invitation).where(Invitation.code == body.invitationCode.strip().upper())).first()
    if not found or found.status != "active":
        return Validated(valid=False, message="Invalid or expired invitation code", invitation=None)
    told = InvitationPublic(code=found.code, title=found.contact_title, companyName=found.company_name, contactEmail=found.contact_email, notes=found.notes)
    return Validated(valid=True, message="Valid invitation code", invitation=told)


@app.post("/api/save-draft", response_model=Saved)
def save_draft(body: SaveDraft, session: SessionDep) -> Any:
    invited(session, body.invitationCode)
    draft = session.get(Draft, (body.invitationCode, body.step))
    at = datetime.now(UTC).isoformat()
    if draft is None:
        draft = Draft(invitation_code=body.invitationCode, step_number=body.step, form_data=body.formData, last_updated=at)
    else:
        draft.form_data, draft.last_updated, draft.revision = body.formData, at, draft.revision + 1
    session.add(draft)
    session.commit()
    session.refresh(draft)
    return Saved(revision=draft.revision, savedAt=draft.last_updated)


@app.post("/api/epc-application", response_model=Submitted, status_code=201)
def epc_application(body: Submission, session: SessionDep) -> Any:
    invited(session, body.invitationCode)
    at = datetime.now(UTC).isoformat()
    given = {name: value for number in range(1, 7) for name, value in getattr(body, f"step{number}").model_dump(exclude_none=True).items()}
    known = {name: given.get(written) for name, (written, _kind) in COLUMNS.items()}
    values = {name: json.dumps(value) if isinstance(value, list) else value for name, value in known.items()}
    made = Application(invitation_code=body.invitationCode, reference_number=f"EPC-{at}", status="submitted", form_version="1", created_at=at,
                       updated_at=at, submitted_at=at, **values)  # fmt: skip
    session.add(made)
    session.flush()
    for one in body.fileReferences:
        session.add(ApplicationFile(application_id=made.id, file_name=one.fileName, r2_key=one.r2Key, file_type=one.fileType, file_size=one.fileSize))
    session.add(Event(application_id=made.id, type="application.submitted", at=at, detail=json.dumps({"files": len(body.fileReferences)})))
    session.commit()
    session.refresh(made)
    return Submitted(applicationId=str(made.id), statusUrl=f"/api/status?invitationCode={body.invitationCode}")


def invited(session: Session, code: str) -> Invitation:
    found = session.exec(select(Invitation).where(Invitation.code == code)).first()
    if not found:
        raise HTTPException(401)
    return found


if __name__ == "__main__":
    SQLModel.metadata.create_all(engine)
    rows = [{"code": f"Q{number:07d}", "company_name": "Bench Solar Ltd", "contact_email": "helen.marsh@brightfieldsolar.co.uk", "contact_title": "Ms",
             "notes": "Synced from Power Automate", "status": "active"} for number in range(1, MANY + 1)]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(Invitation.__table__.insert(), rows)  # type: ignore[attr-defined]
