"""How well customers match people: pairwise precision and recall.

Decides the measure. Pure; must never enumerate pairs, of which a large customer has too many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import NamedTuple

from streams.sources.synthetic.owners import Identifier

TRIVIAL = ("order", "ticket")


class Quality(NamedTuple):
    """Shares of pairs of identifiers, and the most people found in one customer.

    `precision`: of the pairs put into one customer, the share that belongs to one person. `recall`: of the
    pairs that belong to one person, the share put into one customer. Without any pair a share is 1.
    """

    precision: float
    recall: float
    largest_cluster_people: int


def pairwise(
    truth: Mapping[Identifier, int | None],
    assignment: Mapping[Identifier, Hashable],
    without: Collection[str] = TRIVIAL,
) -> Quality:
    """The quality of an assignment of identifiers to customers.

    Nobody's identifiers (owner None), the kinds in `without` and identifiers that `truth` does not know do
    not count. An identifier without a customer is alone. Orders and tickets are left out by default: they
    hang on one customer whatever the rules are, and would only polish the numbers.
    """
    owners = {key: owner for key, owner in truth.items() if owner is not None and key[0] not in without}
    together = Counter((assignment[key], owner) for key, owner in owners.items() if key in assignment)
    customers: dict[Hashable, list[int]] = defaultdict(list)
    for (customer, _), count in together.items():
        customers[customer].append(count)
    right = _pairs(together.values())
    return Quality(
        precision=_share(right, _pairs(sum(counts) for counts in customers.values())),
        recall=_share(right, _pairs(Counter(owners.values()).values())),
        largest_cluster_people=max((len(counts) for counts in customers.values()), default=0),
    )


def _pairs(counts: Iterable[int]) -> int:
    return sum(count * (count - 1) // 2 for count in counts)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
