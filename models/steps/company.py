"""Step 1: the company. Its legal name, its register, where it is and how to reach it."""

from __future__ import annotations

from sqlmodel import SQLModel

from models.kinds import COUNTRIES, Choice, Integer, LongText, Telephone, Text, Url
from models.question import asked, not_one_of

COMPANY_TYPES = (
    "Private limited company (Ltd)",
    "Public limited company (PLC)",
    "Limited liability partnership (LLP)",
    "Partnership",
    "Sole trader",
    "EU/EEA company",
    "Other",
)


class Company(SQLModel):
    """The questions of step 1."""

    # fmt: off
    company_name: str | None = asked(
        Text(2, 200), "Registered company name", column="Title", section="Registered company", autocomplete="organization",
        help="The legal name, exactly as on the register", example="Brightfield Solar Ltd")
    trading_name: str | None = asked(
        Text(0, 200), "Trading name", column="TradingName", required=False,
        help="Only if different; this should be the company that will enter into contract", example="Brightfield")
    company_type: str | None = asked(Choice(COMPANY_TYPES), "Company type", column="CompanyType")
    company_registration: str | None = asked(
        Text(1, 40, form="company_number"), "Company registration number", column="CompanyRegNo",
        when=not_one_of("company_type", "Sole trader", "Partnership"), example="SC123456",
        help="Companies House number, e.g. 01234567 or SC123456; EU partners give their national register number")
    vat_number: str | None = asked(
        Text(0, 40, form="vat_number"), "VAT number", called="VAT number", column="VATNumber", required=False,
        help="Leave empty if not VAT registered", example="GB980780684")
    company_address: str | None = asked(
        LongText(5, 300), "Registered office address", column="RegisteredOffice", section="Address", autocomplete="street-address",
        help="Street and building lines only", example="Unit 4, Mill Lane")
    company_city: str | None = asked(Text(2, 100), "Town or city", column="City", autocomplete="address-level2", example="Reading")
    company_state: str | None = asked(
        Text(0, 100), "County, state or region", column="County", required=False, autocomplete="address-level1", example="Berkshire")
    company_postal: str | None = asked(
        Text(2, 40, form="postcode"), "Postcode", column="Postcode", autocomplete="postal-code", example="RG1 8LS")
    company_country: str | None = asked(
        COUNTRIES, "Country", column="Country", autocomplete="country", default="GB",
        help="Decides how the registration, VAT and telephone numbers and the postcode are read")
    company_phone: str | None = asked(
        Telephone(), "Company telephone", called="company telephone number", column="CompanyPhone", section="Telephone and web",
        autocomplete="tel")
    company_website: str | None = asked(Url(), "Company website", column="CompanyWebsite", required=False, autocomplete="url")
    head_office_address: str | None = asked(
        LongText(0, 400), "Head office address", column="HeadOffice", required=False, section="Group and history", same_as="company_address",
        help="Only if different from the registered office", example="12 Canal Street, Leeds LS1 4DY")
    parent_company: str | None = asked(
        Text(0, 200), "Parent or holding company", column="ParentCompany", required=False,
        help="Name and registration number if the company is part of a group", example="Brightfield Holdings Ltd, 07654321")
    years_trading: int | None = asked(
        Integer(0, 200, "years"), "Years trading", called="number of full years you have traded", column="YearsTrading", help="Full years")
