"""The measure of identity quality agrees with enumerating all pairs."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sources.synthetic.quality import Quality, pairwise

IDENTIFIERS = [(kind, str(value)) for kind in ("email", "device_id", "order", "ticket") for value in range(4)]
truths = st.dictionaries(st.sampled_from(IDENTIFIERS), st.one_of(st.none(), st.integers(1, 4)))
assignments = st.dictionaries(st.sampled_from(IDENTIFIERS), st.integers(1, 4))


@settings(max_examples=200)
@given(truths, assignments, st.booleans())
def test_pairwise_equals_enumeration(truth, assignment, all_kinds) -> None:  # type: ignore[no-untyped-def]
    without = () if all_kinds else ("order", "ticket")
    counted = [key for key, owner in truth.items() if owner is not None and key[0] not in without]
    pairs = list(combinations(counted, 2))
    same_customer = {
        (a, b) for a, b in pairs if a in assignment and b in assignment and assignment[a] == assignment[b]
    }
    same_person = {(a, b) for a, b in pairs if truth[a] == truth[b]}
    right = len(same_customer & same_person)
    people = {c: {truth[key] for key in counted if assignment.get(key) == c} for c in range(1, 5)}
    assert pairwise(truth, assignment, without) == Quality(
        right / len(same_customer) if same_customer else 1.0,
        right / len(same_person) if same_person else 1.0,
        max(len(found) for found in people.values()),
    )


def test_perfect_and_useless_assignments() -> None:
    truth = {("email", "a"): 1, ("phone", "1"): 1, ("email", "b"): 2, ("phone", "2"): 2}
    assert pairwise(truth, dict(truth)) == (1.0, 1.0, 1)
    assert pairwise(truth, dict.fromkeys(truth, 0)) == (2 / 6, 1.0, 2)
    assert pairwise(truth, {key: number for number, key in enumerate(truth)}) == (1.0, 0.0, 1)


def test_nobodys_identifiers_and_orders_do_not_count() -> None:
    truth = {("email", "a"): 1, ("device_id", "kiosk"): None, ("order", "9"): 1, ("email", "b"): 2}
    assignment = dict.fromkeys(truth, "one") | {("email", "b"): "two"}
    assert pairwise(truth, assignment) == (1.0, 1.0, 1)
    assert pairwise(truth, {**assignment, ("order", "9"): "two"}, without=()).precision == 0.0
