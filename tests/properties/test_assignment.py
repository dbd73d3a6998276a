"""Whose each node was, as known at any time: what the store said after each batch can be asked for ever."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.feed import LANDED, Said, batches_of, new_store, pipeline
from tests.properties.shop import histories, resend
from tests.properties.test_convergence import MODEST

AS_OF = """
    SELECT node, customer FROM identity.assignment
    WHERE known_from <= $at AND ($at < known_to OR known_to IS NULL) ORDER BY ALL"""


@MODEST
@given(histories(30), st.randoms(use_true_random=False))
def test_the_past_stays_as_it_was_known(events: list[Said], chance: Random) -> None:
    with new_store() as store:
        pipe, rows = pipeline(store), store.database.rows
        then = []
        for at, batch in enumerate(batches_of(resend(events, chance), chance)):
            moment = LANDED + timedelta(minutes=at)
            pipe.handle(batch, moment)
            then.append((moment, rows("SELECT node, customer FROM identity.node ORDER BY ALL")))
        for moment, known in then:
            for asked in (moment, moment + timedelta(seconds=59)):
                assert rows(AS_OF, {"at": asked}) == known
        assert rows("FROM identity.assignment WHERE known_to <= known_from") == []
        assert rows(AS_OF, {"at": LANDED - timedelta(seconds=1)}) == []
