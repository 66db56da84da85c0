"""Step 4: the roles the company takes on site, its schemes and its record."""

from __future__ import annotations

from decimal import Decimal as Exact

from sqlmodel import SQLModel

from models.kinds import NONE, Decimal, Email, Integer, LongText, MultiChoice, Text, YesNo
from models.question import above, asked, yes

ISO_STANDARDS = ("ISO 9001", "ISO 14001", "ISO 27001", "ISO 45001", NONE)
SCHEMES = ("Constructionline", "CHAS", "SMAS", "SafeContractor", "Achilles", "EU national scheme (e.g. VCA, SCC)", "Other", NONE)


class Roles(SQLModel):
    """The questions of step 4."""

    # fmt: off
    principal_contractor: bool | None = asked(
        YesNo(), "Do you act as Principal Contractor (CDM 2015 or EU equivalent)?", column="ActsAsPrincipalContractor",
        section="Principal Contractor", missing="Say whether you act as Principal Contractor",
        called="do you act as Principal Contractor?")
    principal_contractor_scale: str | None = asked(
        LongText(20, 1500), "Principal Contractor: size and scale of projects in the last year",
        column="PrincipalContractor_LastYearScale", when=yes("principal_contractor"), called="description of these projects",
        missing="Describe the size and scale of last year's projects on which you were Principal Contractor",
        example="Six commercial roofs between 200 and 900 kWp")
    principal_designer: bool | None = asked(
        YesNo(), "Do you act as Principal Designer (CDM 2015 or EU equivalent)?", column="ActsAsPrincipalDesigner",
        section="Principal Designer", missing="Say whether you act as Principal Designer", called="do you act as Principal Designer?")
    principal_designer_scale: str | None = asked(
        LongText(20, 1500), "Principal Designer: size and scale of projects in the last year",
        column="PrincipalDesigner_LastYearScale", when=yes("principal_designer"), called="description of these projects",
        missing="Describe the size and scale of last year's projects on which you were Principal Designer",
        example="Three ground-mounted sites between 1 and 4 MWp")
    named_principal_designer: str | None = asked(
        Text(2, 120), "Named Principal Designer", called="name of the Principal Designer", column="Named_PrincipalDesigner",
        when=yes("principal_designer"), help="The individual who will act for our projects", example="Owen Price")
    principal_designer_qualifications: str | None = asked(
        LongText(10, 1500), "Principal Designer: qualifications and training", column="PD_Qualifications", when=yes("principal_designer"),
        missing="Describe the Principal Designer's qualifications and training", called="description of qualifications",
        help="Upload certificates under Documents below", example="IMaPS, NEBOSH Construction Certificate")
    internal_staff_percentage: int | None = asked(
        Integer(0, 100, "%"), "Work done by your own staff (%)", called="percentage of work done by your own staff",
        column="LabourMix_InternalPct", section="Who does the work", help="The two percentages add up to 100", example=80)
    subcontract_percentage: int | None = asked(
        Integer(0, 100, "%"), "Work done by subcontractors (%)", called="percentage of work done by subcontractors",
        column="LabourMix_SubcontractPct", example=20)
    niceic_contractor: bool | None = asked(
        YesNo(), "Member of a NICEIC Competent Person Scheme (self-certifying)?", column="NICEIC_CPS", section="Certification and schemes",
        missing="Say whether you are a member of a NICEIC Competent Person Scheme",
        called="are you a member of a NICEIC Competent Person Scheme?")
    mcs_approved: bool | None = asked(
        YesNo(), "MCS certified contractor?", column="MCS_Approved", missing="Say whether you are an MCS certified contractor",
        called="are you an MCS certified contractor?")
    mcs_number: str | None = asked(
        Text(3, 30, form="certificate"), "MCS certificate number", called="MCS certificate number", column="MCS_Number",
        when=yes("mcs_approved"), example="NIC-12345")
    iso_standards: list[str] | None = asked(
        MultiChoice(ISO_STANDARDS), "ISO certifications", called="ISO certifications", column="ISOStandards",
        missing="Tick the ISO certifications you hold, or None", help="Each is uploaded below with its expiry date")
    construction_schemes: list[str] | None = asked(
        MultiChoice(SCHEMES), "Construction and safety schemes", column="ConstructionSchemes",
        missing="Tick the construction and safety schemes you belong to, or None")
    training_records_summary: str | None = asked(
        LongText(20, 2000), "Staff training and competence", column="TrainingRecords_Summary", section="Training and record",
        missing="Describe your staff's training and competence", called="description of training",
        help="For example NEBOSH, SMSTS, CSCS, 18th Edition; upload the training matrix under Documents below",
        example="All installers hold CSCS and 18th Edition; supervisors SMSTS")
    projects_completed_3y: int | None = asked(
        Integer(0, 100_000, "projects"), "Solar projects completed in the last 3 years",
        called="number of solar projects completed in the last 3 years", column="ProjectsCompleted_Last3Y")
    installed_mwp_3y: Exact | None = asked(
        Decimal(0, 10_000, 3, "MWp"), "Total solar installed in the last 3 years (MWp)",
        called="total solar installed in the last 3 years, in MWp", column="InstalledMWp_Last3Y")
    client_reference: str | None = asked(
        LongText(20, 2000), "Client reference: recent commercial project", column="Client_Reference",
        when=above("projects_completed_3y", 0), section="Client reference", called="client reference",
        missing="Describe a recent commercial project as a client reference", help="Client, site, size, completion date and outcome",
        example="Harlow Foods, Leeds, 640 kWp roof, completed May 2026 on time")
    client_reference_email: str | None = asked(
        Email(), "Client reference: email", called="client's email address", column="Client_ReferenceEmail", required=False,
        help="Contacted only during review and only with your agreement")
