"""Numbers and addresses with rules of their own: each function gives the stored form or raises ValueError with the reader's sentence.

`country` is an ISO 3166-1 alpha-2 code, as the company's country decides what is right.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import HttpUrl, TypeAdapter, ValidationError
from stdnum import get_cc_module
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as NumberError

from models.language import _

_GB_COMPANY = re.compile(r"[0-9]{8}|[A-Z]{2}[0-9]{6}|[A-Z]{2}[0-9]{5}[A-Z]")
_GB_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
_EIRCODE = re.compile(r"(D6W|[AC-FHKNPRTV-Y][0-9]{2})[0-9AC-FHKNPRTV-Y]{4}")
_DIALLED = re.compile(r"\+?[0-9 ()./-]+")
#: An extension at the end, in our languages: "ext 12", "x12", "Durchwahl 12", "تحويلة 12", and as it is stored.
_EXTENSION = re.compile(
    r"[ ,;]*(?:;ext=|\b(?:extension|extn|ext|x|durchwahl|dw|nebenstelle|تحويلة|داخلي)|(?<=[0-9 )])x|#)[.:]? *(?P<digits>[0-9]{1,7})",
    re.IGNORECASE,
)
_VAT_PREFIX = {"GR": "EL", "LI": ""}  # Greece writes EL; Liechtenstein's numbers are Swiss and begin with CHE
_HTTP_URL = TypeAdapter(HttpUrl)


def company_number(raw: str, country: str) -> str:
    """The register's number, upper-case without spaces; an all-digit UK number gets its leading zeros back."""
    number = re.sub(r"\s", "", raw).upper()
    if country == "GB":
        number = number.zfill(8) if re.fullmatch(r"[0-9]{1,8}", number) else number
        if not _GB_COMPANY.fullmatch(number):
            raise ValueError(_("Enter the 8 characters of the Companies House number, like 01234567 or SC123456"))
    if not 2 <= len(number) <= 30:
        raise ValueError(_("Enter the company's number in its national register, in 2 to 30 characters"))
    return number


def vat_number(raw: str, country: str) -> str:
    """The VAT number with its country's prefix and right check digits; a number of another listed country is kept as that."""
    number = re.sub(r"[\s.\-]", "", raw).upper()
    try:
        return _vat_of(country, number)
    except NumberError as wrong:
        other = {"EL": "GR", "XI": "GB", "CH": "LI"}.get(number[:2], number[:2])
        try:
            return _vat_of(other, number)
        except NumberError:
            raise ValueError(_vat_sentence(country, wrong)) from None


def _vat_of(country: str, number: str) -> str:
    """Raises stdnum's ValidationError, also for a country without a rule."""
    module = get_cc_module("ch" if country == "LI" else country.lower(), "vat") if re.fullmatch("[A-Z]{2}", country) else None
    if module is None or not number.isascii():
        raise NumberError
    compact = str(module.validate(number))
    prefix = "XI" if country == "GB" and number.startswith("XI") else _VAT_PREFIX.get(country, country)
    return compact if compact.startswith(prefix) else prefix + compact


def _vat_sentence(country: str, wrong: NumberError) -> str:
    if isinstance(wrong, InvalidChecksum):
        return _("This VAT number's check digits are wrong: compare it with your VAT certificate")
    if country == "GB":
        return _("Enter a VAT number with 9 or 12 digits, like GB 123 4567 82, or leave it empty if you are not VAT registered")
    return _("Enter the VAT number as it stands on your VAT certificate, with the two letters of its country first")


def postcode(raw: str, country: str) -> str:
    """The postcode upper-case; UK postcodes and Eircodes with their one space."""
    code = " ".join(raw.upper().split())
    joined = code.replace(" ", "")
    if country == "GB":
        return _spaced(joined, _GB_POSTCODE, -3, _("Enter a full UK postcode, like SW1A 1AA"))
    if country == "IE":
        return _spaced(joined, _EIRCODE, 3, _("Enter an Eircode of 7 characters, like D02 X285"))
    if not 2 <= len(code) <= 12:
        raise ValueError(_("Enter the postcode in 2 to 12 characters"))
    return code


def _spaced(joined: str, pattern: re.Pattern[str], at: int, sentence: str) -> str:
    if not pattern.fullmatch(joined):
        raise ValueError(sentence)
    return f"{joined[:at]} {joined[at:]}"


@lru_cache(4096)  # the slowest two to read, and each page and each check of a form reads them again
def telephone(raw: str, country: str) -> str:
    """E.164, read as a number of `country` unless it begins with +; an extension follows as RFC 3966 writes it: "+442079460958;ext=12"."""
    main, extension = _extended(raw)
    if not _DIALLED.fullmatch(main):
        raise ValueError(_("Enter a telephone number in digits, with the extension at the end if there is one: 020 7946 0958 ext 12"))
    try:
        number = phonenumbers.parse(main, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not _diallable(number):
        if country == "GB":
            raise ValueError(_("Enter a telephone number with its area code, like 020 7946 0958"))
        raise ValueError(_("Enter a telephone number with its area code, or begin with + and the country's code"))
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{found};ext={extension}" if extension else found


def _extended(raw: str) -> tuple[str, str]:
    """A telephone number and its extension, empty where there is none."""
    found = _EXTENSION.search(raw)
    return (raw[: found.start()].rstrip(), found["digits"]) if found and found.end() == len(raw.rstrip()) else (raw, "")


def _diallable(number: phonenumbers.PhoneNumber) -> bool:
    # A regulator opens ranges before the library's table knows them, and reserves some for examples (07700 900…):
    # a number of full length is therefore taken even where the table has no such range.
    long_enough = len(str(number.national_number)) >= 9
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    return phonenumbers.is_valid_number(number) or (possible and long_enough)


def url(raw: str) -> str:
    """An http(s) address of a public host; https:// is added where no scheme is given."""
    typed = raw if "://" in raw else f"https://{raw}"
    try:
        address = str(_HTTP_URL.validate_python(typed))
        parts = urlsplit(address)
    except (ValidationError, ValueError):
        raise ValueError(_("Enter a web address like www.example.co.uk")) from None
    if parts.username is not None or not re.fullmatch(r"([a-z0-9-]+\.)+(xn--[a-z0-9-]+|[a-z]{2,})", parts.hostname or ""):
        raise ValueError(_("Enter a web address like www.example.co.uk"))
    if len(address) > 300:
        raise ValueError(_("Enter a web address of 300 characters or fewer: the home page will do"))
    return address


@lru_cache(4096)
def email(raw: str) -> str:
    """An address that mail can be sent to, its domain in lower case; nothing is looked up, as a form must not wait for DNS (FACTS 45)."""
    try:
        found = validate_email(raw, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise ValueError(_("Enter an email address like name@example.co.uk")) from None
    return found.ascii_email or found.normalized
