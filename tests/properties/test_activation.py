"""Whatever happens in whatever order, the tool holds whom it should in the end, and nobody who has withdrawn.

A tool is a model: it applies a delivery once for each id, and may take one whose answer is then lost.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sinks.duckdb.activation import Delivery, Refused
from tests.compared import MAIL, Compared, compared, consent, constraint, person, withdrawal
from tests.feed import Said

EXAMPLES = int(os.environ.get("ACTIVATION_EXAMPLES", "6"))  # some 3 s each
LONG = 50  # examples: from here on others every time
PEOPLE = 5
ANYBODY = st.integers(0, PEOPLE - 1)
DUE = 100_000_000  # however long it waits
AUDIENCE = MAIL._replace(fields={"first": "first_name"}, portion=2)
GRANTED = "SELECT contact FROM consents WHERE status = 'granted' AND purpose = 'newsletter'"


class Tool:
    """What a tool that is told by ids holds."""

    def __init__(self) -> None:
        """Nobody."""
        self.held: dict[str, Any] = {}
        self.seen: dict[str, Any] = {}

    def take(self, delivery: Delivery, refused: set[int]) -> None:
        """Takes it, if it has not had it."""
        rows = (delivery.items, refused)
        known = self.seen.get(delivery.delivery_id)
        assert known is None or known[0] == delivery.items, "one id, other rows"
        if known is not None:
            return
        self.seen[delivery.delivery_id] = rows
        for item in delivery.items:
            if item.place in refused:
                continue
            if item.action == "remove":
                self.held.pop(item.contact, None)
            else:
                self.held[item.contact] = dict(item.fields)


class Activated(RuleBasedStateMachine):
    """People come, withdraw, merge; deliveries go, fail, are refused, and processes die between any two."""

    def __init__(self) -> None:
        """Five people whom the tool holds, and three deliveries under way."""
        super().__init__()
        self.context = compared(held=PEOPLE)
        self.shop: Compared = self.context.__enter__()
        self.tool = Tool()
        self.tool.held = {contact: {} for contact in self.shop.holds()}
        self.clock = 100
        self.open: Delivery | None = None
        self.last: dict[str, datetime] = {}
        self.begun: dict[str, Any] = {}
        self.shop.plan(AUDIENCE)  # it has not been told of their names yet

    def teardown(self) -> None:
        """Nothing goes wrong any more: all that is left goes, and the tool holds whom it should."""
        try:
            self._end()
        finally:
            self.context.__exit__(None, None, None)

    def _end(self) -> None:
        self.shop.look()
        for _ in range(2):  # what was refused goes again at the resync
            held = self.shop.plan(AUDIENCE)[1]
            if held:
                self.shop.decide("approve", held)
                assert self.shop.plan(AUDIENCE)[1] == 0
            self._send_all()
            self.shop.decide("resync")
        wanted = dict(self.shop.at.rows(
            f"SELECT contact, first_name FROM ({GRANTED}) JOIN identifiers ON value = contact"
            " JOIN customers USING (customer_id)"))  # fmt: skip
        assert self.tool.held == {contact: {"first": name} for contact, name in wanted.items()}
        assert self.shop.holds().keys() == self.tool.held.keys()

    def _send_all(self) -> None:
        while delivery := self.shop.begin(AUDIENCE, later=DUE):
            self.check(delivery)
            self.tool.take(delivery, set())
            self.shop.settle(delivery)

    def check(self, delivery: Delivery) -> None:
        """Nobody who has withdrawn is told of, and each is told of in the order in which that was decided."""
        assert self.begun.setdefault(delivery.delivery_id, delivery.items) == delivery.items, (
            "one id, other rows"
        )
        granted = {contact for (contact,) in self.shop.at.rows(GRANTED)}
        for item in delivery.items:
            assert item.action == "remove" or item.contact in granted
            assert self.last.get(item.contact, delivery.decided_at) <= delivery.decided_at, "in order"
            self.last[item.contact] = delivery.decided_at

    def said(self, event: Said, look: bool) -> None:
        self.clock += 1
        self.shop.land(event, look=look)

    @rule(number=ANYBODY, early=st.integers(0, 30), look=st.booleans())
    def consents(self, number: int, early: int, look: bool) -> None:
        self.said(consent(number, at=self.clock - early), look)

    @rule(number=ANYBODY, early=st.integers(0, 30), look=st.booleans())
    def withdraws(self, number: int, early: int, look: bool) -> None:
        self.said(withdrawal(number, at=self.clock - early), look)

    @rule(number=ANYBODY, name=st.sampled_from(["Anna", "Berta"]), look=st.booleans())
    def is_renamed(self, number: int, name: str, look: bool) -> None:
        self.said(person(number, at=self.clock, first_name=name), look)

    @rule(one=ANYBODY, other=ANYBODY, verdict=st.sampled_from(["must", "cannot"]), look=st.booleans())
    def are_joined_or_parted(self, one: int, other: int, verdict: str, look: bool) -> None:
        if one != other:
            left, right = ("user_id", f"u{one}"), ("user_id", f"u{other}")
            self.said(constraint(left, right, verdict, self.clock), look)

    @rule()
    def segments_look(self) -> None:
        self.shop.look()

    @rule(trouble=st.booleans())
    def plans(self, trouble: bool) -> None:
        if trouble:
            self.shop.stick(AUDIENCE, "trouble")
        else:
            self.shop.plan(AUDIENCE)

    @rule(decision=st.sampled_from(["approve", "resync"]))
    def somebody_decides(self, decision: str) -> None:
        self.shop.decide(decision)

    @precondition(lambda self: self.open is None)
    @rule()
    def begins(self) -> None:
        self.open = self.shop.begin(AUDIENCE, later=DUE)
        if self.open:
            self.check(self.open)

    @precondition(lambda self: self.open)
    @rule(refused=st.sets(st.integers(0, 1)))
    def is_taken(self, refused: set[int]) -> None:
        assert self.open
        self.tool.take(self.open, refused)
        _, refused = self.tool.seen[self.open.delivery_id]  # it says of an id what it said before
        self.shop.settle(self.open, [Refused(item.place, 400, "no") for item in self.open.items
                                     if item.place in refused])  # fmt: skip
        self.open = None

    @precondition(lambda self: self.open)
    @rule(taken=st.booleans(), noted=st.booleans())
    def has_no_answer(self, taken: bool, noted: bool) -> None:
        """It fails; the process may die before it can note that."""
        assert self.open
        if taken:
            self.tool.take(self.open, set())
        if noted:
            self.shop.postpone(self.open)
        else:
            self.shop.begin_again()
        self.open = None

    @precondition(lambda self: self.open and self.open.items)
    @rule(place=st.integers(0, 1), taken=st.booleans(), look=st.booleans())
    def fails_and_one_of_its_people_withdraws(self, place: int, taken: bool, look: bool) -> None:
        assert self.open
        contact = self.open.items[place % len(self.open.items)].contact
        if taken:
            self.tool.take(self.open, set())
        self.shop.postpone(self.open)
        self.said(withdrawal(int(contact.removeprefix("p").partition("@")[0]), at=self.clock), look)
        self.open = None

    @invariant()
    def ids_are_of_one(self) -> None:
        rows = self.shop.at.rows
        assert rows("SELECT delivery_id FROM activation.delivery GROUP BY ALL HAVING count(*) > 1") == []
        assert rows("SELECT delivery_id, place FROM activation.item GROUP BY ALL HAVING count(*) > 1") == []
        assert rows("SELECT contact FROM activation.holding GROUP BY ALL HAVING count(*) > 1") == []


def test_the_tool_holds_whom_it_should() -> None:
    run_state_machine_as_test(
        Activated,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=16, deadline=None, derandomize=EXAMPLES < LONG,
            database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],  # to shrink would take minutes
            print_blob=False,
        ),
    )  # fmt: skip
