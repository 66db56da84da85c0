"""Step 6: the declarations, the contracts and the consents."""

from __future__ import annotations

from sqlmodel import SQLModel

from models.kinds import LongText, Text, YesNo
from models.question import asked, no


class Compliance(SQLModel):
    """The questions of step 6."""

    # fmt: off
    pending_prosecutions: str | None = asked(
        LongText(10, 2000, none=True), "Pending prosecutions", column="PendingProsecutions_Details", section="Prosecutions",
        missing="Describe any pending prosecutions, or enter None", called="description of pending prosecutions", example="None")
    received_contract_pack: bool | None = asked(
        YesNo(), "We have received the Contract Overview Pack", column="Received_ContractOverviewPack", section="Contracts",
        must_be_true=True, box=True, called="have you received the Contract Overview Pack?",
        missing="Confirm that you have received the Contract Overview Pack; if you have not, ask your Saber contact for it")
    contracts_reviewed: bool | None = asked(
        YesNo(), "The EPC and O&M contracts have been reviewed by our signatory", column="Contracts_ReviewedBySignatory",
        missing="Say whether your signatory has reviewed the EPC and O&M contracts", called="has your signatory reviewed the contracts?",
        help="If not, tell us below what stands in the way")
    legal_clarifications: str | None = asked(
        LongText(0, 3000), "Clarifications or concerns on the contracts", column="Legal_Clarifications", when=no("contracts_reviewed"),
        missing="Describe the clarifications you need or your concerns on the contracts", called="description of clarifications",
        example="We would like to discuss the defects period in clause 14")
    agree_to_terms: bool | None = asked(
        YesNo(), "We are willing to work under these terms", column="Willing_To_WorkToSaberTerms", section="Agreements", agreement=True,
        called="are you willing to work under these terms?",
        missing="Read the terms and confirm that you are willing to work under them")
    agree_to_codes: bool | None = asked(
        YesNo(), "We agree to the codes of practice", column="AgreeToCodes", agreement=True,
        called="do you agree to the codes of practice?", missing="Read the codes of practice and confirm that you agree to them")
    data_processing_consent: bool | None = asked(
        YesNo(), "We have read the privacy notice and agree to the processing of this data", column="DataProcessingConsent",
        agreement=True, called="do you agree to the processing of this data?",
        missing="Read the privacy notice and confirm that you agree to the processing of this data")
    marketing_consent: bool | None = asked(
        YesNo(), "You may send us news and opportunities", column="MarketingConsent", required=False, default=False, box=True,
        called="may we send you news and opportunities?", help="You can withdraw this at any time")
    additional_information: str | None = asked(
        LongText(0, 4000), "Anything else you would like to add", column="AdditionalInfo", required=False,
        section="Anything else", called="additional information", example="We are opening a second depot in Bristol in the spring")
    declarant_name: str | None = asked(
        Text(2, 120), "Declaration: name of the person submitting", called="name of the person submitting", column="DeclarantName",
        section="Declaration", help="By submitting you confirm the answers are true and complete", autocomplete="name",
        example="Helen Marsh")
