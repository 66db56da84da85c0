"""Companies that do not exist, as they would fill in the form: varied, plausible, and right by every rule of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from stdnum.dk import cvr as danish
from stdnum.gb import vat as british
from stdnum.ie import vat as irish
from stdnum.iso7064 import mod_11_10
from stdnum.pl import nip as polish

from models.steps.capabilities import UK_REGIONS

Answers = dict[str, Any]

FIRST = (
    "Kestrel", "Marlowe", "Northgate", "Severnside", "Pennine", "Tamar", "Lomond", "Ashdown", "Calder", "Harbourlight", "Fenland",
    "Orchard", "Ridgeway", "Solway", "Thornbury", "Wyvern", "High Peak", "Coastline", "Meridian", "Larkfield", "Greyfriars", "Stonecross",
)  # fmt: skip
SECOND = ("Solar", "Renewables", "Energy Services", "Power", "Electrical", "Photovoltaics", "Roofing and Solar", "Storage Systems")
PEOPLE = (
    "Amara Osei", "Beth Lockwood", "Callum Reid", "Dilys Morgan", "Eoin Byrne", "Farah Siddiqui", "Grace Holt", "Hugo Lindqvist",
    "Imran Malik", "Jana Nowak", "Kwame Boateng", "Lena Fischer", "Mairead Quinn", "Nikhil Shah", "Orla Duffy", "Petra Jensen",
    "Rhys Evans", "Sofia Marino",
)  # fmt: skip
TITLES = ("Managing Director", "Operations Director", "Commercial Director", "Head of Projects", "Contracts Manager")
BRANDS = ("JA Solar", "LONGi", "Jinko Solar", "Trina Solar", "REC", "SolarEdge", "Fronius", "Sungrow", "GivEnergy", "K2 Systems")
SERVICES = ("EPC", "Design", "O&M", "Roof Solar", "Ground Solar", "Carports", "Battery Storage", "EV Charging", "Civils")
STREETS = ("Mill Lane", "Canal Street", "Station Road", "Wharf Road", "Foundry Way", "Orchard Park", "Quarry Hill", "Dock Street")


@dataclass(frozen=True)
class Place:
    """A town, with how its country writes companies, postcodes, telephones and VAT numbers."""

    country: str
    city: str
    county: str
    postcode: str
    phone: str
    form: str
    covers: tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """What goes together in a company of one size."""

    team: tuple[int, int]
    capacity: str
    largest_kwp: tuple[int, int]
    projects: tuple[int, int]
    turnover: str
    cover: int


GB, LTD = "GB", "Ltd"
PLACES = (
    Place(GB, "Leeds", "West Yorkshire", "LS1 4DY", "0113 496 0{:03}", LTD, ("Yorkshire & Humber", "North West", "East Midlands")),
    Place(GB, "Bristol", "", "BS1 6WS", "0117 496 0{:03}", LTD, ("South West", "Wales", "South East")),
    Place(GB, "Cardiff", "South Glamorgan", "CF10 4PL", "029 2018 0{:03}", LTD, ("Wales", "South West")),
    Place(GB, "Glasgow", "", "G1 3SL", "0141 496 0{:03}", LTD, ("Scotland",)),
    Place(GB, "Norwich", "Norfolk", "NR3 1AU", "01632 960{:03}", LTD, ("East of England", "East Midlands")),
    Place(GB, "Manchester", "Greater Manchester", "M1 2WD", "0161 496 0{:03}", LTD, ("North West", "Yorkshire & Humber")),
    Place(GB, "Newcastle upon Tyne", "Tyne and Wear", "NE1 3DQ", "0191 498 0{:03}", LTD, ("North East", "Scotland")),
    Place(GB, "London", "Greater London", "SE1 7PB", "020 7946 0{:03}", "plc", ("London", "South East", "East of England")),
    Place(GB, "Belfast", "County Antrim", "BT1 5GS", "028 9649 6{:03}", LTD, ("Northern Ireland", "Republic of Ireland")),
    Place("IE", "Cork", "County Cork", "T12 X70A", "+353 21 427 3{:03}", "DAC", ("Republic of Ireland", "Northern Ireland")),
    Place("DE", "Freiburg", "Baden-Württemberg", "79098", "+49 761 4567{:03}", "GmbH", ("Germany", "France")),
    Place("PL", "Poznań", "Wielkopolskie", "61-001", "+48 61 852 3{:03}", "Sp. z o.o.", ("Poland", "Germany")),
    Place("DK", "Aarhus", "", "8000", "+45 8612 3{:03}", "ApS", ("Denmark", "Sweden")),
)
SIZES = (
    Size((4, 9), "Under 250 kWp", (50, 200), (6, 25), "£100k - £500k", 5_000_000),
    Size((12, 45), "1 - 5 MWp", (250, 1500), (20, 80), "£2m - £10m", 5_000_000),
    Size((55, 180), "5 - 20 MWp", (1500, 6000), (60, 200), "£10m - £50m", 10_000_000),
    Size((220, 600), "Over 50 MWp", (8000, 40_000), (150, 500), "Over £50m", 20_000_000),
)


def answers(chance: Random, today: date, flagged: bool) -> Answers:
    """One company's complete form; with `flagged`, some of what the reviewer is warned of."""
    place, size = chance.choice(PLACES), chance.choice(SIZES)
    name = f"{chance.choice(FIRST)} {chance.choice(SECOND)} {place.form}"
    made = _company(chance, place, name) | _contact(chance, name, place) | _capabilities(chance, place, size) | _roles(chance, size)
    made |= _insurance(chance, size, today) | _compliance(chance, made["primary_contact_name"])
    made |= {"professional_indemnity_insurance": True, "professional_indemnity_cover": max(1_000_000, size.cover // 2)}
    return made | (_warnings(chance, today) if flagged else {})


def _company(chance: Random, place: Place, name: str) -> Answers:
    digits = "".join(chance.choice("123456789") for _ in range(8))
    british_type = "Public limited company (PLC)" if place.form == "plc" else "Private limited company (Ltd)"
    return {
        "company_name": name, "company_type": british_type if place.country == GB else "EU/EEA company",
        "company_registration": digits if place.country == GB else f"HRB {digits[:5]}", "vat_number": _vat(chance, place.country),
        "company_address": f"{chance.randint(1, 120)} {chance.choice(STREETS)}", "company_city": place.city, "company_state": place.county,
        "company_postal": place.postcode, "company_country": place.country, "company_phone": place.phone.format(chance.randint(100, 999)),
        "company_website": f"www.{_domain(name)}", "years_trading": chance.randint(4, 28),
    }  # fmt: skip


def _vat(chance: Random, country: str) -> str:
    """A number whose check digits are right, and that nobody has been asked about."""
    digits = "".join(chance.choice("123456789") for _ in range(9))
    return str(_VAT[country](digits)) if country in _VAT else ""


def _british(digits: str) -> str:
    return next((made for end in range(100) if british.is_valid(made := f"GB{digits[:7]}{end:02}")), "")


def _danish(digits: str) -> str:
    return next((f"DK{number}" for end in range(10) if danish.is_valid(number := f"{digits[:7]}{end}")), "")


_VAT: dict[str, Callable[[str], Any]] = {
    GB: _british,
    "DE": lambda digits: f"DE{digits[:8]}{mod_11_10.calc_check_digit(digits[:8])}",
    "IE": lambda digits: f"IE{digits[:7]}{irish.calc_check_digit(digits[:7])}",
    "PL": lambda digits: next((f"PL{n}" for end in range(10) if polish.is_valid(n := f"{digits}{end}")), ""),
    "DK": _danish,
}


def _contact(chance: Random, name: str, place: Place) -> Answers:
    primary, technical, signatory = chance.sample(PEOPLE, 3)
    domain = _domain(name)
    return {
        "primary_contact_name": primary, "primary_contact_title": chance.choice(TITLES), "primary_contact_email": _address(primary, domain),
        "primary_contact_phone": place.phone.format(chance.randint(100, 999)), "technical_contact_name": technical,
        "technical_contact_email": _address(technical, domain), "authorised_signatory_name": signatory,
        "authorised_signatory_email": _address(signatory, domain),
    }  # fmt: skip


def _capabilities(chance: Random, place: Place, size: Size) -> Answers:
    nationwide = place.country == GB and chance.random() < 0.3
    return {
        "services_offered": chance.sample(SERVICES, chance.randint(2, 6)), "installation_capacity": size.capacity,
        "max_project_size_kwp": chance.randint(*size.largest_kwp), "nationwide_coverage": nationwide,
        "geographic_coverage": list(UK_REGIONS if nationwide else place.covers),
        "equipment_brands": chance.sample(BRANDS, chance.randint(2, 5)),
        "certifications": ["MCS", "NICEIC"] if place.country == GB else ["EU RES installer certificate (RESCert/QualiPV)"],
        "experience_years": chance.randint(4, 9), "team_size": chance.randint(*size.team),
        "projects_per_month": f"{chance.uniform(0.5, 12):.1f}",
        "resources_per_project": "A project manager, a design engineer, a site supervisor and two to six installers with access equipment.",
        "niceic_contractor": place.country == GB, "mcs_approved": place.country == GB,
        "mcs_number": f"NIC-{chance.randint(10_000, 99_999)}",
    }  # fmt: skip


def _roles(chance: Random, size: Size) -> Answers:
    own, done, leads = chance.choice((60, 70, 80, 90, 100)), chance.randint(*size.projects), chance.random() < 0.6
    return {
        "principal_contractor": leads,
        "principal_contractor_scale": f"{max(2, done // 6)} roofs of up to {size.largest_kwp[1]} kWp in the last year.",
        "principal_designer": False, "internal_staff_percentage": own, "subcontract_percentage": 100 - own,
        "iso_standards": chance.choice((["ISO 9001"], ["ISO 9001", "ISO 45001"], ["ISO 9001", "ISO 14001", "ISO 45001"], ["None"])),
        "construction_schemes": chance.choice((["CHAS"], ["Constructionline", "CHAS"], ["SafeContractor"], ["None"])),
        "training_records_summary": "Installers hold the 18th Edition and work at height; supervisors hold SMSTS and first aid at work.",
        "projects_completed_3y": done, "installed_mwp_3y": f"{done * size.largest_kwp[0] / 1000 * chance.uniform(0.4, 0.9):.3f}",
        "client_reference": f"A {size.largest_kwp[0]} kWp warehouse roof, handed over on time in spring with no reportable incident.",
        "client_reference_email": "estates@harlowfoods.co.uk",
    }  # fmt: skip


def _insurance(chance: Random, size: Size, today: date) -> Answers:
    def soon() -> str:
        return str(today + timedelta(days=chance.randint(60, 340)))

    signed = {name: str(today - timedelta(days=chance.randint(20, 300))) for name in _POLICIES}
    return signed | {
        "annual_turnover": size.turnover, "public_liability_insurance": True, "public_liability_cover": size.cover,
        "public_liability_expiry": soon(), "public_liability_indemnity": True, "employers_liability_insurance": True,
        "employers_liability_cover": 10_000_000, "employers_liability_expiry": soon(), "professional_indemnity_expiry": soon(),
        "hse_notices_last_5_years": "None", "cyber_incident_last_3_years": "None", "riddor_incident_count": chance.choice((0, 0, 0, 1)),
        "riddor_incident_details": "A fall from low height in 2025; edge protection is now checked every morning.",
        "cdm_management_evidence": "A construction phase plan before each start, daily briefings, and weekly inspections by a director.",
        "near_miss_procedure": "Reported on the same day in the site app and reviewed every Friday; lessons go into Monday's briefing.",
        "quality_procedure_evidence": "An inspection and test plan with hold points; the snag list is closed before handover.",
        "right_to_work_method": "Passports or share codes are checked and copied before the first working day.",
    }  # fmt: skip


def _compliance(chance: Random, declarant: str) -> Answers:
    agreed = dict.fromkeys(("received_contract_pack", "agree_to_terms", "agree_to_codes", "data_processing_consent"), True)
    return agreed | {
        "pending_prosecutions": "None", "contracts_reviewed": True, "marketing_consent": chance.random() < 0.4,
        "declarant_name": declarant,
    }  # fmt: skip


def _warnings(chance: Random, today: date) -> Answers:
    """One to three of the things that the checks point out to the reviewer."""
    known: tuple[Answers, ...] = (
        {"years_trading": 1},
        {"public_liability_cover": 2_000_000},
        {"public_liability_expiry": str(today + timedelta(days=chance.randint(3, 25)))},
        {"gdpr_policy_date": str(today - timedelta(days=chance.randint(400, 800)))},
        {"professional_indemnity_cover": 500_000},
        {"contracts_reviewed": False, "legal_clarifications": "We would like to discuss the defects period and the cap on delay damages."},
    )
    return {name: value for chosen in chance.sample(known, chance.randint(1, 3)) for name, value in chosen.items()}


_POLICIES = (
    "health_safety_policy_date", "environmental_policy_date", "modern_slavery_policy_date", "substance_misuse_policy_date",
    "gdpr_policy_date",
)  # fmt: skip


def _domain(name: str) -> str:
    plain = "".join(c for c in name.lower().rsplit(" ", 1)[0] if c.isascii() and c.isalnum())
    return f"{plain}.example.com"


def _address(person: str, domain: str) -> str:
    return f"{person.lower().replace(' ', '.')}@{domain}"
