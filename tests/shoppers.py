"""People told by hand, for tests of segments: each is one e-mail address, known to shop, web and CRM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from sinks.duckdb.answers import answer, asked
from sinks.duckdb.database import Statements
from sinks.duckdb.segments import Segments
from sinks.duckdb.store import Store
from tests.divided import check_history, segments_of, ticked, time_of
from tests.feed import Said, batch_of, land, new_store, says

_numbers = count()
HOUR = 3_600_000_000


def mail(who: str) -> str:
    """The address of a person."""
    return f"{who}@shop.de"


def told(event_type: str, at: int, **fields: Any) -> Said:
    """An event with an id of its own."""
    return says(event_type, f"e{next(_numbers)}", at, **fields)


def orders(who: str, *times: int, total: int = 1000, **fields: Any) -> list[Said]:
    """Orders of a person, numbered `<who>-0` and so on."""
    return [
        told(
            "shop/standard/order_placed", at, order_id=f"{who}-{number}", email=mail(who),
            subtotal_minor=total, total_minor=total, **{"currency": "EUR", "lines": []} | fields,
        )
        for number, at in enumerate(times)
    ]  # fmt: skip


def returned(who: str, number: int, at: int) -> Said:
    """Goods of an order come back."""
    return told(
        "shop/standard/order_returned", at, order_id=f"{who}-{number}", return_id=f"{who}-{number}", lines=[]
    )


def ticket(who: str, at: int, kind: str = "complaint", number: int = 0, channel: str = "email") -> Said:
    """A service case."""
    return told(
        "crm/standard/ticket_opened", at, ticket_id=f"{who}-t{number}", email=mail(who), kind=kind,
        channel=channel, subject="-", text="-",
    )  # fmt: skip


def closed(who: str, at: int, number: int = 0) -> Said:
    """Its end."""
    return told("crm/standard/ticket_closed", at, ticket_id=f"{who}-t{number}")


def visitor(who: str, at: int) -> Said:
    """The person's browser learns who they are."""
    return told("web/tracking/identified", at, device_id=f"{who}-d", user_id=f"{who}-u", email=mail(who))


def account(who: str, at: int) -> Said:
    """The shop says so too."""
    return told(
        "shop/standard/account_created", at, user_id=f"{who}-u", email=mail(who), newsletter_opt_in=False
    )


def web(event: str, who: str, at: int, **fields: Any) -> Said:
    """Something in the person's browser, logged in."""
    known: dict[str, Any] = {"device_id": f"{who}-d", "user_id": f"{who}-u", "url": "https://shop.de/"}
    return told(f"web/tracking/{event}", at, **known | fields)


def viewed(who: str, *times: int, category: str | None = "Schuhe") -> list[Said]:
    """Product pages seen, by somebody with an account."""
    return [account(who, min(times)), *(
        web("product_viewed", who, at, product_id="p", name="P", category=category) for at in times
    )]  # fmt: skip


def added(who: str, at: int, name: str = "P") -> list[Said]:
    """Something put into the cart."""
    return [account(who, at), web("product_added", who, at, product_id="p", name=name, quantity=1)]


def agreed(who: str, at: int) -> Said:
    """Consent to the newsletter."""
    return told(
        "crm/standard/consent_given", at, email=mail(who), email_purpose="newsletter", method="double_opt_in",
        text_version="1",
    )  # fmt: skip


def clicked(who: str, at: int, medium: str = "email") -> list[Said]:
    """A campaign link followed."""
    url = f"https://shop.de/?utm_medium={medium}"
    return [
        account(who, at),
        web("campaign_clicked", who, at, url=url, utm_medium=medium, utm_campaign="may"),
    ]


FOUND = (
    "SELECT text.value, said FROM identity.node AS node JOIN identity.identifier AS text USING (node) JOIN ("
    "SELECT customer_id, segment AS said FROM segment.membership WHERE until IS NULL UNION ALL"
    " SELECT customer_id, trait || '=' || value FROM profile.computed) AS found"
    " ON customer_id = node.customer"
)


@dataclass
class Watched:
    """A store whose segments are looked at when a test says so."""

    store: Store
    segments: Segments
    landed: int = 0

    def tell(self, events: Iterable[Said], at: int | None = None) -> None:
        """Lands events, and looks at segments at a time, if one is given."""
        told = list(events)
        if at is not None:
            told.append(ticked(at))
        land(self.store, [batch_of(told, first=self.landed)])
        self.landed += len(told)
        if at is not None:
            self.segments.catch_up(time_of(at))

    def found(self) -> set[tuple[str, str]]:
        """Every identifier's text with the segments it is in, and its computed traits as name=value."""
        return {(str(who), str(what)) for who, what in self.rows(FOUND)}

    def members(self, segment: str) -> set[str]:
        """The people in a segment: what stands before the @ of their addresses."""
        return {who.split("@")[0] for who, what in self.found() if what == segment and "@" in who}

    def errors(self) -> dict[str, str]:
        """What went wrong, by the names of definitions."""
        return dict(self.rows("SELECT name, error FROM segment.refresh WHERE error IS NOT NULL"))

    @property
    def rows(self) -> Callable[..., list[tuple[Any, ...]]]:
        """The rows of a query."""
        return self.store.database.rows


@contextmanager
def watched(at_once: int = 1000) -> Iterator[Watched]:
    """A new store; in the end nobody is left to be looked at, and its history holds."""
    with new_store() as store, segments_of(store) as segments:
        segments.at_once = at_once
        yield Watched(store, segments)
        check_history(store)
        assert store.database.rows("FROM segment.touched") == []


def whole(shop: Watched, name: str, at: int) -> set[tuple[object, ...]]:
    """What a definition answers about everybody at once."""
    statements = Statements(shop.store.database.connection.cursor())
    statements.step("segment_begin")
    for one in shop.segments.definitions():
        if one.name == name:
            answer(statements, one, asked(one, time_of(at)))
    found = set(statements.rows("SELECT customer_id, reason FROM found"))
    statements.connection.close()
    return found


def held(shop: Watched, name: str) -> set[tuple[object, ...]]:
    """What was found bit by bit."""
    sql = "SELECT customer_id, reason FROM segment.membership WHERE until IS NULL AND segment = ?"
    return set(shop.rows(sql, [name]))
