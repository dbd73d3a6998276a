"""The truth about identifiers agrees with the events that show them, and with the rules' normaliser."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache

import pytest

from schemas.catalogue import load
from streams.core.normalise import normalise
from streams.sources.synthetic import QUALITY, Event, Truth, generate, truth
from streams.sources.synthetic.mistakes import JUNK
from streams.sources.synthetic.owners import Identifier
from streams.sources.synthetic.shop import forms

TOWN = replace(QUALITY, people=2_000, events=30_000, orders=0.04, typo_email=0.02, couples_sharing=0.5)


@cache
def lived() -> tuple[list[Event], dict[Identifier, int | None]]:
    learnt = Truth()
    events = list(generate(TOWN, learnt))
    return events, learnt.owners


def identifiers(event: Event) -> list[Identifier]:
    found = []
    for name, kind in forms()[event.type].identifiers:
        value = event.datum[name]
        found += [(kind, one) for one in (value if isinstance(value, list) else [value]) if one is not None]
    return found


def test_truth_knows_exactly_what_was_seen() -> None:
    events, owners = lived()
    assert {identifier for event in events for identifier in identifiers(event)} == owners.keys()
    assert all(owner is None or 1 <= owner <= TOWN.people for owner in owners.values())


def test_truth_alone_equals_truth_by_the_way() -> None:
    small = replace(TOWN, people=100, events=1_000)
    learnt = Truth()
    for _ in generate(small, learnt):
        pass
    assert truth(small).owners == learnt.owners


def test_forms_know_every_id_mark() -> None:
    for name, form in forms().items():
        assert len(form.identifiers) == len(load().events[name].marked("id"))


def test_spellings_of_one_identifier_have_one_owner() -> None:
    kinds, owned = load().kinds, dict[Identifier, int | None]()
    for (kind, value), owner in lived()[1].items():
        normal = normalise(kinds[kind], value)
        if owner is None or normal.blocked:
            continue
        assert owned.setdefault((kind, normal.value), owner) == owner
    assert len(owned) < sum(owner is not None for owner in lived()[1].values())


def test_own_identifiers_count_and_junk_does_not() -> None:
    kinds = load().kinds
    assert all(normalise(kinds[kind], value).blocked for kind, values in JUNK.items() for value in values)
    blocked = [key for key, owner in lived()[1].items() if owner and normalise(kinds[key[0]], key[1]).blocked]
    assert len(blocked) < 3


def test_an_order_belongs_to_the_account_that_placed_it() -> None:
    events, owners = lived()
    accounts = {
        (owners["order", event.datum["order_id"]], owners["user_id", event.datum["user_id"]])
        for event in events
        if event.type == "shop/standard/order_placed" and event.datum["user_id"]
    }
    assert accounts
    assert all(orderer == holder for orderer, holder in accounts)


def test_slips_reach_strangers() -> None:
    events, owners = lived()
    orders = [event.datum for event in events if event.type == "shop/standard/order_placed"]
    with_email = [datum for datum in orders if datum["email"]]
    typed = [(owners["email", datum["email"]], owners["order", datum["order_id"]]) for datum in with_email]
    slips = [owner for owner, orderer in typed if owner not in (None, orderer)]
    assert len(slips) / len(typed) == pytest.approx(TOWN.typo_email, abs=0.015)


def test_shared_devices_belong_to_nobody_and_some_devices_stay_silent() -> None:
    events, owners = lived()
    users: dict[str, set[int | None]] = defaultdict(set)
    company: dict[str, set[Identifier]] = defaultdict(set)
    for event in events:
        if device := event.datum.get("device_id"):
            company[device] |= set(identifiers(event)) - {("device_id", device)}
            if user := event.datum.get("user_id"):
                users[device].add(owners["user_id", user])
    shared = [device for device, seen in users.items() if len(seen - {None}) > 1]
    assert max(len(users[device]) for device in shared) > 4
    assert all(owners["device_id", device] is None for device in shared)
    silent = [device for device in company if not company[device] and owners["device_id", device]]
    assert 0.05 < len(silent) / len(company) < 0.6


def test_duplicate_contacts_are_merged_into_one_of_the_same_person() -> None:
    events, owners = lived()
    merged = [event.datum for event in events if event.type == "crm/standard/contact_merged"]
    assert merged
    for datum in merged:
        contacts = [datum["surviving_contact_id"], *datum["merged_contact_ids"]]
        assert len(contacts) == len(set(contacts)) == 2
        assert len({owners["crm_contact", contact] for contact in contacts}) == 1
