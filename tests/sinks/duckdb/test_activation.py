"""What destinations are told, step by step, on a real store: who waits, who goes, who never does."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.duckdb.activation import is_paused, why_not
from tests.compared import (
    ALL,
    COMPLAINT,
    MAIL,
    Compared,
    consent,
    mail,
    people,
    person,
    row,
    told,
    withdrawal,
)
from tests.divided import applied, defined


def test_the_first_transfer_waits_for_an_approval_which_counts_once(fresh: Compared) -> None:
    fresh.land(*people(0, 1, 2), person(3), person(4), consent(4, purpose="surveys"))
    assert fresh.plan() == (0, 3)
    assert fresh.begin() is None
    since = fresh.standing()["since"]
    assert fresh.plan() == (0, 3)
    assert fresh.standing() == {"held": 3, "since": since, "trouble": None}
    fresh.decide("approve", 3)
    assert fresh.plan() == (3, 0)
    assert fresh.send() == [("add", mail(at)) for at in range(3)]
    assert fresh.plan() == (0, 0)
    fresh.land(*people(*range(10, 20)))
    assert fresh.plan() == (0, 10)  # the approval is used
    assert fresh.begin() is None


def test_an_approval_covers_what_was_seen_and_a_fifth_more(fresh: Compared) -> None:
    fresh.land(*people(*range(10)))
    assert fresh.plan() == (0, 10)
    fresh.decide("approve", 10)
    fresh.land(*people(10, 11, 12))
    assert fresh.plan() == (0, 13)
    fresh.land(withdrawal(12))
    assert fresh.plan() == (12, 0)


def test_an_approval_of_an_earlier_change_covers_no_later_one(five: Compared) -> None:
    five.land(*people(*range(10, 20)))
    assert five.plan() == (0, 10)
    five.decide("approve", 10)
    five.land(*(withdrawal(at) for at in range(10, 20)))
    assert five.plan() == (0, 0)  # what was approved is no more
    five.land(*people(*range(20, 30)))
    assert five.plan() == (0, 10)


@pytest.mark.parametrize(("most", "goes"), [(0.0, False), (0.2, True), (1.0, True)])
def test_small_changes_go_by_themselves(five: Compared, most: float, goes: bool) -> None:
    audience = MAIL._replace(max_change=most)
    five.land(*people(5))
    assert five.plan(audience) == ((1, 0) if goes else (0, 1))
    five.land(withdrawal(1))
    five.plan(audience)
    assert five.take(audience).items[0].contact == mail(1)


def test_withdrawals_go_while_a_large_change_waits(five: Compared) -> None:
    five.land(*people(*range(10, 20)), withdrawal(3))
    assert five.plan() == (1, 10)
    assert five.send() == [("remove", mail(3))]
    assert row(five)["withdrawn_at"] is not None
    five.decide("approve", 10)
    assert five.plan() == (10, 0)


def test_withdrawals_go_while_the_segment_does_not_hold(five: Compared) -> None:
    five.land(applied(ALL, None, at=50))
    five.land(withdrawal(3), *people(7))
    assert "no segment everybody holds" in why_not(five.at, MAIL)
    assert five.plan() == (1, 0)
    assert five.send() == [("remove", mail(3))]
    assert "apply it" in five.standing()["trouble"]
    assert sorted(five.holds()) == [mail(at) for at in (0, 1, 2, 4)]


def test_withdrawals_go_while_an_excluded_segment_does_not_hold(five: Compared) -> None:
    audience = MAIL._replace(exclude=(COMPLAINT,))
    five.land(withdrawal(3), *people(7))
    assert five.plan(audience) == (1, 0)
    assert COMPLAINT in five.standing()["trouble"]
    assert five.send(audience) == [("remove", mail(3))]


def test_withdrawals_go_while_a_column_is_unknown(five: Compared) -> None:
    five.land(withdrawal(3), *people(7))
    wrong = MAIL._replace(fields={"x": "no_such_column"})
    with pytest.raises(Exception, match="no_such_column"):
        five.plan(wrong)
    assert five.stick(wrong, "mail.toml: fields: no_such_column") == 1
    assert five.send(wrong) == [("remove", mail(3))]
    assert row(five)["stuck"] == "mail.toml: fields: no_such_column"
    assert five.plan() == (1, 0)
    assert row(five)["stuck"] is None


def test_resync_sends_everything_again_once(five: Compared) -> None:
    five.decide("resync")
    assert five.plan() == (5, 0)
    assert five.send() == [("update", mail(at)) for at in range(5)]
    assert five.plan() == (0, 0)


def test_a_resync_lets_no_large_change_go_unseen(five: Compared) -> None:
    five.land(*people(*range(10, 20)), withdrawal(0))
    assert five.plan() == (1, 10)
    five.decide("resync")
    assert five.plan() == (0, 10)
    five.decide("approve", 10)
    assert five.plan() == (14, 0)
    assert [action for action, _ in five.send()] == ["remove"] + ["add"] * 10 + ["update"] * 4
    assert five.plan() == (0, 0)


def test_a_resync_waits_for_the_segment(five: Compared) -> None:
    five.land(applied(ALL, None, at=50))
    five.decide("resync")
    assert five.plan() == (0, 0)
    five.land(defined(ALL, "SELECT customer_id FROM customers WHERE kind = 'person'", at=60))
    assert five.plan() == (5, 0)


def test_pause_and_resume(five: Compared) -> None:
    assert not is_paused(five.at, "mail")
    five.decide("pause")
    assert is_paused(five.at, "mail")
    assert not is_paused(five.at, "other")
    five.decide("resume")
    assert not is_paused(five.at, "mail")


def test_who_withdraws_before_the_first_attempt_is_never_told_of(five: Compared) -> None:
    five.land(*people(5))
    five.plan()
    five.land(withdrawal(5))
    assert five.plan() == (0, 0)  # nor does a removal tell of them
    assert five.send() == []
    assert mail(5) not in five.holds()
    assert five.plan() == (0, 0)


def test_who_withdraws_after_a_failed_attempt_is_removed_under_another_id(five: Compared) -> None:
    five.land(*people(5))
    five.plan()
    first = five.take()
    assert told(first) == [("add", mail(5))]
    five.postpone(first)
    five.land(withdrawal(5))
    second = five.take(later=5)
    assert told(second) == [("remove", mail(5))]
    assert second.delivery_id != first.delivery_id
    assert row(five)["withdrawals"] == 1
    five.settle(second)
    assert five.plan() == (0, 0)
    assert row(five)["withdrawn_at"] is not None
    assert mail(5) not in five.holds()


def test_the_same_id_always_carries_the_same_rows(five: Compared) -> None:
    five.land(*people(5), withdrawal(0))
    five.plan(MAIL._replace(max_change=1))
    seen: dict[str, Any] = {}
    for _ in range(4):
        delivery = five.take(later=1000)
        assert seen.setdefault(delivery.delivery_id, delivery.items) == delivery.items
        five.postpone(delivery)
    assert len(seen) == 1


def test_withdrawals_overtake_what_waits_for_a_tool_that_is_down(five: Compared) -> None:
    five.land(*people(5))
    five.plan()
    five.postpone(five.take(), seconds=3600)
    assert five.begin() is None
    five.land(withdrawal(1))
    assert five.plan() == (1, 0)
    assert five.send() == [("remove", mail(1))]
    assert five.begin() is None


def test_what_a_withdrawal_has_overtaken_comes_never_as_news(five: Compared) -> None:
    five.land(*people(5, 6))
    five.plan()
    first = five.take()
    five.postpone(first, seconds=3600)
    five.land(withdrawal(5))
    five.plan()
    assert five.send() == [("remove", mail(5))]
    five.land(consent(5, at=9))
    assert five.plan() == (1, 0)
    again = five.take(later=1_000_000)
    assert told(again) == [("add", mail(6))]
    assert again.delivery_id != first.delivery_id
    five.settle(again)
    assert five.send() == [("add", mail(5))]
    assert five.plan() == (0, 0)


def test_large_changes_go_in_portions_with_a_look_at_consents_before_each(fresh: Compared) -> None:
    audience = MAIL._replace(portion=4)
    fresh.land(*people(*range(10)))
    fresh.plan(audience)
    fresh.decide("approve", 10)
    assert fresh.plan(audience) == (10, 0)
    first = fresh.take(audience)
    assert told(first) == [("add", mail(at)) for at in range(4)]
    fresh.settle(first)
    fresh.land(withdrawal(0), withdrawal(5))
    assert fresh.plan(audience) == (1, 0)
    sent = fresh.send(audience)
    assert sent == [("remove", mail(0)), *(("add", mail(at)) for at in (4, 6, 7, 8, 9))]
    ids = fresh.at.rows("SELECT count(*), count(DISTINCT delivery_id) FROM activation.delivery")
    assert ids == [(4, 4)]


def test_order_is_kept_for_each_contact(five: Compared) -> None:
    five.land(applied(ALL, "-- owner: T\n-- description: d.\n-- refresh: live\nSELECT customer_id FROM "
                      f"customers WHERE kind = 'person' AND email <> '{mail(0)}'", at=50))  # fmt: skip
    assert five.plan() == (1, 0)
    five.postpone(five.take(), seconds=0)
    five.land(defined(ALL, "SELECT customer_id FROM customers WHERE kind = 'person'", at=60))
    assert five.plan() == (1, 0)
    assert [five.send()] == [[("remove", mail(0)), ("add", mail(0))]]
    assert len(five.holds()) == 5


def test_attempts_are_counted_once(five: Compared) -> None:
    five.land(*people(5))
    five.plan()
    for attempts in range(3):
        delivery = five.take(later=1000)
        assert delivery.attempts == attempts
        five.postpone(delivery)
    assert row(five)["attempts"] == 3
    assert row(five)["trouble"] == "down"
    five.settle(delivery)
    assert five.at.value("SELECT max(attempts) FROM activation.delivery WHERE number = 2") == 3
