"""Step 3: what the company can do, where, and with whom."""

from __future__ import annotations

from decimal import Decimal as Exact

from sqlmodel import SQLModel

from models.kinds import NONE, Choice, Decimal, Integer, LongText, MultiChoice, Tags, YesNo
from models.question import asked, includes

SERVICES = (
    "EPC", "Design", "O&M", "Roof Solar", "Ground Solar", "Carports", "Battery Storage", "EV Charging", "CHP", "HV/LV Electrical",
    "Civils", "Structural", "Other",
)  # fmt: skip
CAPACITIES = ("Under 250 kWp", "250 kWp - 1 MWp", "1 - 5 MWp", "5 - 20 MWp", "20 - 50 MWp", "Over 50 MWp")
UK_REGIONS = (
    "North East", "North West", "Yorkshire & Humber", "East Midlands", "West Midlands", "East of England", "London", "South East",
    "South West", "Wales", "Scotland", "Northern Ireland",
)  # fmt: skip
OTHER_REGIONS = (
    "Republic of Ireland", "France", "Germany", "Netherlands", "Belgium", "Spain", "Portugal", "Italy", "Poland", "Denmark", "Sweden",
    "Other EU/EEA",
)  # fmt: skip
BRANDS = (
    "Canadian Solar", "JA Solar", "Jinko Solar", "LONGi", "Q CELLS", "REC", "SunPower", "Trina Solar", "SMA", "SolarEdge", "Huawei",
    "Fronius", "Sungrow", "GoodWe", "GivEnergy", "Tesla", "Victron", "K2 Systems", "Schletter", "Renusol", "Van der Valk",
)  # fmt: skip
CERTIFICATIONS = (
    "MCS", "NICEIC", "NAPIT", "ECA", "TrustMark", "RECC", "HIES", "NERS (Lloyd's Register)",
    "EU RES installer certificate (RESCert/QualiPV)", "Other", NONE,
)  # fmt: skip

_SIZES = ((10, "Startup"), (50, "Small"), (200, "Medium"))


def company_size(team_size: int) -> str:
    """The size class for SharePoint's CompanySize: Startup 1-10, Small 11-50, Medium 51-200, Large 201 and more."""
    return next((name for most, name in _SIZES if team_size <= most), "Large")


class Capabilities(SQLModel):
    """The questions of step 3."""

    # fmt: off
    services_offered: list[str] | None = asked(
        MultiChoice(SERVICES), "Services provided", called="services you provide", column="Services", section="Services",
        help="Tick everything you deliver today")
    specializations: str | None = asked(
        LongText(0, 1000), "Specialisations", called="specialisations", column="Specialisations",
        when=includes("services_offered", "Other"), help="Sectors, roof types, storage, heritage, agricultural and so on",
        missing="Describe your other services and specialisations, or untick Other under Services provided",
        example="Agricultural roofs and heritage buildings")
    installation_capacity: str | None = asked(
        Choice(CAPACITIES), "Annual installation capacity", column="InstallationCapacity", section="Capacity",
        help="What you can install in a year with your present teams")
    max_project_size_kwp: int | None = asked(
        Integer(1, 500_000, "kWp"), "Largest single project you would take on (kWp)", called="size of the largest project you would take on, in kWp",
        column="MaxProjectSize_kWp", help="Used when projects are matched to partners", example=2500)
    nationwide_coverage: bool | None = asked(
        YesNo(), "Do you work across the whole UK?", column="Coverage_Nationwide", section="Where you work",
        missing="Say whether you work across the whole UK", called="do you work across the whole UK?")
    geographic_coverage: list[str] | None = asked(
        MultiChoice(UK_REGIONS + OTHER_REGIONS), "Regions and countries covered", called="regions and countries you cover",
        column="Coverage_Regions")
    equipment_brands: list[str] | None = asked(
        Tags(BRANDS), "Equipment brands", called="equipment brands", column="EquipmentBrands", section="Equipment and certification",
        help="Modules, inverters, batteries and mounting systems you install or are approved for")
    certifications: list[str] | None = asked(
        MultiChoice(CERTIFICATIONS), "Trade certifications held", called="trade certifications", column="Certifications",
        missing="Tick the trade certifications you hold, or None",
        help="Each certificate is uploaded with its expiry date under Roles and experience")
    experience_years: int | None = asked(
        Integer(0, 60, "years"), "Years of experience in solar or renewables", called="years of experience in solar or renewables",
        column="ExperienceYears", section="People and experience")
    team_size: int | None = asked(
        Integer(1, 100_000, "people"), "Total employees", called="number of employees", column="TeamSize", help="Everyone on the payroll today")
    projects_per_month: Exact | None = asked(
        Decimal(0, 1000, 1, "a month"), "Average projects per month", called="average number of projects per month", column="ProjectsPerMonth")
    resources_per_project: str | None = asked(
        LongText(20, 2000), "Resources you would allocate to each project", column="Resources_PerProject",
        missing="Describe the resources you would allocate to each project", called="description of resources",
        help="Roles, headcount and plant for a typical project", example="A project manager, two supervisors and eight installers")
