"""What a kind of answer does, one class a kind: read it, check it, show it, store it. Adding a kind is one class here and one widget.

`clean(raw, answers, called)` gives the stored value or raises ValueError with a sentence for the reader, in which `called`
is the question's name ("company telephone"). `answers` are the form's other answers, as the country decides what is right.
"""

from models.kinds.chosen import COUNTRIES, Choice, MultiChoice, Tags
from models.kinds.kind import NONE, Answers, Kind, country_of
from models.kinds.measured import Date, Decimal, Integer, Pounds, YesNo
from models.kinds.written import Email, LongText, Telephone, Text, Url

__all__ = [
    "COUNTRIES",
    "NONE",
    "Answers",
    "Choice",
    "Date",
    "Decimal",
    "Email",
    "Integer",
    "Kind",
    "LongText",
    "MultiChoice",
    "Pounds",
    "Tags",
    "Telephone",
    "Text",
    "Url",
    "YesNo",
    "country_of",
]
