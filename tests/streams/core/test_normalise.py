"""When two spellings are one identifier, and what may identify nobody."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import load
from schemas.identifiers import NORMALISERS, Kind
from streams.core.normalise import LIMIT, VERSION, Normalised, normalise

SHIPPED = load().kinds
PLAIN = {name: Kind(name, 1, "", normaliser=name) for name in NORMALISERS}

hostile = st.text(
    st.one_of(
        st.characters(), st.sampled_from("aAßıİſΣ＠@.。<>:+0149-/() \t\u00a0\u200b\u0301\u0345\ud800\u3164")
    )
)
addresses = st.builds(
    "{}@{}.{}".format, hostile, hostile, st.sampled_from(["de", "ｄｅ", "xn--p1ai", "コム"])
)
dialled = st.from_regex(r"(\+|00|0|\(0|49|\+49 \(0\))?[1-9][0-9 /-]{3,14}( [a-z]{1,6})?", fullmatch=True)
growing = st.sampled_from(["ß", "\ufdfa", "\u200b", "\n"]).map(lambda sign: sign * 900)
raws = st.one_of(hostile, addresses, dialled, st.emails(), growing)


def value_of(kind: str, raw: str) -> str:
    """The value of something that identifies."""
    result = normalise(SHIPPED[kind], raw)
    assert result.blocked is None, result
    return result.value


def block_of(kind: str, raw: str) -> str:
    """Why a value does not identify, without the text of the pattern."""
    return (normalise(SHIPPED[kind], raw).blocked or "").partition(":")[0]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("  Max.Muster@GMX.de\n", "max.muster@gmx.de"),
        ("<max@gmx.de>", "max@gmx.de"),
        ("Anna Beispiel < Anna@example.de >", "anna@example.de"),
        ("MAILTO:anna@example.de?subject=Frage", "anna@example.de"),
        ("anna@googlemail.com", "anna@gmail.com"),
        ("Anna@GoogleMail.com.", "anna@gmail.com"),
        ("anna@googlemail.com.de", "anna@googlemail.com.de"),
        ("a.n.n.a+shop@gmail.com", "a.n.n.a+shop@gmail.com"),
        ("anna@müller.de", "anna@xn--mller-kva.de"),
        ("anna@MU\u0308LLER.de.", "anna@xn--mller-kva.de"),
        ("anna@xn--mller-kva.de", "anna@xn--mller-kva.de"),
        ("anna@straße.de", "anna@xn--strae-oqa.de"),
        ("\ufeffan\u200bna@example.de\u00a0", "anna@example.de"),
        ("ａｎｎａ＠ｅｘａｍｐｌｅ．ｄｅ", "anna@example.de"),
        ("anna@example。de", "anna@example.de"),
        ("mu\u0308ller@example.de", "müller@example.de"),
        ("k7x@privaterelay.appleid.com", "k7x@privaterelay.appleid.com"),
        ("mail@anna-beispiel.de", "mail@anna-beispiel.de"),
        ("informatik@example.de", "informatik@example.de"),
        ("testa@rossa.de", "testa@rossa.de"),
    ],
)
def test_email(raw: str, value: str) -> None:
    assert value_of("email", raw) == value


@pytest.mark.parametrize(
    "raw", ["unbekannt", "max@", "@gmx.de", "max@gmx", "max gmx@gmx.de", "a@x.de; b@y.de", "a@b@gmx.de",
            "<>", "max@10.0.0.1", "max@[10.0.0.1]", "max@☃.de", "max@-gmx.de", "mailto:", "max@gmx..de",
            "0171 1234567", ".", "a@"],
)  # fmt: skip
def test_no_address_is_kept_but_identifies_nobody(raw: str) -> None:
    assert normalise(SHIPPED["email"], raw) == Normalised(raw, "not_an_address")


@pytest.mark.parametrize(
    "raw", ["noreply@example.de", "No-Reply@example.de", "donotreply@x.de", "do_not_reply@x.de",
            "noreply-shop@x.de", "MAILER-DAEMON@mx.x.de", "postmaster@x.de", "bounce+77=a@x.de",
            "info@example.de", "Kontakt@example.de", "büro@example.de", "buero@example.de",
            "buchhaltung@example.de", "bestellungen@example.de", "service@example.de", "test@test.de",
            "test123@gmx.de", "keine@email.de", "keine-email@gmx.de", "nomail@gmx.de", "x@x.de",
            "xxx@yy.com", "anna@example.com", "anna@mail.example.org", "anna@shop.invalid",
            "anna@pc.local", "f00@marketplace.amazon.de", "f00@marketplace.amazon.co.uk",
            "f00@m.marketplace.amazon.de", "f00@members.ebay.de", "f00@ebay.com", "gast@example.de"],
)  # fmt: skip
def test_addresses_of_nobody_or_of_many(raw: str) -> None:
    assert block_of("email", raw) == "pattern"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("0171 2345678", "+491712345678"),
        ("+49 (0)171 2345678", "+491712345678"),
        ("0049 (0) 171 2345678", "+491712345678"),
        ("+49 0171 2345678", "+491712345678"),
        ("491712345678", "+491712345678"),
        ("171 2345678", "+491712345678"),
        ("0171-2345678 privat", "+491712345678"),
        ("0171‑2345678", "+491712345678"),
        ("Tel.: 0171/2345678", "+491712345678"),
        ("tel:+49-171-2345678", "+491712345678"),
        ("+\u200b４９ 171 2345678", "+491712345678"),
        ("٠١٧١٢٣٤٥٦٧٨", "+491712345678"),
        ("(030) 901820", "+4930901820"),
        ("030/90 18 20", "+4930901820"),
        ("0491 92710", "+4949192710"),
        ("+43 664 2345678", "+436642345678"),
        ("0041 44 668 18 00", "+41446681800"),
        ("+39 06 12345678", "+390612345678"),
        ("+1 (650) 253-0000", "+16502530000"),
    ],
)
def test_phone(raw: str, value: str) -> None:
    assert value_of("phone", raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("0171 12", "017112"),
        ("110", "110"),
        ("0171 2345678 / 030 901820", "01712345678030901820"),
        ("0049", "0049"),
        ("++", "++"),
        ("siehe oben", "siehe oben"),
        ("1" * 400, "1" * 400),
    ],
)
def test_no_number_keeps_its_digits(raw: str, value: str) -> None:
    assert normalise(SHIPPED["phone"], raw) == Normalised(value, "not_a_number")


@pytest.mark.parametrize("raw", ["+49 30 000000", "0171 1111111", "0800 3301000", "0180 5 123456"])
def test_numbers_of_nobody_or_of_many(raw: str) -> None:
    assert block_of("phone", raw) == "pattern"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("  0012345\t", "0012345"),
        ("k-100A", "k-100A"),
        ("１００２３", "10023"),
        ("10\u200b02\x003", "10023"),
        ("10 \n 023", "10 023"),
        ("7", "7"),
        ("1111", "1111"),
        ("АB7", "АB7"),  # a Cyrillic А stays another letter
    ],
)
def test_code_keeps_case_and_leading_zeros(raw: str, value: str) -> None:
    assert value_of("customer_no", raw) == value


def test_text_folds_case_and_white_space() -> None:
    assert normalise(PLAIN["text"], " Große \u00a0 STRASSE ") == Normalised("grosse strasse", None)


@pytest.mark.parametrize(
    "raw", ["null", "NULL", "(null)", "None", "nil", "undefined", "N/A", "#N/A", "unknown", "Unbekannt",
            "anonymous", "anonym", "Test", "guest", "GAST", "k. A.", "Keine Angabe", "[object Object]", "0",
            "0000", "-", "???", "-1", "00000000-0000-0000-0000-000000000000",
            "{00000000-0000-0000-0000-000000000000}", "1,23457E+11"],
)  # fmt: skip
def test_nobody(raw: str) -> None:
    for kind in ("customer_no", "user_id", "crm_contact", "device_id", "social_handle", "order", "ticket"):
        assert block_of(kind, raw) == "nobody"


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("customer_no", "999999"),
        ("customer_no", "123456789"),
        ("customer_no", "Laufkunde"),
        ("user_id", "Admin"),
        ("crm_contact", "111111"),
        ("device_id", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
        ("device_id", "02:00:00:00:00:00"),
        ("device_id", "opted-out"),
    ],
)
def test_patterns_of_codes(kind: str, raw: str) -> None:
    assert block_of(kind, raw) == "pattern"


def test_the_reason_names_the_one_pattern_that_matched() -> None:
    kind = Kind("badge", 1, "", blocked=("abc|x", r"(\d)\1+", r"(?s:q.*)", "void-.*", r"(.)-\1"))
    assert normalise(kind, "VOID-7").blocked == "pattern: void-.*"
    assert normalise(kind, "77").blocked == r"pattern: (\d)\1+"
    assert normalise(kind, "z-z").blocked == r"pattern: (.)-\1"
    assert normalise(kind, "Q1").blocked == "pattern: (?s:q.*)"
    assert normalise(kind, "abcx").blocked is None


@pytest.mark.parametrize(
    "raw", ["", "  \t\n", "\u200b\ufeff", "\x00\x07", "\ud800", "\u3164", "\u200b" * 3000]
)
@pytest.mark.parametrize("kind", PLAIN.values())
def test_empty(kind: Kind, raw: str) -> None:
    assert normalise(kind, raw) == Normalised("", "empty")


@pytest.mark.parametrize("raw", ["a" * 1025, "\ufdfa" * 100, "a" + " \u200b" * 600, "a" * 10_000_000])
@pytest.mark.parametrize("kind", PLAIN.values())
def test_too_long(kind: Kind, raw: str) -> None:
    value, blocked = normalise(kind, raw)
    assert blocked == "too_long"
    assert 0 < len(value) <= LIMIT


def test_longest() -> None:
    assert normalise(PLAIN["code"], "a" * LIMIT + "\n") == Normalised("a" * LIMIT, None)
    assert normalise(PLAIN["text"], "ß" * LIMIT) == Normalised("s" * LIMIT, "too_long")


@settings(max_examples=400)
@given(st.sampled_from([*PLAIN.values(), *SHIPPED.values()]), raws)
def test_total_deterministic_and_idempotent(kind: Kind, raw: str) -> None:
    first = normalise(kind, raw)
    assert normalise(kind, raw) == first
    assert len(first.value) <= LIMIT
    assert (first.value == "") == (first.blocked == "empty")
    first.value.encode("utf-8")
    if first.blocked is None:
        assert normalise(kind, first.value) == first


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_numbers_of_every_country_survive(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        pytest.skip(f"no mobile numbers in {region}")
    shown = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    value, blocked = normalise(PLAIN["phone"], shown)
    assert blocked is None
    assert value == phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert normalise(PLAIN["phone"], value) == Normalised(value, None)


def test_version_names_what_the_rules_rest_on() -> None:
    assert phonenumbers.__version__ in VERSION
