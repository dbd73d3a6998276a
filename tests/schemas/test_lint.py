import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import SHIPPED, load
from schemas.lint import Finding, lint, lint_writer

Schema = dict[str, Any]
Change = Callable[[Schema], Any]
Write = Callable[..., Path]
DOC = {"doc": "A field."}
EMPTY = {"type": "record", "name": "Empty", "fields": []}
INSTANT = {"type": "long", "logicalType": "timestamp-millis"}


def field(schema: Schema, name: str) -> Schema:
    found: Schema = next(entry for entry in schema["fields"] if entry["name"] == name)
    return found


def add(*entries: Schema) -> Change:
    return lambda schema: schema["fields"].extend({**DOC, **entry} for entry in entries)


def put(name: str, **keys: Any) -> Change:
    return lambda schema: field(schema, name).update(keys)


def drop(name: str, key: str) -> Change:
    return lambda schema: field(schema, name).pop(key)


def on_record(**keys: Any) -> Change:
    return lambda schema: schema.update(keys)


def in_list(**keys: Any) -> Schema:
    line = {"type": "record", "name": "Line", "fields": [{**DOC, **keys}]}
    return {"name": "lines", "type": {"type": "array", "items": line}}


def items(avro: Any) -> Schema:
    return {"type": "array", "items": avro}


def nobody(schema: Schema) -> Any:
    for name in ("card_no", "email"):
        field(schema, name).pop("means")
    schema["fields"].pop()


def found(root: Path, level: str = "error") -> list[Finding]:
    """The findings about the contract under test, not about those that ship."""
    return [one for one in lint(load([root])) if one.level == level and not one.file.is_relative_to(SHIPPED)]


def test_a_good_contract_passes(root: Path, write: Write) -> None:
    write()
    assert found(root) == []
    assert found(root, "advice") == []


@pytest.mark.parametrize(
    ("change", "place", "problem"),
    [
        (drop("event_id", "means"), "", "no field is the event's id"),
        (drop("event_id", "means"), "event_id", "is not marked as the event's id"),
        (drop("occurred_at", "means"), "occurred_at", "is not marked as the event's time"),
        (put("card_no", means=["id:customer_no", "event_id"]), "card_no", "a second event_id"),
        (put("event_id", type=["null", "string"], default=None), "event_id", "may be null"),
        (put("event_id", type="long"), "event_id", "on a field of type long"),
        (put("occurred_at", type="long"), "occurred_at", "on a field of type long"),
        (add(in_list(name="at", type=INSTANT, means="occurred_at")),
         "lines[].at", "occurred_at inside another field"),
        (nobody, "", "names nobody"),
        (on_record(nobody="a reason"), "nobody", "does name somebody"),
        (put("card_no", means="id:loyalty_card"), "card_no", "'loyalty_card' is not declared"),
        (put("card_no", means="id:*"), "card_no", "id:* is not a mark"),
        (put("card_no", means="about:*"), "card_no", "without its kind"),
        (put("card_no", means="about:*", kind="points"), "card_no", "'points', which is long"),
        (put("card_no", type="double"), "card_no", "on a field of type double"),
        (add({"name": "ids", "type": items("boolean"), "means": "id:email", "pii": "direct"}),
         "ids[]", "on a field of type boolean"),
        (drop("email", "pii"), "email", "without pii"),
        (put("card_no", pii="none"), "card_no", "without pii"),
        (put("currency", pii="secret"), "currency", "\"pii\" is 'secret'"),
        (put("currency", sign=-1), "currency", '"sign" without a mark'),
        (put("points", means="sequence", type="string"), "points", "sequence on a field of type string"),
        (put("points", type="double"), "points", "on a field of type double"),
        (drop("points", "unit"), "points", "either a currency or a unit"),
        (put("points", currency="currency"), "points", "either a currency or a unit"),
        (put("points", unit=""), "points", '"unit" is empty'),
        (put("points", means="measure:Points"), "points", "'Points' is not a name"),
        (put("points", means="measure:email"), "points", "the name of a trait"),
        (put("spent_minor", currency="curency"), "spent_minor", "'curency', which is no field"),
        (put("spent_minor", type="int"), "spent_minor", "not a long"),
        (put("email", means="trait:e-mail"), "email", "'e-mail' is not a name"),
        (add({"name": "share", "type": "double", "means": "trait:share", "pii": "indirect"}),
         "share", "on a field of type double"),
        (add(in_list(name="colour", type="string", means="trait:colour", pii="indirect")),
         "lines[].colour", "inside a list"),
        (drop("newsletter", "contact"), "newsletter", "without its contact point"),
        (put("newsletter", contact="currency"), "newsletter", "'currency', which is no identifier"),
        (drop("newsletter", "status"), "newsletter", "without a status"),
        (put("newsletter", means="consent:*"), "newsletter", "on a field of type boolean"),
        (put("newsletter", means="consent:it's"), "newsletter", "is not a name"),
        (put("currency", type=["null", "string"]), "currency", "optional without the default null"),
        (put("currency", type=["string", "long"]), "currency", "a union other than null and one type"),
        (put("currency", type=["string", "null"], default="x"), "currency", "a union other than null"),
        (put("currency", type="null"), "currency", "is always null"),
        (put("points", type="int", default=2**40), "points", "the default does not fit"),
        (put("currency", type={**INSTANT, "type": "string"}), "currency", "does not go with"),
        (put("currency", type={"type": "bytes", "logicalType": "decimal"}), "", "a decimal needs"),
        (on_record(doc=" "), "doc", "not explained"),
        (drop("currency", "doc"), "currency", "not explained"),
        (add(in_list(name="sku", type="string", doc="")), "lines[].sku", "not explained"),
        (add({"name": "Customer_ID", "type": "string"}), "Customer_ID", "a column that the store adds"),
        (add({"name": "CURRENCY", "type": "string"}), "", "two fields are called currency"),
        (put("currency", mean="text"), "currency", "'mean' is not a known key"),
        (add({"name": "more", "type": EMPTY}), "more", "without fields"),
        (add({"name": "again", "type": ["null", "PointsEarned"], "default": None}), "", "contains itself"),
        (add({"name": "a", "type": EMPTY}, {"name": "b", "type": "Empty"}), "b", "refers to the type Empty"),
        (add({"name": "m", "type": {"type": "map", "values": {"type": "record", "name": "V", "fields": [
            {"name": "mail", "type": "string", "means": "id:email"}]}}}), "m", "a mark inside a map"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found(root: Path, write: Write, change: Change, place: str, problem: str) -> None:
    file = write(change)
    hits = [one for one in found(root) if one.place == place and problem in one.problem]
    assert hits, [str(one) for one in found(root)]
    assert hits[0].file == file
    assert hits[0].mend
    assert str(hits[0]).startswith(f"{file}: ")


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: nobody(schema) or schema.update(nobody="A count of the till."),
        put("card_no", type="long"),
        add({"name": "mails", "type": items("string"), "means": "id:email", "pii": "direct"}),
        add({"name": "kind", "type": "string"},
            {"name": "who", "type": "string", "means": "about:*", "kind": "kind", "pii": "direct"}),
        put("newsletter", type=["null", "string"], means="consent:*"),
        add({"name": "status", "type": {"type": "enum", "name": "S", "symbols": ["GRANTED", "WITHDRAWN"]},
             "means": "consent:sms", "contact": "email"}),
        add({"name": "version", "type": "long", "means": "sequence"}),
        add(in_list(name="qty", type="int", means="measure:items", unit="pieces", sign=-1)),
        add({"name": "tags", "type": {"type": "map", "values": "string"}}),
    ],
)  # fmt: skip
def test_what_the_rules_allow(root: Path, write: Write, change: Change) -> None:
    file = write(change)
    assert [str(one) for one in found(root) if one.file == file] == []


def test_rules_between_contracts(root: Path, write: Write) -> None:
    write()
    write(lambda schema: schema.update(name="Other") or put("points", unit="stars")(schema), event="other")
    (finding,) = found(root)
    assert "measure:points is in" in finding.problem
    assert finding.place == "points"
    (root / "identifiers.toml").write_text('[Card]\nrank = 10\ndoc = "A card."\n')
    problems = [one.problem for one in lint(load([root])) if one.file.name == "identifiers.toml"]
    assert problems == ["is not a name", "has the rank of customer_no, 10"]


def test_rules_of_files(root: Path, write: Write, tmp_path: Path) -> None:
    file = write(event="Points")
    write(lambda schema: schema.update(namespace="a.b_c"), source="a/b_c")
    write(lambda schema: schema.update(namespace="a_b.c"), source="a_b/c")
    file.with_name("order.sql").write_text("SELECT 1")
    models = tmp_path / "models"
    models.mkdir()
    (models / "orders.sql").write_text("SELECT 1")
    problems = {one.problem for one in found(root)}
    assert problems == {"'Points' is not an event's name", "has the tables of a/b_c too: a_b_c"}
    wrong = [one for one in lint(load([root]), models) if one.problem == "no model is called order"]
    assert [one.file.name for one in wrong] == ["order.sql"]
    assert "orders" in wrong[0].mend


def test_examples_are_checked(root: Path, write: Write) -> None:
    examples = write().with_name("points_earned.examples.jsonl")
    lines = examples.read_text().splitlines()
    examples.write_text(lines[0] + "\n")
    (advice,) = found(root, "advice")
    assert advice.file == examples
    event = json.loads(lines[0])["event"]
    examples.write_text(json.dumps({"event": {**event, "points": "5", "poinds": 1}}) + "\n")
    assert "give either" in found(root)[0].mend
    examples.write_text(
        "\n" + json.dumps({"event": {**event, "points": "5", "poinds": 1}, "facts": {}}) + "\n"
    )
    assert [one.place for one in found(root)] == ["line 2", "line 2"]
    refused = {"event": {"points": None}, "rejected": {"field": "points", "reason": "field_invalid"}}
    examples.write_text(f"{lines[0]}\n{json.dumps(refused)}\n")
    assert found(root) == []
    for broken in (
        "{",
        "[]",
        '{"event": 1, "fact": {}}',
        '{"event": 1, "rejected": "x"}',
        '{"event": 1, "facts": 1}',
    ):
        examples.write_text(broken)
        assert [one.place for one in found(root)] == ["line 1"]


def record(*types: Any, **keys: Any) -> Schema:
    fields = [{"name": f"f{at}", "type": avro} for at, avro in enumerate(types)]
    return {"type": "record", "name": "R", "namespace": "a.b", "fields": fields, **keys}


def nested(levels: int) -> Any:
    avro: Any = "string"
    for _ in range(levels):
        avro = {"type": "array", "items": avro}
    return avro


def doubling(levels: int) -> Schema:
    avro: Schema = {"type": "record", "name": "L0", "fields": [{"name": "x", "type": "int"}]}
    for at in range(1, levels):
        both = [{"name": "x", "type": avro}, {"name": "y", "type": f"L{at - 1}"}]
        avro = {"type": "record", "name": f"L{at}", "fields": both}
    return avro


def hollow() -> Schema:
    inner = {"type": "fixed", "name": "F", "size": 0}
    return {
        "type": "record",
        "name": "E",
        "fields": [{"name": "a", "type": inner}, {"name": "b", "type": "null"}],
    }


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (record(["null", "R"]), "contains itself"),
        (record(items(items("R"))), "contains itself"),
        (record(items("null")), "array items take no bytes"),
        (record(items({"type": "null"})), "array items take no bytes"),
        (record(items(hollow())), "array items take no bytes"),
        (record({"type": "map", "values": hollow()}), "map values take no bytes"),
        (record(hollow(), items("E")), "array items take no bytes"),
        (record(*["string"] * 1001), "1001 fields"),
        (record(doubling(11)), "fields in total"),
        (record(nested(16)), "17 levels deep"),
        (record(nested(500)), "levels deep"),
        (record("string", fields=[{"name": "a", "type": "string", "default": "x" * 70_000}]), "over 64 KiB"),
        (record("string", doc="x" * 2**20), "bytes long"),
        (record({"type": "fixed", "name": "F", "size": 2**40}), "a fixed type of"),
        (record({"type": "fixed", "name": "F", "size": -1}), "a fixed type of"),
        (record({"type": "bytes", "logicalType": "decimal", "precision": 99, "scale": 2}), "a decimal needs"),
        (record("string", __fastavro_parsed=True), "a key of the decoder itself"),
        (
            record("string", fields=[{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]),
            "exists twice",
        ),
        (record("string", fields=[{"name": "a b", "type": "int"}]), "is not a field name"),
        (record("nothing"), "is not an Avro schema"),
        (record({"type": ["null"]}), "is not an Avro schema"),
        ([record("string")], "is not an Avro record"),
        (record("string", doc={1, 2}), "is not JSON"),
    ],
)
def test_what_can_hurt_the_decoder(schema: Any, problem: str) -> None:
    problems = lint_writer(schema)
    assert any(problem in one for one in problems), problems


def test_what_cannot_hurt_the_decoder() -> None:
    shared = {"type": "record", "name": "Address", "fields": [{"name": "town", "type": "string"}]}
    schema = record(
        shared, "Address", items("Address"), items(["null", "string"]), nested(15), *["string"] * 990
    )
    assert lint_writer(schema) == []


GARBAGE = st.recursive(
    st.none() | st.integers() | st.sampled_from(["record", "array", "map", "fixed", "R", "int", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "name", "fields", "items", "values", "size", "symbols", "default", "logicalType"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(GARBAGE, st.lists(GARBAGE, max_size=3))
def test_garbage_never_raises(whole: Any, fields: list[Any]) -> None:
    assert isinstance(lint_writer(whole), list)
    assert isinstance(lint_writer({"type": "record", "name": "R", "fields": fields}), list)
    named = [{"name": f"f{at}", "type": avro} for at, avro in enumerate(fields)]
    assert isinstance(lint_writer({"type": "record", "name": "R", "fields": named}), list)
