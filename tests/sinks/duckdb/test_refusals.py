"""Rows that a tool refused: kept, and told again when that means something."""

from __future__ import annotations

from datetime import timedelta

from tests.compared import (
    CITY,
    Compared,
    consent,
    mail,
    moved,
    people,
    refuse,
    row,
    withdrawal,
)


def test_refused_rows_go_again_when_they_change_or_at_a_resync(fresh: Compared) -> None:
    fresh.land(*people(1, 2, 3, 4, 5), moved(0, "Ulm", 1), consent(0))
    fresh.start(CITY._replace(exclude=()))
    fresh.land(*people(6))
    fresh.plan(CITY)
    refuse(fresh, CITY)
    assert mail(6) not in fresh.holds()
    assert (row(fresh)["refused"], row(fresh)["holds"]) == (1, 6)
    assert fresh.plan(CITY) == (0, 0)
    fresh.land(moved(6, "Ulm", 5))
    assert fresh.plan(CITY) == (1, 0)
    refuse(fresh, CITY)
    assert fresh.plan(CITY) == (0, 0)
    fresh.decide("resync")
    assert fresh.plan(CITY) == (7, 0)
    assert ("add", mail(6)) in fresh.send(CITY)
    assert mail(6) in fresh.holds()


def test_a_refusal_counts_no_longer_than_it_is_the_last_word(five: Compared) -> None:
    five.land(*people(5))
    five.plan()
    refuse(five)
    five.decide("resync")
    five.plan()
    five.send()
    five.land(withdrawal(5))
    five.plan()
    assert five.send() == [("remove", mail(5))]
    five.land(consent(5, at=9))
    assert five.plan() == (1, 0)  # refused long ago, taken since


def test_a_refused_removal_is_no_delivered_withdrawal_and_a_new_one_goes_again(five: Compared) -> None:
    five.land(withdrawal(1))
    five.plan()
    refuse(five)
    assert row(five)["withdrawn_at"] is None
    assert mail(1) in five.holds()
    assert five.plan() == (0, 0)
    five.land(consent(1, at=5))
    assert five.plan() == (0, 0)
    five.land(withdrawal(1, at=200_000))
    assert five.plan() == (1, 0)
    assert five.send() == [("remove", mail(1))]


def test_all_that_was_refused_goes_again_at_a_resync_with_an_approval(fresh: Compared) -> None:
    fresh.land(*people(0, 1, 2))
    fresh.plan()
    fresh.decide("approve", 3)
    fresh.plan()
    refuse(fresh)
    assert fresh.plan() == (0, 0)
    fresh.decide("resync")
    assert fresh.plan() == (0, 3)
    fresh.decide("approve", 3)
    assert fresh.plan() == (3, 0)
    fresh.send()
    assert len(fresh.holds()) == 3


def test_what_was_sent_is_kept_for_thirty_days_and_refusals_longer(five: Compared) -> None:
    five.land(*people(5))
    five.plan()
    refuse(five)
    five.at.run("UPDATE activation.delivery SET sent_at = sent_at - ?", [timedelta(days=31)])
    five.land(withdrawal(1))
    five.plan()
    five.send()
    rows = five.at.rows("SELECT contact, outcome FROM activation.item ORDER BY 1")
    assert rows == [(mail(1), "taken"), (mail(5), "refused")]
    assert five.at.rows("SELECT count(*) FROM activation.delivery") == [(2,)]
    assert five.plan() == (0, 0)
