"""Step 5: turnover, insurance, health and safety, and the policies."""

from __future__ import annotations

from datetime import date

from sqlmodel import SQLModel

from models.kinds import Choice, Date, Integer, LongText, Pounds, YesNo
from models.question import above, asked, yes

TURNOVERS = ("Under £100k", "£100k - £500k", "£500k - £2m", "£2m - £10m", "£10m - £50m", "Over £50m")
_COVER = Pounds(1, 1_000_000_000)
_SIGNED = "Signed within the last 12 months; upload the policy below"


class Insurance(SQLModel):
    """The questions of step 5."""

    # fmt: off
    annual_turnover: str | None = asked(
        Choice(TURNOVERS), "Annual turnover (last accounts)", called="annual turnover", column="AnnualTurnover", section="Turnover",
        help="Accounts in euros: choose the nearest equivalent")
    public_liability_insurance: bool | None = asked(
        YesNo(), "Public and product liability insurance in place?", column="PublicProductLiability_Present",
        section="Public and product liability", missing="Say whether public and product liability insurance is in place",
        called="is public and product liability insurance in place?")
    public_liability_cover: int | None = asked(
        _COVER, "Public liability: cover (GBP)", called="public liability cover in pounds", column="PublicProductLiability_Amount",
        when=yes("public_liability_insurance"), example=10_000_000)
    public_liability_expiry: date | None = asked(
        Date("future"), "Public liability: expiry date", called="expiry date of the public liability insurance",
        column="PublicProductLiability_Expiry", when=yes("public_liability_insurance"))
    public_liability_indemnity: bool | None = asked(
        YesNo(), "Does the cover include an 'Indemnity to Principal' clause?", column="PublicProductLiability_IndemnityInPrinciple",
        when=yes("public_liability_insurance"), help="Called 'indemnity in principle' on the paper form",
        missing="Say whether the cover includes an 'Indemnity to Principal' clause",
        called="does the cover include an 'Indemnity to Principal' clause?")
    employers_liability_insurance: bool | None = asked(
        YesNo(), "Employers' liability insurance in place?", column="EmployersLiability_Present", section="Employers' liability",
        missing="Say whether employers' liability insurance is in place", called="is employers' liability insurance in place?",
        help="A legal duty for most UK employers")
    employers_liability_cover: int | None = asked(
        _COVER, "Employers' liability: cover (GBP)", called="employers' liability cover in pounds", column="EmployersLiability_Amount",
        when=yes("employers_liability_insurance"), example=10_000_000)
    employers_liability_expiry: date | None = asked(
        Date("future"), "Employers' liability: expiry date", called="expiry date of the employers' liability insurance",
        column="EmployersLiability_Expiry", when=yes("employers_liability_insurance"))
    professional_indemnity_insurance: bool | None = asked(
        YesNo(), "Professional indemnity insurance in place?", column="ProfIndemnity_Present", section="Professional indemnity",
        missing="Say whether professional indemnity insurance is in place", called="is professional indemnity insurance in place?")
    professional_indemnity_cover: int | None = asked(
        _COVER, "Professional indemnity: cover (GBP)", called="professional indemnity cover in pounds", column="ProfIndemnity_Amount",
        when=yes("professional_indemnity_insurance"), example=2_000_000)
    professional_indemnity_expiry: date | None = asked(
        Date("future"), "Professional indemnity: expiry date", called="expiry date of the professional indemnity insurance",
        column="ProfIndemnity_Expiry", when=yes("professional_indemnity_insurance"))
    hse_notices_last_5_years: str | None = asked(
        LongText(10, 2000, none=True), "HSE improvement or prohibition notices in the last 5 years",
        column="HSE_ImprovementOrProhibition_Last5Y", section="Health and safety", called="description of the notices", example="None",
        missing="Describe any HSE improvement or prohibition notices in the last 5 years, or enter None",
        help="Date, type and what was changed; EU partners give their labour inspectorate's notices")
    riddor_incident_count: int | None = asked(
        Integer(0, 1000, "incidents"), "RIDDOR reportable incidents in the last 3 years",
        called="number of RIDDOR reportable incidents in the last 3 years", column="RIDDOR_Incidents_Last3Y_Count",
        help="EU partners count incidents reportable to their national authority", example=0)
    riddor_incident_details: str | None = asked(
        LongText(20, 3000), "RIDDOR: details", column="RIDDOR_Incidents_Last3Y_Details", when=above("riddor_incident_count", 0),
        missing="Describe the RIDDOR incidents and what was changed", called="description of the RIDDOR incidents",
        example="One fall from a ladder in 2025; edge protection was added")
    cdm_management_evidence: str | None = asked(
        LongText(20, 3000), "How you manage health, safety and CDM 2015 on site", column="HSE_CDM_Management_Evidence",
        missing="Describe how you manage health, safety and CDM 2015 on site", called="description of how you manage safety",
        help="Case studies go under Other supporting documents in step 6",
        example="Construction phase plan, daily briefings and weekly inspections")
    near_miss_procedure: str | None = asked(
        LongText(20, 2000), "Accident and near-miss procedure", column="NearMiss_Procedure",
        missing="Describe your accident and near-miss procedure", called="description of your near-miss procedure",
        help="How events are recorded and repeat events prevented", example="Reported the same day, reviewed weekly by the director")
    quality_procedure_evidence: str | None = asked(
        LongText(20, 2000), "Quality procedures for site installation", column="Quality_Procedure_Evidence",
        missing="Describe your quality procedures for site installation", called="description of your quality procedures",
        example="Inspection and test plan with hold points, snag list before handover")
    health_safety_policy_date: date | None = asked(
        Date("past"), "Health and safety policy: date signed", called="date on which the health and safety policy was signed",
        column="Policy_HS_DateSigned", section="Policies", help=_SIGNED)
    environmental_policy_date: date | None = asked(
        Date("past"), "Environmental policy: date signed", called="date on which the environmental policy was signed",
        column="Policy_Env_DateSigned", help=_SIGNED)
    modern_slavery_policy_date: date | None = asked(
        Date("past"), "Modern slavery policy: date signed", called="date on which the modern slavery policy was signed",
        column="Policy_MS_DateSigned", help=_SIGNED)
    substance_misuse_policy_date: date | None = asked(
        Date("past"), "Misuse of substances policy: date signed", called="date on which the misuse of substances policy was signed",
        column="Policy_MOS_DateSigned", help=_SIGNED)
    gdpr_policy_date: date | None = asked(
        Date("past"), "Data protection (GDPR) policy: date signed", called="date on which the data protection policy was signed",
        column="GDPRPolicy_DateSigned", help=_SIGNED)
    right_to_work_method: str | None = asked(
        LongText(20, 1500), "How you check employees' right to work", column="RightToWork_Monitoring_Method",
        section="People and data", missing="Describe how you check employees' right to work",
        called="description of right-to-work checks", example="Passports or share codes are checked before the first day and recorded")
    cyber_incident_last_3_years: str | None = asked(
        LongText(20, 2000, none=True), "Cyber-security breach in the last 3 years", column="CyberIncident_Last3Y",
        missing="Describe any cyber-security breach in the last 3 years, or enter None", called="description of the breach",
        help="What happened and how recurrence is prevented", example="None")
