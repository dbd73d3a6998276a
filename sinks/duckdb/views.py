"""What people read: macros, canonical models, and views, documented from their files.

Decides how parts become a model and what is generated for a catalogue. Must never hold a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from schemas.catalogue import Catalogue, ContractError, EventType
from schemas.columns import quote
from sinks.duckdb.database import Statements
from sinks.duckdb.sql import Script, literal, scripts

CUSTOMER = "Customer now."
TABLE = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_][a-z0-9_.]*)")


def create_views(database: Statements, catalogue: Catalogue) -> None:
    """Makes every macro and view anew. Raises ContractError for a part of a model that does not fit."""
    for macro in scripts("macros"):
        database.run(macro.text)
    for view in [*models_of(database, catalogue).values(), *views_of(catalogue).values()]:
        _create(database, view)


def models_of(database: Statements, catalogue: Catalogue) -> dict[str, Script]:
    """The canonical models by name. Raises ContractError for a part that does not fit."""
    return {
        model.name: model_view(database, model, catalogue.models.get(model.name, ()))
        for model in scripts("models")
    }


def views_of(catalogue: Catalogue) -> dict[str, Script]:
    """The views by name, each after those that it reads, with what is generated for a catalogue."""
    generated = {
        "measure_sums": _measure_sums(catalogue),
        "measure_columns": _measure_columns(catalogue),
        "events": _timeline(catalogue),
        "landed": "\n    UNION ALL\n".join(
            f"        SELECT landed_seq FROM {event.table}" for event in catalogue.events.values()
        ),
    }
    views = {view.name: _filled(view, generated, catalogue) for view in scripts("views")}
    return {name: views[name] for name in in_order(views)}


def in_order(views: Mapping[str, Script]) -> list[str]:
    """Names of views, each after those that it reads."""
    reads = {name: tables_in(view.text) & views.keys() - {name} for name, view in sorted(views.items())}
    return list(TopologicalSorter(reads).static_order())


def model_view(database: Statements, shape: Script, parts: tuple[Path, ...]) -> Script:
    """A canonical model: what its parts give, in the columns of its shape, with the customer."""
    wanted = dict(database.rows(f"SELECT column_name, column_type FROM (DESCRIBE {shape.text})"))
    selects = [f"SELECT NULL::UUID AS node, * FROM ({shape.text}) WHERE false"]
    for part in parts:
        text = part.read_text("utf-8")
        _check_part(database, part, text, wanted)
        selects.append(f"SELECT * FROM (\n{text}\n)")
    columns = ",\n    ".join(f"part.{quote(name)}" for name in wanted)
    union = "\nUNION ALL BY NAME\n".join(selects)
    text = (
        f"SELECT\n    owner.customer AS customer_id,\n    {columns}\nFROM (\n{union}\n) AS part\n"
        "LEFT JOIN identity.node AS owner USING (node)"
    )
    return Script(shape.name, text, shape.doc, {"customer_id": CUSTOMER, **shape.columns})


def _check_part(database: Statements, file: Path, text: str, wanted: Mapping[str, str]) -> None:
    try:
        found = dict(database.rows(f"SELECT column_name, column_type FROM (DESCRIBE {text})"))
    except duckdb.Error as error:
        raise ContractError(file, "", f"is no SELECT that runs: {str(error).splitlines()[0]}") from None
    for name, kind in {"node": "UUID", **wanted}.items():
        if name not in found:
            raise ContractError(file, name, f"the column is missing; the model wants it as {kind}")
        if found[name] != kind:
            raise ContractError(file, name, f"is {found[name]}, the model wants {kind}; cast it")
    for name in sorted(found.keys() - wanted.keys() - {"node"}):
        raise ContractError(
            file, name, "is no column of the model; leave it out or name it as the model does"
        )


def _create(database: Statements, view: Script) -> None:
    database.run(f"CREATE OR REPLACE VIEW {view.name} AS {statement_of(view)}")
    database.document(view.name, "VIEW", view.doc, view.columns)


def statement_of(view: Script) -> str:
    """A view's SELECT without the comment at its head."""
    return "\n".join(line for line in view.text.splitlines() if not line.startswith("--"))


def tables_in(text: str) -> set[str]:
    """What a SELECT of ours reads; names of its own WITH clauses too."""
    return set(TABLE.findall(text))


def _filled(view: Script, generated: Mapping[str, str], catalogue: Catalogue) -> Script:
    text, columns = view.text, dict(view.columns)
    for name, part in generated.items():
        text = text.replace("{" + name + "}", part)
    if "{measure_" in view.text:
        columns |= {name: doc for name, (doc, _) in measures_of(catalogue).items()}
    return Script(view.name, text, view.doc, columns)


def measures_of(catalogue: Catalogue) -> dict[str, tuple[str, str | None]]:
    """Every measure that a contract marks, with its documentation and its unit; None for money."""
    found: dict[str, tuple[str, str | None]] = {}
    for event in catalogue.events.values():
        docs = {field.path: field.doc for field in event.fields}
        for mark in event.marked("measure"):
            unit = mark.options.get("unit")
            told = f"Sum over events: {docs[mark.path]}" + (f" In {unit}." if unit else " By currency.")
            found.setdefault(mark.name, (told, unit))
    return dict(sorted(found.items()))


def _measure_sums(catalogue: Catalogue) -> str:
    """The columns of the view measures: each measure added up, money by currency."""
    lines = []
    for name, (_, unit) in measures_of(catalogue).items():
        chosen = f"FILTER (measure = {literal(name)})"
        if unit is None:
            amounts = f"list((unit, major(total, unit)) ORDER BY unit) {chosen}"
            lines.append(f"map_from_entries({amounts}) AS {quote(name)},")
        else:
            lines.append(f"sum(total) {chosen}::HUGEINT AS {quote(name)},")
    return "\n    ".join(lines)


def _measure_columns(catalogue: Catalogue) -> str:
    """The same columns where another view takes them from measures."""
    return "\n    ".join(f"measures.{quote(name)} AS {quote(name)}," for name in measures_of(catalogue))


def _timeline(catalogue: Catalogue) -> str:
    return "\n    UNION ALL\n".join(_timeline_part(event) for event in catalogue.events.values())


def _timeline_part(event: EventType) -> str:
    skipped = {"event_id", "occurred_at"}
    pairs = ", ".join(f"{literal(name)}: {quote(name)}" for name in event.arrow.names if name not in skipped)
    details = f"to_json({{{pairs}}})" if pairs else "'{}'::JSON"
    words = event.event.replace("_", " ")
    return (
        f"    SELECT node, occurred_at, {literal(event.name)} AS event_type, {literal(words)} AS what,"
        f" {details} AS details, event_id, landed_seq FROM {event.table}"
    )
