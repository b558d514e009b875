"""The names of months as spreadsheets write them, in the languages of most users."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["is_also_a_word", "month_of"]

_LANGUAGES: Final = (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "january february march april may june july august september october november december",
    "jan feb mrz apr mai jun jul aug sep okt nov dez",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "jan feb mar apr maj jun jul aug sep okt nov dec",
    "jan feb mars april mai juni juli aug sept okt nov des",
    "janv fevr mars avr mai juin juil aout sept oct nov dec",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "ene feb mar abr may jun jul ago sept oct nov dic",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "sty lut mar kwi maj cze lip sie wrz paz lis gru",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia",
    "led uno bre dub kve cvn cvc srp zar rij lis pro",
    "jan febr marc apr maj jun jul aug szept okt nov dec",
    "oca sub mar nis may haz tem agu eyl eki kas ara",
    "jaan veebr marts apr mai juuni juuli aug sept okt nov dets",
    "tammi helmi maalis huhti touko kesa heina elo syys loka marras joulu",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "ιαν φεβ μαρ απρ μαι ιουν ιουλ αυγ σεπ οκτ νοε δεκ",
)
_WORDS: Final = ("set", "mag", "gen", "out", "pro", "led", "lis", "tem", "ara", "sub", "dub", "lip", "ago", "sty")
_ALSO: Final = {"jän": 1, "jänner": 1, "мар": 3, "февр": 2, "сент": 9, "нояб": 11, "мая": 5, "sept": 9, "juill": 7}


def _plain(name: str) -> str:
    """In small letters, without accents and dots."""
    letters = unicodedata.normalize("NFKD", name.casefold().strip("."))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_MONTHS: Final = {_plain(name): month for names in _LANGUAGES for month, name in enumerate(names.split(), 1)} | {
    _plain(name): month for name, month in _ALSO.items()
}
"""Name without accents, in small letters → 1 … 12."""


def is_also_a_word(name: str) -> bool:
    """Whether a month's name is more often another word, as Italian `set` for September."""
    return name.casefold() in _WORDS


def month_of(name: str) -> int | None:
    """The month that a name means, 1 to 12; None for another word."""
    return _MONTHS.get(_plain(name))
