"""The documents of the form: 25 slots, when each is wanted, what it takes and where its expiry comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Any

from models.kinds import Answers
from models.question import Condition, above, either, filled, includes, other_than_none, yes

MEDIA_TYPES: Mapping[str, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "jpg": "image/jpeg",
    "png": "image/png",
}
_UPLOADED_WITH = "expiry_date"
_PHOTOS = ("jpg", "jpeg", "png")  # not HEIC: where it is not asked for, an iPhone hands over a JPEG


@dataclass(frozen=True)
class Slot:
    """A place for one document, or with `multiple` for several. `section` is the evidence section in the document library."""

    name: str
    step: int
    label: str
    section: str
    extensions: tuple[str, ...]
    required: bool = True  # whenever its condition holds
    when: Condition | None = None
    multiple: bool = False
    expiry_from: str = ""  # "expiry_date": asked at the upload; an answer's name; or that with "+12m"
    max_mb: int = 10
    help: str = ""
    also: Condition | None = None  # offered, though not wanted, when this holds

    def wanted(self, answers: Answers) -> bool:
        """Whether there must be a document."""
        return self.required and (self.when is None or self.when.holds(answers))

    def offered(self, answers: Answers) -> bool:
        """Whether the form shows it."""
        shown = self.when if self.also is None or self.when is None else either(self.when, self.also)
        return shown is None or shown.holds(answers)

    @property
    def accept(self) -> str:
        """What is stored in it: ".pdf,.docx"."""
        return _listed(self._endings())

    @property
    def choosable(self) -> str:
        """What a file input of the form offers: what is stored, and photos where the browser makes a PDF of them."""
        return _listed((*self._endings(), *_PHOTOS) if self.binds_photos else self._endings())

    @property
    def binds_photos(self) -> bool:
        """Whether the form takes photos of a paper's pages and stores them as one PDF: it takes PDF, and no pictures."""
        return "pdf" in self.extensions and "jpg" not in self.extensions

    @property
    def takes_pages(self) -> bool:
        """Whether several photos may be chosen for one document, and become the pages of a PDF."""
        return "pdf" in self.extensions

    @property
    def has_camera(self) -> bool:
        """Whether a telephone offers its camera."""
        return self.binds_photos or "jpg" in self.extensions

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of its extensions."""
        return tuple(MEDIA_TYPES[extension] for extension in self.extensions)

    @property
    def asks_expiry(self) -> bool:
        """Whether the uploader is asked for the document's expiry date."""
        return self.expiry_from == _UPLOADED_WITH

    def takes(self, file_name: str) -> bool:
        """Whether the name ends in one of its extensions, whatever the case."""
        return PurePath(file_name).suffix.lower().removeprefix(".") in self._endings()

    def expiry(self, values: Mapping[str, Any], given: date | None = None) -> date | None:
        """The day a document expires: `given` by the uploader, or from the cleaned answers; None if it does not or is unknown."""
        if not self.expiry_from or self.asks_expiry:
            return given if self.asks_expiry else None
        found = values.get(self.expiry_from.removesuffix("+12m"))
        if not isinstance(found, date):
            return None
        return a_year_after(found) if self.expiry_from.endswith("+12m") else found

    @property
    def called(self) -> str:
        """Its label in the middle of a sentence: "capability statement with case studies", "ISO certificates"."""
        first, second = self.label.split()[:2]
        return self.label if first[1].isupper() or second[0].isupper() else self.label[0].lower() + self.label[1:]

    def _endings(self) -> tuple[str, ...]:
        return (*self.extensions, "jpeg") if "jpg" in self.extensions else self.extensions


def _listed(endings: tuple[str, ...]) -> str:
    return ",".join(f".{ending}" for ending in endings)


def a_year_after(day: date) -> date:
    """Twelve months on; from 29 February it is 28 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


_SCAN = ("pdf", "jpg", "png")
_WRITTEN = ("pdf", "docx")
_SHOWN = ("pdf", "docx", "pptx")
_POLICY_HELP = "The signed copy whose date you gave above"
_EVERY = "One file for each"

_ALL = (
    Slot("company_registration_certificate", 1, "Company registration document", "Legal", _SCAN, when=filled("company_registration"),
         help="The certificate of incorporation, or the extract from your national register"),
    Slot("partner_logo", 1, "Company logo", "Legal", ("png", "jpg"), required=False, max_mb=2),
    Slot("capability_statement", 3, "Capability statement with case studies", "Delivery", _SHOWN),
    Slot("works_methodology", 3, "Works methodology statement", "Delivery", _WRITTEN, help="How you plan, build, test and hand over"),
    Slot("team_cvs", 3, "CVs of key people", "Delivery", _WRITTEN, multiple=True),
    Slot("subcontractor_list", 4, "Subcontractors and consultants list", "Delivery", ("pdf", "docx", "xlsx", "csv"),
         when=above("subcontract_percentage", 0), help="Company, trade and the work each does for you"),
    Slot("iso_certificates", 4, "ISO certificates", "Certifications", _SCAN, when=other_than_none("iso_standards"), multiple=True,
         expiry_from=_UPLOADED_WITH, help=f"{_EVERY} standard you ticked"),
    Slot("niceic_certificate", 4, "NICEIC certificate", "Certifications", _SCAN, when=yes("niceic_contractor"), expiry_from=_UPLOADED_WITH,
         also=includes("certifications", "NICEIC")),
    Slot("mcs_certificate", 4, "MCS certificate", "Certifications", _SCAN, when=yes("mcs_approved"), expiry_from=_UPLOADED_WITH,
         also=includes("certifications", "MCS")),
    Slot("scheme_certificates", 4, "Scheme and other certificates", "Certifications", _SCAN, when=other_than_none("construction_schemes"),
         multiple=True, expiry_from=_UPLOADED_WITH, also=other_than_none("certifications"),
         help=f"{_EVERY} scheme, and for each other certification you ticked"),
    Slot("principal_designer_evidence", 4, "Principal Designer qualifications", "Health & Safety", _SCAN, when=yes("principal_designer"),
         multiple=True),
    Slot("training_records", 4, "Training matrix and certificates", "Health & Safety", ("pdf", "xlsx", "csv", "jpg", "png"), multiple=True,
         expiry_from=_UPLOADED_WITH),
    Slot("client_reference_statement", 4, "Client reference statement or case study", "References", _SHOWN,
         when=above("projects_completed_3y", 0), multiple=True),
    Slot("public_liability_certificate", 5, "Public and product liability certificate", "Insurance", ("pdf",),
         when=yes("public_liability_insurance"), expiry_from="public_liability_expiry"),
    Slot("employers_liability_certificate", 5, "Employers' liability certificate", "Insurance", ("pdf",),
         when=yes("employers_liability_insurance"), expiry_from="employers_liability_expiry"),
    Slot("professional_indemnity_certificate", 5, "Professional indemnity certificate", "Insurance", ("pdf",),
         when=yes("professional_indemnity_insurance"), expiry_from="professional_indemnity_expiry"),
    Slot("health_safety_policy", 5, "Health and safety policy", "Policies", _WRITTEN, expiry_from="health_safety_policy_date+12m",
         help=_POLICY_HELP),
    Slot("environmental_policy", 5, "Environmental policy", "Policies", _WRITTEN, expiry_from="environmental_policy_date+12m",
         help=_POLICY_HELP),
    Slot("modern_slavery_policy", 5, "Modern slavery policy", "Policies", _WRITTEN, expiry_from="modern_slavery_policy_date+12m",
         help=_POLICY_HELP),
    Slot("substance_misuse_policy", 5, "Misuse of substances policy", "Policies", _WRITTEN, expiry_from="substance_misuse_policy_date+12m",
         help=_POLICY_HELP),
    Slot("gdpr_policy", 5, "Data protection policy", "Data Protection", _WRITTEN, expiry_from="gdpr_policy_date+12m", help=_POLICY_HELP),
    Slot("near_miss_evidence", 5, "Accident and near-miss procedure", "Health & Safety", _WRITTEN, required=False),
    Slot("quality_evidence", 5, "Quality procedures", "Health & Safety", _WRITTEN, required=False, multiple=True),
    Slot("riddor_reports", 5, "RIDDOR reports", "Health & Safety", ("pdf",), when=above("riddor_incident_count", 0), multiple=True),
    Slot("additional_documents", 6, "Other supporting documents", "Legal", ("pdf", "docx", "xlsx", "jpg", "png"), required=False,
         multiple=True),
)  # fmt: skip

SLOTS: dict[str, Slot] = {slot.name: slot for slot in _ALL}
