"""Whom destinations reach: by consent, contact point, merges, excluded segments and fields."""

from __future__ import annotations

from tests.compared import (
    CITY,
    COMPLAINT,
    MAIL,
    Compared,
    consent,
    constraint,
    mail,
    moved,
    people,
    person,
    row,
    withdrawal,
)
from tests.divided import applied, shipped
from tests.feed import SECOND, says


def test_only_the_address_that_consented_goes(fresh: Compared) -> None:
    fresh.land(person(0), person(0, at=3, email=mail(1)), consent(0))
    assert fresh.start() == [("add", mail(0))]
    fresh.land(consent(1, purpose="surveys"))
    assert fresh.plan() == (0, 0)
    fresh.land(withdrawal(0, at=9))
    assert fresh.plan() == (1, 0)
    assert fresh.send() == [("remove", mail(0))]


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


def test_who_complains_leaves_until_it_is_closed(fresh: Compared) -> None:
    audience = MAIL._replace(exclude=(COMPLAINT,))
    fresh.land(applied(COMPLAINT, shipped()["segment", COMPLAINT]), *people(0, 1, 2, 3, 4, 5))
    fresh.start(audience)
    ticket = {"ticket_id": "t1", "email": mail(2), "channel": "email", "kind": "complaint"}
    fresh.land(says("crm/standard/ticket_opened", "t1", 20 * SECOND, **ticket))
    assert fresh.plan(audience) == (1, 0)
    assert fresh.send(audience) == [("remove", mail(2))]
    assert row(fresh)["withdrawn_at"] is None  # they have not withdrawn
    fresh.land(says("crm/standard/ticket_closed", "t2", 30 * SECOND, ticket_id="t1", resolution="solved"))
    assert fresh.plan(audience) == (1, 0)
    assert fresh.send(audience) == [("add", mail(2))]


def test_changed_fields_are_updates(fresh: Compared) -> None:
    fresh.land(*people(1, 2, 3, 4, 5), moved(0, "Ulm", 1), consent(0))
    fresh.start(CITY)
    assert fresh.holds()[mail(0)] == '{"first":"Anna","town":"Ulm"}'
    fresh.land(moved(0, "Bonn", 9))
    assert fresh.plan(CITY) == (1, 0)
    assert fresh.send(CITY) == [("update", mail(0))]
    assert fresh.holds()[mail(0)] == '{"first":"Anna","town":"Bonn"}'
    turned = CITY._replace(fields={"first": "first_name", "town": "city"})
    assert fresh.plan(turned) == (0, 0), "another order in the file is no change"


def test_changed_reasons_are_updates(fresh: Compared) -> None:
    audience = MAIL._replace(fields={"town": "reason.city"})
    fresh.land(*people(1, 2, 3, 4, 5), moved(0, "Ulm", 1), consent(0))
    fresh.start(audience)
    assert fresh.holds()[mail(0)] == '{"town":"Ulm"}'
    assert fresh.holds()[mail(1)] == '{"town":null}'
    fresh.land(moved(0, "Bonn", 9))
    assert fresh.plan(audience) == (1, 0)
    assert fresh.send(audience) == [("update", mail(0))]
    assert fresh.holds()[mail(0)] == '{"town":"Bonn"}'


def test_a_destination_by_telephone(fresh: Compared) -> None:
    phone = MAIL._replace(name="calls", purpose="phone_marketing", contact="phone")
    told = {"phone": "+4930901820", "phone_purpose": "phone_marketing"}
    fresh.land(person(0, phone="+4930901820"), consent(0),
              says("crm/standard/consent_given", "p", SECOND, method="verbal", **told))  # fmt: skip
    assert fresh.start(phone) == [("add", "+4930901820")]
    assert fresh.start(MAIL) == [("add", mail(0))]
    fresh.land(says("crm/standard/consent_withdrawn", "q", 9 * SECOND, **told))
    assert fresh.plan(phone) == (1, 0)
    assert fresh.plan(MAIL) == (0, 0)
    assert fresh.send(phone) == [("remove", "+4930901820")]


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
