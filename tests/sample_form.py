"""A realistic complete form, as a partner types it, and what can be made of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from models.forms_api import to_camel
from models.slots import SLOTS
from models.steps import QUESTIONS, STEPS
from models.steps.capabilities import UK_REGIONS


def today() -> date:
    """The day by which the sample's dates are chosen: today in UTC, so that the sample never goes out of date."""
    return datetime.now(UTC).date()


def _in(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


COMPLETE: dict[str, Any] = {
    # 1 Company
    "company_name": "Brightfield Solar Ltd",
    "trading_name": "Brightfield",
    "company_type": "Private limited company (Ltd)",
    "company_registration": "7654321",
    "vat_number": "GB 980 7806 84",
    "company_address": "Unit 4, Kennet Mill\nMill Lane",
    "company_city": "Reading",
    "company_state": "Berkshire",
    "company_postal": "rg18ls",
    "company_country": "GB",
    "company_phone": "0118 496 0123",
    "company_website": "www.brightfieldsolar.co.uk",
    "head_office_address": "",
    "parent_company": "",
    "years_trading": 12,
    # 2 Contacts
    "primary_contact_name": "Helen Marsh",
    "primary_contact_title": "Commercial Director",
    "primary_contact_email": "helen.marsh@BrightfieldSolar.co.uk",
    "primary_contact_phone": "+44 (0)20 7946 0958",
    "technical_contact_name": "Owen Price",
    "technical_contact_email": "owen.price@brightfieldsolar.co.uk",
    "secondary_contact_name": "Priya Nair",
    "secondary_contact_email": "priya.nair@brightfieldsolar.co.uk",
    "authorised_signatory_name": "Helen Marsh",
    "authorised_signatory_email": "helen.marsh@brightfieldsolar.co.uk",
    # 3 Capabilities
    "services_offered": ["EPC", "Design", "Roof Solar", "Battery Storage", "Other"],
    "specializations": "Agricultural roofs, listed buildings and retrofit storage behind the meter.",
    "installation_capacity": "5 - 20 MWp",
    "max_project_size_kwp": "4,500",
    "nationwide_coverage": True,
    "geographic_coverage": [*UK_REGIONS, "Republic of Ireland"],
    "equipment_brands": ["JA Solar", "SolarEdge", "GivEnergy", "K2 Systems"],
    "certifications": ["MCS", "NICEIC", "RECC"],
    "experience_years": 14,
    "team_size": 64,
    "projects_per_month": "7.5",
    "resources_per_project": "One project manager, a design engineer, two site supervisors and eight installers; own telehandler.",
    # 4 Roles and experience
    "principal_contractor": True,
    "principal_contractor_scale": "Eleven commercial roofs between 180 kWp and 1.2 MWp, the largest a food warehouse in Leeds.",
    "principal_designer": True,
    "principal_designer_scale": "Nine commercial roofs and two ground-mounted sites of up to 2.4 MWp.",
    "named_principal_designer": "Owen Price",
    "principal_designer_qualifications": "IMaPS member, NEBOSH National Certificate in Construction, BEng Electrical Engineering.",
    "internal_staff_percentage": 80,
    "subcontract_percentage": 20,
    "niceic_contractor": True,
    "mcs_approved": True,
    "mcs_number": "NIC-48213",
    "iso_standards": ["ISO 9001", "ISO 45001"],
    "construction_schemes": ["Constructionline", "CHAS"],
    "training_records_summary": "All installers hold CSCS and the 18th Edition; supervisors hold SMSTS and first aid at work.",
    "projects_completed_3y": 143,
    "installed_mwp_3y": "38.250",
    "client_reference": "Harlow Foods, Leeds: 1.2 MWp warehouse roof, completed in May 2026, on time and with no reportable incident.",
    "client_reference_email": "estates@harlowfoods.co.uk",
    # 5 Insurance and policies
    "annual_turnover": "£10m - £50m",
    "public_liability_insurance": True,
    "public_liability_cover": "£10,000,000",
    "public_liability_expiry": _in(200),
    "public_liability_indemnity": True,
    "employers_liability_insurance": True,
    "employers_liability_cover": 10_000_000,
    "employers_liability_expiry": _in(200),
    "professional_indemnity_insurance": True,
    "professional_indemnity_cover": 5_000_000,
    "professional_indemnity_expiry": _in(120),
    "hse_notices_last_5_years": "None",
    "riddor_incident_count": 1,
    "riddor_incident_details": "A fractured wrist after a trip on a loading bay in 2025; the walkway was marked and lit within a week.",
    "cdm_management_evidence": "Construction phase plan before every start, daily briefings, weekly inspections by the director.",
    "near_miss_procedure": "Reported in the site app on the same day, reviewed each Friday, lessons shared in Monday's briefing.",
    "quality_procedure_evidence": "Inspection and test plan with hold points, photographs of each string, snags closed before handover.",
    "health_safety_policy_date": _in(-60),
    "environmental_policy_date": _in(-60),
    "modern_slavery_policy_date": _in(-60),
    "substance_misuse_policy_date": _in(-60),
    "gdpr_policy_date": _in(-60),
    "right_to_work_method": "Passports or share codes are checked and copied before the first working day and kept for two years.",
    "cyber_incident_last_3_years": "None",
    # 6 Declarations
    "pending_prosecutions": "None",
    "received_contract_pack": True,
    "contracts_reviewed": False,
    "legal_clarifications": "Our insurer asks to discuss the defects period in clause 14.",
    "agree_to_terms": True,
    "agree_to_codes": True,
    "data_processing_consent": True,
    "marketing_consent": False,
    "additional_information": "A second depot opens in Bristol in the spring.",
    "declarant_name": "Helen Marsh",
}


def form(**changes: Any) -> dict[str, Any]:
    """The complete form with some answers changed."""
    return {**COMPLETE, **changes}


def api_steps(answers: dict[str, Any] = COMPLETE) -> dict[str, dict[str, Any]]:
    """The answers as `step1` … `step6` of the API's application, in camelCase."""
    steps = {step.number: {name: answers[name] for name in answers if QUESTIONS[name].step == step.number} for step in STEPS}
    return {f"step{number}": to_camel(mine) for number, mine in steps.items()}


def wanted_documents(answers: dict[str, Any] = COMPLETE) -> dict[str, int]:
    """One stored document for each slot that must have one."""
    return {slot.name: 1 for slot in SLOTS.values() if slot.wanted(answers)}
