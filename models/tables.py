"""Every table, imported in one place: migrations and tests compare with this."""

from __future__ import annotations

from models.agreement import Agreement
from models.application import Application
from models.carried import CarriedOver
from models.colleague import Colleague
from models.condition import Condition
from models.confirmation import Confirmation
from models.decision import Decision
from models.delivery import Delivery
from models.document import Document
from models.draft import Draft
from models.event import Event
from models.followed_list import FollowedList
from models.idempotency import IdempotencyKey
from models.invitation import Invitation
from models.invitation_entry import InvitationEntry
from models.invited_by_program import InvitationKey
from models.letter_template import LetterTemplate
from models.library_upload import LibraryUpload
from models.list_item import ListItem
from models.list_trouble import ListTrouble
from models.mention import Mention
from models.note import Note
from models.pause import Pause
from models.person import SignIn, User
from models.queue_entry import QueueEntry
from models.renewal import Renewal
from models.retention import LegalHold
from models.review import InformationRequest, Verdict
from models.saved_view import SavedView
from models.scan import Scan
from models.schedule import Lease
from models.stray import Stray
from models.token import Token
from models.visit import Visit
from models.webhook import Attempt, Webhook

ALL = (
    Invitation, Application, Document, Draft, User, SignIn, Event, Delivery, Agreement, Verdict, Note, Mention, InformationRequest, Lease,
    LegalHold,
    IdempotencyKey, Confirmation, Colleague, CarriedOver, QueueEntry, Renewal, Decision, Condition,
    LetterTemplate, InvitationEntry, SavedView, Pause, Scan,
    ListItem, LibraryUpload, Stray, FollowedList, ListTrouble,
    Token, InvitationKey, Visit,
    Webhook, Attempt,
)  # fmt: skip
