"""The canonical text of an identifier, and whether it may identify anybody.

Decides when two spellings are one value. Must never fold what two people can own (dots or plus signs of an
e-mail address, the case of a code, letters of different scripts that look alike), nor depend on a locale.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

import idna
import phonenumbers

from schemas.identifiers import Kind

RULES = "1"  # raise it with every change to this module that changes a result
VERSION = (
    f"{RULES}, phonenumbers {phonenumbers.__version__}, idna {idna.__version__}, "
    f"unicode {unicodedata.unidata_version}"
)
LIMIT = 1_024
Verdict = tuple[str, str | None]  # the fields of Normalised, before patterns
REGION, COUNTRY = "DE", "49"  # of a number that names no country

# What programs and people write where there is no identifier, for every kind, without signs at either end.
NOBODY = frozenset({
    "null", "none", "nil", "nan", "na", "n/a", "n.a", "n. a", "undefined", "object object", "false", "true",
    "empty", "default", "dummy", "unknown", "anonymous", "nobody", "guest", "test", "tester", "not set",
    "not available", "not provided", "unbekannt", "anonym", "niemand", "gast", "gastkunde", "gastbestellung",
    "gastbesteller", "leer", "kein", "keine", "keiner", "ohne", "k.a", "k. a", "keine angabe",
    "keine angaben", "nicht vorhanden", "nicht angegeben", "xxx", "asdf",
})  # fmt: skip
_ENDS = " .-_#*'\"()<>[]{}"
# Zeros and signs only, minus one, and numbers that a spreadsheet has rounded: 1.23457E+11.
_NO_CODE = re.compile(r"[\W_0]+|-1|[0-9][.,][0-9]+[eE]\+[0-9]+")

_GROUP = re.compile(r"\((?!\?:)")  # of a pattern: an opening bracket of more than grouping
# Characters without a glyph: controls that are no white space, lone surrogates, Unicode's default ignorables.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_IN_BRACKETS = re.compile(r"[^<>]*<\s*([^<>]*?)\s*>")
_ADDRESS = re.compile(
    r'[^\s@<>()\[\]\\,;:"]+'
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
_DIALLED = re.compile(r"(?:\+\s*)?(?:\(\s*)?\d[\d\s()/.‐-―−-]*")


class Normalised(NamedTuple):
    """An identifier ready for matching.

    `blocked` is why the value must not identify: `empty`, `too_long`, `not_an_address`, `not_a_number`,
    `nobody`, or `pattern: ` and the pattern of the kind. `value` is empty only where `blocked` is `empty`.
    """

    value: str
    blocked: str | None


def normalise(kind: Kind, raw: str) -> Normalised:
    """The canonical form of a raw value. Total and idempotent; knows nothing but its arguments."""
    raw = raw.strip()
    text = _clean(raw[:LIMIT])
    if not text:
        return Normalised("", "empty")
    if len(raw) > LIMIT or len(text) > LIMIT:
        return Normalised(text[:LIMIT], "too_long")
    value, blocked = _NORMALISERS[kind.normaliser](text)
    if len(value) > LIMIT:
        return Normalised(value[:LIMIT], "too_long")
    return Normalised(value, blocked or _block(kind.blocked, value))


def _clean(raw: str) -> str:
    """Without what nobody sees, in Unicode's compatibility form, white space collapsed."""
    if not (raw.isascii() and raw.isprintable()):
        raw = unicodedata.normalize("NFKC", _INVISIBLE.sub("", raw))
    return " ".join(raw.split())


def _block(patterns: tuple[str, ...], value: str) -> str | None:
    if _NO_CODE.fullmatch(value) or value.strip(_ENDS).lower() in NOBODY:
        return "nobody"
    for joined in _joined(patterns):
        if joined.fullmatch(value):
            return next(f"pattern: {one}" for one in patterns if re.fullmatch(one, value, re.IGNORECASE))
    return None


@cache
def _joined(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """As few patterns as match the same: those with groups or flags must stay alone to keep their meaning."""
    alone = [pattern for pattern in patterns if _GROUP.search(pattern)]
    plain = "|".join(f"(?:{pattern})" for pattern in patterns if pattern not in alone)
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in (plain, *alone) if pattern)


def _code(text: str) -> Verdict:
    return text, None


def _text(text: str) -> Verdict:
    return unicodedata.normalize("NFKC", text.casefold()), None


def _email(text: str) -> Verdict:
    address = text.lower()
    if not _ADDRESS.fullmatch(address) or not address.isascii():
        address = _bare_address(unicodedata.normalize("NFKC", address))
        if not _ADDRESS.fullmatch(address):
            return address, "not_an_address"
    if address.endswith("@googlemail.com"):  # Gmail's name in Germany until 2012: the same mailboxes
        address = address.removesuffix("googlemail.com") + "gmail.com"
    return address, None


def _bare_address(text: str) -> str:
    """The address in `Anna <anna@example.de>` or `mailto:anna@example.de?subject=x`, its domain in ASCII."""
    if bracketed := _IN_BRACKETS.fullmatch(text):
        text = bracketed[1] or text
    if text.startswith("mailto:"):
        text = text.removeprefix("mailto:").partition("?")[0].strip() or text
    local, at, domain = text.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError:
            return text
    return local + at + domain.rstrip(".") if at else text


def _phone(text: str) -> Verdict:
    # Only what is dialled: the library would take the letters of "0171-1234567 privat" for digits.
    dialled = _DIALLED.search(text)
    if dialled:
        # Exports write +49 171 1234567 as 491711234567; the library would take that for 0491 (Leer).
        tries = ("+" + dialled[0], dialled[0]) if dialled[0].startswith(COUNTRY) else (dialled[0],)
        for number in tries:
            if e164 := _dial(number):
                return e164, None
    return "".join(filter(str.isdigit, text)) or text, "not_a_number"


def _dial(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


_NORMALISERS = {"code": _code, "text": _text, "email": _email, "phone": _phone}
