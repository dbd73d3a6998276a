"""The columns that ad tools know, and the form that a value must have before its hash can match theirs.

Decides names, normal forms and which columns are hashed. Must never see a file or a destination. The rules:
- Google: support.google.com/google-ads/answer/7659867 names the headers, the four of a postal address only
  together; developers.google.com/data-manager/api/devguides/concepts/formatting hashes all but country and
  zip, and of addresses at gmail.com and googlemail.com, no others, takes out dots and what follows a plus.
- Meta: facebook.com/business/help/2082575038703844 names the headers; "Customer Information Parameters" at
  developers.facebook.com says how each is written (a telephone number without its plus sign, names without
  punctuation) and that country and zip are hashed too.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NamedTuple

GMAIL = ("gmail.com", "googlemail.com")
E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
COUNTRY = re.compile(r"[a-z]{2}", re.ASCII)
US_ZIP = re.compile(r"(\d{5})-?\d{4}", re.ASCII)
Form = Callable[[str], str]  # the normal form; empty where there is none


class Column(NamedTuple):
    """A column of a tool."""

    form: Form
    is_hashed: bool = True


class Tool(NamedTuple):
    """What an ad tool takes. `contacts` are the columns of contact points; `together` go all or none."""

    columns: Mapping[str, Column]
    contacts: Mapping[str, str]
    together: tuple[str, ...] = ()


def _lower(text: str) -> str:
    return text.strip().lower()


def _google_email(text: str) -> str:
    local, at, domain = "".join(text.lower().split()).rpartition("@")
    if domain in GMAIL:
        local = local.partition("+")[0].replace(".", "")
    return local + at + domain


def _phone(text: str) -> str:
    number = re.sub(r"[\s()./-]", "", text)
    return number if E164.fullmatch(number) else ""


def _digits(text: str) -> str:
    return _phone(text).removeprefix("+")


def _meta_name(text: str) -> str:
    return "".join(one for one in _lower(text) if not unicodedata.category(one).startswith("P")).strip()


def _country(text: str) -> str:
    """A wrong country matches nobody, no country all the same: what is no code of two letters is left out."""
    return code if COUNTRY.fullmatch(code := _lower(text)) else ""


def _meta_zip(text: str) -> str:
    code = "".join(_lower(text).split())
    return found[1] if (found := US_ZIP.fullmatch(code)) else code.replace("-", "")


TOOLS: Mapping[str, Tool] = {
    "google": Tool(
        {
            "Email": Column(_google_email),
            "Phone": Column(_phone),
            "First Name": Column(_lower),
            "Last Name": Column(_lower),
            "Country": Column(_country, is_hashed=False),
            "Zip": Column(str.strip, is_hashed=False),
        },
        {"email": "Email", "phone": "Phone"},
        ("First Name", "Last Name", "Country", "Zip"),
    ),
    "meta": Tool(
        {
            "email": Column(_lower),
            "phone": Column(_digits),
            "fn": Column(_meta_name),
            "ln": Column(_meta_name),
            "country": Column(_country),
            "zip": Column(_meta_zip),
        },
        {"email": "email", "phone": "phone"},
    ),
}


def formed(column: Column, text: str, *, is_hashed: bool) -> str:
    """What stands in a tool's column: the normal form, or its SHA-256 in hex; nothing for nothing."""
    form = column.form(text)
    if form and is_hashed and column.is_hashed:
        return hashlib.sha256(form.encode()).hexdigest()
    return form
