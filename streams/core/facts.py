"""What the marks of a contract say, as SQL: rows of an event type -> traits, measures and consents.

Decides how a mark becomes a fact. Must never run SQL, and must give the same text for the same contract.
`rundum rules` prints what is generated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.catalogue import EventType
from schemas.columns import quote
from schemas.identifiers import TraitRule
from schemas.meanings import ANY, IDENTIFYING, ITEMS, STATUSES, Mark, Path, type_text, walk


@dataclass(frozen=True)
class Facts:
    """The generated SELECTs of one event type over `table`, by the fact table they fill."""

    trait_fact: tuple[str, ...]
    measure_fact: tuple[str, ...]
    consent_fact: tuple[str, ...]

    def of(self, name: str) -> tuple[str, ...]:
        """The SELECTs that fill one fact table."""
        result: tuple[str, ...] = getattr(self, name)
        return result


def facts_of(event: EventType, table: str, traits: Mapping[str, TraitRule]) -> Facts:
    """The SELECTs that turn rows of `table` (columns of the contract and landed_seq) into facts."""
    return Facts(
        tuple(_trait(event, mark, table, traits.get(mark.name)) for mark in event.marked("trait")),
        tuple(_measure(mark, table) for mark in event.marked("measure")),
        tuple(_consent(event, mark, table) for mark in event.marked("consent")),
    )


def _trait(event: EventType, mark: Mark, table: str, rule: TraitRule | None) -> str:
    value, source = locate(table, mark.path)
    earliest = str(rule is not None and rule.rule == "earliest").lower()
    return (
        f"SELECT t.landed_seq, '{mark.name}' AS trait, {earliest} AS earliest, {value}::VARCHAR AS value,"
        f" {event.strength(mark)}::TINYINT AS strength, {sequence_of(event)} AS sequence"
        f" FROM {source} WHERE {value} IS NOT NULL"
    )


def _measure(mark: Mark, table: str) -> str:
    value, source = locate(table, mark.path)
    if "currency" in mark.options:
        unit = f"upper({locate(table, mark.options['currency'])[0]})"
    else:
        unit = "'" + str(mark.options["unit"]).replace("'", "''") + "'"
    sign = "-" if mark.options.get("sign") == -1 else ""
    return (
        f"SELECT t.landed_seq, '{mark.name}' AS measure, {unit} AS unit, {sign}{value}::BIGINT AS amount"
        f" FROM {source} WHERE {value} IS NOT NULL"
    )


def _consent(event: EventType, mark: Mark, table: str) -> str:
    value, source = locate(table, mark.path)
    kind = next(type_text(bare) for path, _, bare in walk(event.schema) if path == mark.path)
    purpose = f"lower({value})" if mark.name == ANY else f"'{mark.name}'"
    status, said = f"'{mark.options.get('status', '')}'", f"{value} IS NOT NULL"
    if mark.name != ANY and kind == "boolean":
        said = value
    elif "status" not in mark.options:
        status = f"lower({value})"
        said = f"lower({value}) IN ({', '.join(repr(word) for word in sorted(STATUSES))})"
    return (
        f"SELECT t.landed_seq, {contact_index(event, mark)}::SMALLINT AS field, {purpose} AS purpose,"
        f" {status} AS status, {event.strength(mark)}::TINYINT AS strength FROM {source} WHERE {said}"
    )


def contact_index(event: EventType, mark: Mark) -> int:
    """The place in the contract's marks of the identifier that a consent binds to."""
    return next(
        at
        for at, other in enumerate(event.marks)
        if other.path == mark.options["contact"] and other.meaning in IDENTIFYING
    )


def sequence_of(event: EventType) -> str:
    """The SQL of the source's own order within one instant; 0 where it has none."""
    marks = event.marked("sequence")
    return f"coalesce({locate('t', marks[0].path)[0]}, 0)::BIGINT" if marks else "0::BIGINT"


def locate(table: str, path: Path) -> tuple[str, str]:
    """The SQL expression of a field and the FROM item that it needs: lists are unnested, once a list.

    An option's field stands in the same list or above it, so its expression fits the marked field's FROM.
    """
    expression, source, depth = "t", f"{table} AS t", 0
    for step in path:
        if step == ITEMS:
            depth += 1
            source += f", UNNEST({expression}) AS u{depth}(item)"
            expression = f"u{depth}.item"
        else:
            expression += "." + quote(step)
    return expression, source
