"""Step 2: the people. Who answers for the application, the design and the signature."""

from __future__ import annotations

from sqlmodel import SQLModel

from models.kinds import Email, Telephone, Text
from models.question import asked, filled


class Contact(SQLModel):
    """The questions of step 2."""

    # fmt: off
    primary_contact_name: str | None = asked(
        Text(2, 120), "Primary contact: full name", called="primary contact's full name", column="PrimaryContactName",
        section="Primary contact", autocomplete="name", example="Helen Marsh")
    primary_contact_title: str | None = asked(
        Text(2, 100), "Primary contact: job title", called="primary contact's job title", column="PrimaryContactTitle",
        autocomplete="organization-title", help="A job title such as Director; not the Mr/Ms/Dr on the invitation", example="Director")
    primary_contact_email: str | None = asked(
        Email(), "Primary contact: email", called="primary contact's email address", column="PrimaryContactEmail", autocomplete="email",
        help="All decisions and reminders go here")
    primary_contact_phone: str | None = asked(
        Telephone(), "Primary contact: telephone", called="primary contact's telephone number", column="PrimaryContactPhone",
        autocomplete="tel")
    technical_contact_name: str | None = asked(
        Text(2, 120), "Technical contact: full name", called="technical contact's full name", column="TechnicalContactName",
        section="Technical contact", help="The person who can answer design and grid questions", same_as="primary_contact_name",
        example="Owen Price")
    technical_contact_email: str | None = asked(
        Email(), "Technical contact: email", called="technical contact's email address", column="TechnicalContactEmail",
        same_as="primary_contact_email")
    secondary_contact_name: str | None = asked(
        Text(2, 120), "Backup contact: full name", called="backup contact's full name", column="SecondaryContactName", required=False,
        section="Backup contact", example="Priya Nair")
    secondary_contact_email: str | None = asked(
        Email(), "Backup contact: email", called="backup contact's email address", column="SecondaryContactEmail",
        when=filled("secondary_contact_name"))
    authorised_signatory_name: str | None = asked(
        Text(2, 120), "Authorised signatory: full name", called="authorised signatory's full name", column="AuthorisedSignatoryName",
        section="Authorised signatory", help="The person with authority to sign contracts for the company",
        same_as="primary_contact_name", example="Helen Marsh")
    authorised_signatory_email: str | None = asked(
        Email(), "Authorised signatory: email", called="authorised signatory's email address", column="AuthorisedSignatoryEmail",
        same_as="primary_contact_email")
