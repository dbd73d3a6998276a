"""What is known of a customer: consents, traits and measures, and where they come from."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import load
from schemas.conform import conform
from tests.conftest import Feed
from tests.fed import Event, event_of

GIVEN, WITHDRAWN, ASKED = (f"crm/standard/consent_{word}" for word in ("given", "withdrawn", "requested"))
ANNA, BEN = "anna.weber@example.de", "ben.klein@example.de"


def consent(event_type: str, event_id: str, at: str, email: str = ANNA, **fields: Any) -> Event:
    """A word on the newsletter."""
    if event_type == GIVEN:
        fields = {"method": "written", **fields}
    return event_of(event_type, event_id=event_id, occurred_at=at, email=email,
                    email_purpose="newsletter", **fields)  # fmt: skip


# --- consent


def test_a_merge_never_widens_a_consent(feed: Feed) -> None:
    shop = feed([
        consent(GIVEN, "1", "2026-05-01T10:00:00Z", ANNA),
        consent(WITHDRAWN, "2", "2026-05-01T11:00:00Z", BEN),
    ])  # fmt: skip
    words = "SELECT contact, purpose, status, proof FROM consents ORDER BY contact"
    apart = shop.rows(words)
    assert shop.rows("SELECT count(*) FROM customers") == [(2,)]
    shop.tell([
        event_of("crm/standard/contact_updated", event_id=str(at), occurred_at="2026-05-02T10:00:00Z",
                 crm_contact_id="K-1", email=email)
        for at, email in enumerate((ANNA, BEN))
    ])  # fmt: skip
    assert shop.rows("SELECT count(*) FROM customers") == [(1,)]
    assert shop.rows(words) == apart
    assert apart == [
        (ANNA, "newsletter", "granted", f"{GIVEN} 1"),
        (BEN, "newsletter", "withdrawn", None),
    ]
    [(consents,)] = shop.rows("SELECT consents FROM customers")
    assert [(one["contact"], one["status"]) for one in consents] == [(ANNA, "granted"), (BEN, "withdrawn")]


@pytest.mark.parametrize(
    ("withdrawn", "status"),
    [("10:00:00Z", "withdrawn"), ("10:00:00.000001Z", "withdrawn"), ("09:59:59.999999Z", "granted")],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_at_equal_time_withdrawal_wins(feed: Feed, withdrawn: str, status: str, is_first: bool) -> None:
    words = [
        consent(WITHDRAWN, "1", f"2026-05-01T{withdrawn}"),
        consent(GIVEN, "2", "2026-05-01T10:00:00Z"),
    ]
    shop = feed(words if is_first else reversed(words), batch_size=1)
    assert shop.rows("SELECT status FROM consents") == [(status,)]


def test_asking_is_not_yet_consent(feed: Feed) -> None:
    shop = feed([consent(ASKED, "1", "2026-05-01T10:00:00Z")])
    assert shop.rows("SELECT status, proof FROM consents") == [("requested", None)]
    shop.tell([consent(GIVEN, "2", "2026-05-01T09:00:00Z")])
    assert shop.rows("SELECT status, proof FROM consents") == [("granted", f"{GIVEN} 2")]


# --- a project of its own: traits and measures

FIELDS: list[dict[str, Any]] = [
    {"name": "event_id", "type": "string", "means": "event_id", "doc": "Its id."},
    {"name": "occurred_at", "type": {"type": "long", "logicalType": "timestamp-micros"},
     "means": "occurred_at", "doc": "When."},
    {"name": "card_no", "type": "string", "means": "id:loyalty_card", "pii": "indirect", "doc": "Card."},
    {"name": "email", "type": ["null", "string"], "default": None, "means": ["id:email", "trait:email"],
     "strength": 1, "pii": "direct", "doc": "Address."},
    {"name": "first_shop", "type": ["null", "string"], "default": None, "means": "trait:first_shop",
     "doc": "Branch."},
    {"name": "hobby", "type": ["null", "string"], "default": None, "means": "trait:hobby", "doc": "Hobby."},
    {"name": "nickname", "type": ["null", "string"], "default": None, "means": "trait:nickname",
     "doc": "Name on the card."},
    {"name": "points", "type": "long", "default": 0, "means": "measure:points", "unit": "points",
     "doc": "Points credited."},
    {"name": "paid_minor", "type": ["null", "long"], "default": None, "means": "measure:paid",
     "currency": "currency", "doc": "Money paid."},
    {"name": "currency", "type": ["null", "string"], "default": None, "doc": "ISO 4217."},
]  # fmt: skip
TRAITS = """
[first_shop]
rule = "earliest"
doc = "Where the card was made."
pii = "none"
[hobby]
rule = "most_recent"
doc = "What they like."
pii = "indirect"
[nickname]
rule = "most_trusted"
doc = "What they like to be called."
pii = "direct"
"""
LOYALTY = "loyalty/app/card_used"
DESK = "loyalty/desk/card_noted"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's contracts: two sources that say the same with different trust."""
    root = tmp_path / "schemas"
    for (event_type, name), trust in zip(((LOYALTY, "CardUsed"), (DESK, "CardNoted")), (1, 3), strict=True):
        folder, _, event = event_type.rpartition("/")
        (root / folder).mkdir(parents=True)
        keys = {key: key for key in ("title", "owner", "contact", "purpose", "legal_basis", "retention")}
        lines = [f'{key} = "{value}"' for key, value in keys.items()]
        (root / folder / "source.toml").write_text("\n".join([*lines, f"trust = {trust}", ""]))
        schema = {"type": "record", "name": name, "namespace": folder.replace("/", "."), "doc": "A card.",
                  "fields": FIELDS}  # fmt: skip
        (root / folder / f"{event}.avsc").write_text(json.dumps(schema))
    (root / "identifiers.toml").write_text(
        '[loyalty_card]\nrank = 15\nperson = true\nlimit = 3\ndoc = "Card."\n'
    )
    (root / "traits.toml").write_text(TRAITS)
    return root


def card(event_type: str, day: int, **fields: Any) -> Event:
    """What one of the project's sources says of card 7."""
    event = {
        "event_id": f"{day}",
        "occurred_at": f"2026-05-{day:02}T10:00:00Z",
        "card_no": "7",
        **fields,
    }
    schema = {"type": "record", "name": "C", "fields": FIELDS}
    return event_type, conform(schema, event)


def test_a_measure_of_a_new_contract_is_a_column_of_customers(feed: Feed, project: Path) -> None:
    shop = feed(
        [
            card(LOYALTY, 1, points=120, paid_minor=1_999, currency="EUR"),
            card(LOYALTY, 2, points=-20, paid_minor=300, currency="JPY"),
            card(DESK, 3, points=5),
        ],
        contracts=load([project]),
    )
    assert shop.rows("SELECT points, paid, order_value FROM customers") == [
        (105, {"EUR": Decimal("19.990"), "JPY": Decimal("300.000")}, None)
    ]
    guide = "SELECT description FROM guide WHERE object = 'customers' AND \"column\" = 'points'"
    assert shop.rows(guide) == [("Sum over events: Points credited. In points.",)]


def test_of_several_values_the_declared_one_survives(feed: Feed, project: Path) -> None:
    shop = feed(
        [
            card(LOYALTY, 3, first_shop="Köln", hobby="Rad", nickname="Anni"),
            card(DESK, 2, first_shop="Bonn", hobby="Chor", nickname="Frau W."),
            card(LOYALTY, 1, first_shop="Kiel", hobby="Schach", nickname="A."),
            card(LOYALTY, 4, first_shop="Jena", hobby="Judo", nickname=None),
            card(DESK, 5, hobby=""),
        ],
        contracts=load([project]),
    )
    expected = {
        "first_shop": (
            "Kiel",
            "earliest",
            "loyalty/app",
            1,
            datetime.fromisoformat("2026-05-01T10:00"),
            LOYALTY,
            "1",
        ),
        "nickname": (
            "Frau W.",
            "most_trusted",
            "loyalty/desk",
            3,
            datetime.fromisoformat("2026-05-02T10:00"),
            DESK,
            "2",
        ),
    }
    found = shop.rows(
        "SELECT trait, value, rule, source, strength, occurred_at, event_type, event_id FROM traits"
    )
    assert {row[0]: row[1:] for row in found} == expected  # hobby was cleared last
    [(traits,)] = shop.rows("SELECT traits FROM customers")
    assert [(one["trait"], one["value"], one["source"], one["event_id"]) for one in traits] == [
        ("first_shop", "Kiel", "loyalty/app", "1"), ("nickname", "Frau W.", "loyalty/desk", "2"),
    ]  # fmt: skip


def test_traits_come_from_all_identifiers_of_a_customer(feed: Feed) -> None:
    account = event_of("shop/standard/account_created", event_id="1", occurred_at="2026-05-01T10:00:00Z",
                       user_id="u-1", email=ANNA, first_name="Anna", last_name="Weber")  # fmt: skip
    guest = event_of("shop/standard/order_placed", event_id="2", occurred_at="2026-05-03T10:00:00Z",
                     order_id="1", email=ANNA, phone="0171 3920045", lines=[], subtotal_minor=100,
                     total_minor=100, currency="EUR",
                     billing_address={"first_name": "A.", "street": "Weg 1", "postal_code": "01067",
                                      "city": "Dresden", "country": "DE"})  # fmt: skip
    shop = feed([account, guest])
    [row] = shop.records("SELECT email, phone, first_name, last_name, city, country FROM customers")
    assert row == {"email": ANNA, "phone": "0171 3920045", "first_name": "A.", "last_name": "Weber",
                   "city": "Dresden", "country": "DE"}  # fmt: skip


def test_trust_counts_within_one_source_too(feed: Feed) -> None:
    """What was typed at a later checkout (strength 1) does not outdo the account's (strength 2)."""
    account = event_of(
        "shop/standard/account_created", event_id="1", occurred_at="2026-05-01T10:00:00Z", user_id="user-7a",
        email=ANNA, newsletter_opt_in=False,
    )  # fmt: skip
    order = event_of(
        "shop/standard/order_placed", event_id="2", occurred_at="2026-05-02T10:00:00Z", user_id="user-7a",
        order_id="B77", email="ana.weber@example.de", total_minor=100, subtotal_minor=100, currency="EUR",
        lines=[],
    )  # fmt: skip
    for events in ([account, order], [order, account]):
        shop = feed(events, batch_size=1)
        assert shop.rows("SELECT value, strength FROM traits WHERE trait = 'email'") == [(ANNA, 2)]
