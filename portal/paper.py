"""A document on A4 in the reader's language: headings, pairs of label and answer, page numbers; from right to left where it is read so."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Set
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from fpdf.fonts import TTFFont
from fpdf.prefs import ViewerPreferences

from models.language import _, shown_number, spoken

FONTS = Path(__file__).parent / "fonts"
Colour = tuple[int, int, int]
MARGIN, LABEL, GAP, HEAD = 16.0, 62.0, 5.0, 6.0  # millimetres; the last is the room around a heading
LEADING, LETTER = 0.52, 0.194  # millimetres from line to line, and of a letter on average, for each point of size
INK, MUTE, BRAND, LINE = (9, 25, 34), (77, 96, 107), (4, 77, 115), (201, 211, 217)


class Paper(FPDF):
    """A page after another. `reference` stands at the head of each, with `title`."""

    def __init__(self, title: str, reference: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self.running, self.rtl = (title, reference), spoken().direction == "rtl"
        self._heads: list[tuple[float, str]] = []  # size and words
        self._fonts()
        self._about(title, made_at)
        self.set_margins(MARGIN, MARGIN + 6, MARGIN)
        self.set_auto_page_break(True, MARGIN + 6)
        self.add_page()

    def header(self) -> None:
        """On every page but the first: what it is."""
        if self.page_no() > 1:
            self.set_y(MARGIN - 4)
            self._write(" · ".join(self.running), 8, MUTE)
            self.set_y(MARGIN + 6)

    def finished(self) -> bytes:
        """The whole document. Each page says its number and of how many, which is known only now: a place kept for it would be too wide."""
        self.set_auto_page_break(False)
        for number in range(1, self.pages_count + 1):
            self.page = number
            self.set_y(-MARGIN)
            self.set_font("inter", size=8)
            self.set_text_color(*MUTE)
            told = _("Page {number} of {count}").format(number=shown_number(number), count=shown_number(self.pages_count))
            self._shape(told)
            self.cell(0, 5, told, align=Align.C)
        return bytes(self.output())

    def head(self, words: str) -> None:
        """The title on the first page."""
        self._write(words, 19, BRAND, bold=True)
        self.ln(2)

    def chapter(self, words: str) -> None:
        """A heading, which the reader's list of contents has too. It stands on the page of the first pair below it."""
        self._heads.append((14, words))

    def section(self, words: str) -> None:
        """A smaller heading, which does not stand alone at the foot of a page either."""
        self._heads.append((10.5, words))

    def pair(self, label: str, answer: str, *, small: str = "") -> None:
        """A label and its answer beside it, with small print below the answer; a pair that fits on a page is not torn."""
        wide = self.epw - LABEL - GAP
        high = _height(answer or "–", wide, 9.5) + _height(small, wide, 7.5)
        heads = sum(size * LEADING + HEAD for size, _words in self._heads)
        if self.get_y() + heads + max(high, _height(label, LABEL, 9)) + 4 > self.h - self.b_margin and high < self.eph / 2:
            self.add_page()
        self._head_on()
        top, page = self.get_y() + 1.4, self.page_no()
        at_label, at_answer = (self.l_margin + wide + GAP, self.l_margin) if self.rtl else (self.l_margin, self.l_margin + LABEL + GAP)
        self._put(at_label, top, LABEL, label, 9, MUTE)
        label_ends = self.get_y()
        self._put(at_answer, top, wide, answer or "–", 9.5, INK)
        if small:
            self._put(at_answer, self.get_y(), wide, small, 7.5, MUTE)
        bottom = self.get_y() if self.page_no() > page else max(self.get_y(), label_ends)
        self.set_draw_color(*LINE)
        self.line(self.l_margin, bottom + 1.2, self.w - self.r_margin, bottom + 1.2)
        self.set_y(bottom + 1.4)

    def _head_on(self) -> None:
        """Write the headings that wait for what stands below them."""
        for size, words in self._heads:
            is_chapter = size > 12
            self.ln(6 if is_chapter else 3)
            if is_chapter:
                self.start_section(words)
            self._write(words, size, BRAND if is_chapter else INK, bold=True)
            self.ln(1 if is_chapter else 0)
        self._heads.clear()

    def _fonts(self) -> None:
        for weight, style in (("400", ""), ("700", "B")):
            self.add_font("inter", style, FONTS / f"inter-{weight}.ttf")
            self.add_font("arabic", style, FONTS / f"arabic-{weight}.ttf")
        self.set_fallback_fonts(["arabic"], exact_match=False)
        drawn = [font.cmap for name, font in self.fonts.items() if isinstance(font, TTFFont) and not name.endswith("B")]
        self._signs = frozenset[int]().union(*drawn)

    def _about(self, title: str, made_at: datetime) -> None:
        self.set_title(f"{title}, {self.running[1]}")
        self.set_lang(spoken().tag)
        self.set_author("Saber Renewable Energy, Partner Portal")
        self.set_creation_date(made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def _write(self, text: str, size: float, colour: Colour, *, bold: bool = False) -> None:
        self._put(self.l_margin, self.get_y(), self.epw, text, size, colour, bold=bold)

    def _put(self, x: float, y: float, width: float, words: str, size: float, colour: Colour, *, bold: bool = False) -> None:
        text = drawable(words, self._signs)
        self.set_font("inter", "B" if bold else "", size)
        self._shape(text)
        self.set_text_color(*colour)
        self.set_xy(x, y)
        self.multi_cell(width, size * LEADING, text, align=Align.R if self.rtl else Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def _shape(self, text: str) -> None:
        """Arabic letters join, and each line runs in its own direction; that is dear, and other scripts need none of it."""
        joins = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in text)
        if joins:
            self.set_text_shaping(True)
        elif self.text_shaping:
            self.set_text_shaping(False)


def drawable(words: str, signs: Set[int]) -> str:
    """The words with the name of each sign that no font of ours can draw in its place, "[grinning face]": nothing is left out unseen.

    `signs` are the code points that can be drawn. What only changes how its neighbour looks, such as a skin's tone, goes with it.
    """
    if all(ord(sign) in signs or sign == "\n" for sign in words):
        return words
    return "".join(sign if ord(sign) in signs or sign.isspace() else _named(sign) for sign in words)


def _named(sign: str) -> str:
    if unicodedata.category(sign) in ("Cf", "Mn", "Me", "Sk"):  # joiners, variation selectors, the tone of a skin
        return ""
    return f"[{unicodedata.name(sign, f'U+{ord(sign):04X}').lower()}]"


def _height(text: str, width: float, size: float) -> float:
    """About how high a text will be, in millimetres: only to see whether it still fits on the page, so a measured guess will do."""
    lines = sum(max(1, math.ceil(len(line) * size * LETTER / width)) for line in text.split("\n")) if text else 0
    return lines * size * LEADING
