"""What destinations are told, step by step, on a real store: who waits, who goes, who never does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sinks.duckdb.activation import Audience, Refused, is_paused, why_not
from sinks.duckdb.sql import script
from tests.compared import (
    ALL,
    MAIL,
    Compared,
    compared,
    consent,
    constraint,
    mail,
    people,
    person,
    told,
    withdrawal,
)
from tests.divided import applied, defined, shipped
from tests.feed import SECOND, says

CITY = MAIL._replace(fields={"town": "city", "first": "first_name"})
COMPLAINT = "open_complaint"


@pytest.fixture
def shop() -> Iterator[Compared]:
    """A store without people."""
    with compared() as made:
        yield made


@pytest.fixture
def five() -> Iterator[Compared]:
    """Five people whom the tool holds."""
    with compared(held=5) as made:
        yield made


def row(shop: Compared, name: str = "mail") -> dict[str, Any]:
    """What `rundum destinations status` reads."""
    cursor = shop.at.connection.execute(script("queries", "destinations").text)
    names = [column[0] for column in cursor.description or ()]
    return next(found for values in cursor.fetchall()
                if (found := dict(zip(names, values, strict=True)))["destination"] == name)  # fmt: skip


def moved(number: int, city: str, at: int) -> Any:
    """They live elsewhere now."""
    return person(number, at, address={"street": "Weg", "house_number": "1", "address_addition": None,
                                       "postal_code": "01067", "city": city, "country": "DE"})  # fmt: skip


def test_the_first_transfer_waits_for_an_approval_which_counts_once(shop: Compared) -> None:
    shop.land(*people(0, 1, 2), person(3), person(4), consent(4, purpose="surveys"))
    assert shop.plan() == (0, 3)
    assert shop.begin() is None
    since = shop.standing()["since"]
    assert shop.plan() == (0, 3)
    assert shop.standing() == {"held": 3, "since": since, "trouble": None}
    shop.decide("approve", 3)
    assert shop.plan() == (3, 0)
    assert shop.send() == [("add", mail(at)) for at in range(3)]
    assert shop.plan() == (0, 0)
    shop.land(*people(*range(10, 20)))
    assert shop.plan() == (0, 10)  # the approval is used
    assert shop.begin() is None


def test_an_approval_covers_what_was_seen_and_a_fifth_more(shop: Compared) -> None:
    shop.land(*people(*range(10)))
    assert shop.plan() == (0, 10)
    shop.decide("approve", 10)
    shop.land(*people(10, 11, 12))
    assert shop.plan() == (0, 13)
    shop.land(withdrawal(12))
    assert shop.plan() == (12, 0)


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


def test_all_that_was_refused_goes_again_at_a_resync_with_an_approval(shop: Compared) -> None:
    shop.land(*people(0, 1, 2))
    shop.plan()
    shop.decide("approve", 3)
    shop.plan()
    refuse(shop)
    assert shop.plan() == (0, 0)
    shop.decide("resync")
    assert shop.plan() == (0, 3)
    shop.decide("approve", 3)
    assert shop.plan() == (3, 0)
    shop.send()
    assert len(shop.holds()) == 3


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


def test_large_changes_go_in_portions_with_a_look_at_consents_before_each(shop: Compared) -> None:
    audience = MAIL._replace(portion=4)
    shop.land(*people(*range(10)))
    shop.plan(audience)
    shop.decide("approve", 10)
    assert shop.plan(audience) == (10, 0)
    first = shop.take(audience)
    assert told(first) == [("add", mail(at)) for at in range(4)]
    shop.settle(first)
    shop.land(withdrawal(0), withdrawal(5))
    assert shop.plan(audience) == (1, 0)
    sent = shop.send(audience)
    assert sent == [("remove", mail(0)), *(("add", mail(at)) for at in (4, 6, 7, 8, 9))]
    ids = shop.at.rows("SELECT count(*), count(DISTINCT delivery_id) FROM activation.delivery")
    assert ids == [(4, 4)]


def test_only_the_address_that_consented_goes(shop: Compared) -> None:
    shop.land(person(0), person(0, at=3, email=mail(1)), consent(0))
    assert shop.start() == [("add", mail(0))]
    shop.land(consent(1, purpose="surveys"))
    assert shop.plan() == (0, 0)
    shop.land(withdrawal(0, at=9))
    assert shop.plan() == (1, 0)
    assert shop.send() == [("remove", mail(0))]


def test_a_merge_and_an_unmerge_of_two_who_are_held_send_nothing(five: Compared) -> None:
    left, right = ("user_id", "u0"), ("user_id", "u1")
    for at, verdict in enumerate(("must", "cannot", "must"), 10):
        five.land(constraint(left, right, verdict, at), look=False)
        assert five.plan() == (0, 0), "before segments have looked"
        five.look()
        assert five.plan() == (0, 0), "after"
    assert len(five.holds()) == 5


def test_a_large_change_waits_even_while_segments_have_yet_to_look_at_most_of_it(five: Compared) -> None:
    five.land(*people(*range(10, 20)))
    assert five.plan() == (0, 10)
    since = five.standing()["since"]
    five.land(*(person(at, at=9) for at in range(10, 19)), look=False)
    assert five.plan() == (0, 10)
    five.decide("approve", 10)
    assert five.standing()["since"] == since
    assert five.plan() == (10, 0)


def test_a_merge_never_widens_consent(five: Compared) -> None:
    five.land(person(7))
    five.land(constraint(("user_id", "u0"), ("user_id", "u7"), "must", 10))
    assert five.plan() == (0, 0)
    five.land(withdrawal(0, at=11))
    assert five.plan() == (1, 0)
    assert five.send() == [("remove", mail(0))]


def test_a_browser_cannot_consent_for_a_stranger(five: Compared) -> None:
    five.land(person(8, newsletter_opt_in=True))
    five.plan()
    sent = five.send()
    status = five.at.rows("SELECT status FROM consents WHERE contact = ?", [mail(8)])
    assert status in ([("unproven",)], [("requested",)])
    assert sent == []


def test_who_complains_leaves_until_it_is_closed(shop: Compared) -> None:
    audience = MAIL._replace(exclude=(COMPLAINT,))
    shop.land(applied(COMPLAINT, shipped()["segment", COMPLAINT]), *people(0, 1, 2, 3, 4, 5))
    shop.start(audience)
    ticket = {"ticket_id": "t1", "email": mail(2), "channel": "email", "kind": "complaint"}
    shop.land(says("crm/standard/ticket_opened", "t1", 20 * SECOND, **ticket))
    assert shop.plan(audience) == (1, 0)
    assert shop.send(audience) == [("remove", mail(2))]
    assert row(shop)["withdrawn_at"] is None  # they have not withdrawn
    shop.land(says("crm/standard/ticket_closed", "t2", 30 * SECOND, ticket_id="t1", resolution="solved"))
    assert shop.plan(audience) == (1, 0)
    assert shop.send(audience) == [("add", mail(2))]


def test_changed_fields_are_updates(shop: Compared) -> None:
    shop.land(*people(1, 2, 3, 4, 5), moved(0, "Ulm", 1), consent(0))
    shop.start(CITY)
    assert shop.holds()[mail(0)] == '{"first":"Anna","town":"Ulm"}'
    shop.land(moved(0, "Bonn", 9))
    assert shop.plan(CITY) == (1, 0)
    assert shop.send(CITY) == [("update", mail(0))]
    assert shop.holds()[mail(0)] == '{"first":"Anna","town":"Bonn"}'
    turned = CITY._replace(fields={"first": "first_name", "town": "city"})
    assert shop.plan(turned) == (0, 0), "another order in the file is no change"


def test_changed_reasons_are_updates(shop: Compared) -> None:
    audience = MAIL._replace(fields={"town": "reason.city"})
    shop.land(*people(1, 2, 3, 4, 5), moved(0, "Ulm", 1), consent(0))
    shop.start(audience)
    assert shop.holds()[mail(0)] == '{"town":"Ulm"}'
    assert shop.holds()[mail(1)] == '{"town":null}'
    shop.land(moved(0, "Bonn", 9))
    assert shop.plan(audience) == (1, 0)
    assert shop.send(audience) == [("update", mail(0))]
    assert shop.holds()[mail(0)] == '{"town":"Bonn"}'


def refuse(shop: Compared, audience: Audience = MAIL) -> None:
    """The tool takes nothing of what goes next."""
    delivery = shop.take(audience)
    shop.settle(delivery, [Refused(item.place, 400, "no") for item in delivery.items])


def test_refused_rows_go_again_when_they_change_or_at_a_resync(shop: Compared) -> None:
    shop.land(*people(1, 2, 3, 4, 5), moved(0, "Ulm", 1), consent(0))
    shop.start(CITY._replace(exclude=()))
    shop.land(*people(6))
    shop.plan(CITY)
    refuse(shop, CITY)
    assert mail(6) not in shop.holds()
    assert (row(shop)["refused"], row(shop)["holds"]) == (1, 6)
    assert shop.plan(CITY) == (0, 0)
    shop.land(moved(6, "Ulm", 5))
    assert shop.plan(CITY) == (1, 0)
    refuse(shop, CITY)
    assert shop.plan(CITY) == (0, 0)
    shop.decide("resync")
    assert shop.plan(CITY) == (7, 0)
    assert ("add", mail(6)) in shop.send(CITY)
    assert mail(6) in shop.holds()


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


def test_a_destination_by_telephone(shop: Compared) -> None:
    phone = MAIL._replace(name="calls", purpose="phone_marketing", contact="phone")
    told = {"phone": "+4930901820", "phone_purpose": "phone_marketing"}
    shop.land(person(0, phone="+4930901820"), consent(0),
              says("crm/standard/consent_given", "p", SECOND, method="verbal", **told))  # fmt: skip
    assert shop.start(phone) == [("add", "+4930901820")]
    assert shop.start(MAIL) == [("add", mail(0))]
    shop.land(says("crm/standard/consent_withdrawn", "q", 9 * SECOND, **told))
    assert shop.plan(phone) == (1, 0)
    assert shop.plan(MAIL) == (0, 0)
    assert shop.send(phone) == [("remove", "+4930901820")]


def test_nobody_goes_for_a_purpose_that_nobody_has(five: Compared) -> None:
    surveys = MAIL._replace(name="surveys", purpose="surveys")
    assert five.plan(surveys) == (0, 0)
    assert five.begin(surveys) is None
    assert five.standing("surveys") == {"held": 0, "since": None, "trouble": None}


def test_a_late_withdrawal_and_a_later_consent_are_weighed_by_their_own_times(five: Compared) -> None:
    five.land(consent(0, at=9))
    five.land(withdrawal(0, at=5))
    assert five.plan() == (0, 0)
    five.land(withdrawal(0, at=9))
    assert five.plan() == (1, 0)


def test_order_is_kept_for_each_contact(five: Compared) -> None:
    five.land(applied(ALL, "-- owner: T\n-- description: d.\n-- refresh: live\nSELECT customer_id FROM "
                      f"customers WHERE kind = 'person' AND email <> '{mail(0)}'", at=50))  # fmt: skip
    assert five.plan() == (1, 0)
    five.postpone(five.take(), seconds=0)
    five.land(defined(ALL, "SELECT customer_id FROM customers WHERE kind = 'person'", at=60))
    assert five.plan() == (1, 0)
    assert [five.send()] == [[("remove", mail(0)), ("add", mail(0))]]
    assert len(five.holds()) == 5


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
