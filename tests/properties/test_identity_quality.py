"""How well customers match people on the generated shop, scaled down. `make bench` measures the whole."""

from __future__ import annotations

from dataclasses import replace

from streams.core.normalise import normalise
from streams.sources.synthetic import QUALITY, Truth, generate, pairwise
from tests.feed import Said, batch_of, catalogue, check_books, land, new_store

SMALL = replace(QUALITY, people=2_000, events=20_000, kiosks=2)


def test_customers_are_people() -> None:
    truth = Truth()
    events = [Said(event.type, event.datum) for event in generate(SMALL, truth)]
    with new_store() as store:
        land(store, [batch_of(events)])
        check_books(store, len(events))
        assignment = {
            (kind, value): customer
            for kind, value, customer in store.database.rows(
                "SELECT kind, value, customer_id FROM identifiers"
            )
        }
    owners = {}
    for (kind, value), person in truth.owners.items():
        found = normalise(catalogue().kinds[kind], value)
        if found.blocked is None:
            owners[kind, found.value] = person
    quality = pairwise(owners, assignment)
    assert quality.precision >= 0.95
    assert quality.recall >= 0.70
    assert quality.largest_cluster_people <= 5
