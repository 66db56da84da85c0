"""Makes the fonts of the PDF from the packages of the group `fonts`: `python portal/fonts/make.py`, when one of them has a new release.

A PDF needs TrueType files of one weight each. The Arabic ones lose all ligatures but lam-alef: what takes the text out of a PDF (a
search, a screen reader, pdfium) turns a line that runs from right to left around sign by sign, and would find the letters of a
ligature in the wrong order [tried].
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

HERE = Path(__file__).parent
LATIN = (
    "U+0020-007E,U+00A0-024F,U+02B0-02DD,U+0300-0333,U+0370-03FF,U+0400-052F,U+1E00-1EFF,U+2010-2015,U+2018-201E,U+2020-2022,U+2026,"
    "U+2030,U+2039,U+203A,U+20A0-20BF,U+2116,U+2122,U+2190-2193,U+2212,U+2264,U+2265,U+2713,U+2717"
)
ARABIC = "U+0020,U+0600-06FF,U+0750-077F,U+200C-200F,U+2066-2069,U+FB50-FDFF,U+FE70-FEFF"
LAM = {"uniFEDF", "uniFEE0"}
ALEF = {"uniFE8E", "uniFE82", "uniFE84", "uniFE88"}


def made() -> None:
    """Both families in both weights."""
    for weight, name in ((400, "Regular"), (700, "Bold")):
        variable = TTFont(_files("fontpkg_inter") / "Inter[opsz,wght].ttf")
        latin = instancer.instantiateVariableFont(variable, {"opsz": 14, "wght": weight})
        _kept(latin, LATIN, ["kern", "ccmp", "locl", "mark", "mkmk"]).save(HERE / f"inter-{weight}.ttf")
        arabic = TTFont(_files("fontpkg_ibm_plex_sans_arabic") / f"IBMPlexSansArabic-{name}.ttf")
        shaping = ["init", "medi", "fina", "isol", "ccmp", "locl", "rlig", "kern", "mark", "mkmk"]
        _without_ligatures(arabic)
        _renamed(arabic, "Portal Arabic", name)
        _kept(arabic, ARABIC, shaping).save(HERE / f"arabic-{weight}.ttf")


def _files(package: str) -> Path:
    found = find_spec(package)
    assert found and found.origin, f"{package} is not installed"
    return Path(found.origin).parent / "files"


def _kept(font: TTFont, unicodes: str, features: list[str]) -> TTFont:
    options = subset.Options(layout_features=features, name_IDs=["*"], drop_tables=["meta", "DSIG"])
    made = subset.Subsetter(options)
    made.populate(unicodes=subset.parse_unicodes(unicodes))
    made.subset(font)
    return font


def _without_ligatures(font: TTFont) -> None:
    """Take the ligatures out of the required ones that are only for looks; Arabic is not written without lam-alef."""
    table = font["GSUB"].table
    required = {index for one in table.FeatureList.FeatureRecord if one.FeatureTag == "rlig" for index in one.Feature.LookupListIndex}
    for index in required:
        for part in table.LookupList.Lookup[index].SubTable:
            part = getattr(part, "ExtSubTable", part)
            if hasattr(part, "ligatures"):
                kept = {first: [one for one in all_ if _is_lam_alef(first, one.Component)] for first, all_ in part.ligatures.items()}
                part.ligatures = kept


def _renamed(font: TTFont, family: str, style: str) -> None:
    """The licence reserves the name for the font as it was made; a changed one has another."""
    names = {1: family, 3: f"{family} {style}", 4: f"{family} {style}", 6: f"{family}-{style}".replace(" ", ""), 16: family, 25: family}
    for record in [one for one in font["name"].names if one.nameID in names]:
        font["name"].setName(names[record.nameID], record.nameID, record.platformID, record.platEncID, record.langID)


def _is_lam_alef(first: str, rest: list[str]) -> bool:
    return first in LAM and len(rest) == 1 and rest[0] in ALEF


if __name__ == "__main__":
    made()
