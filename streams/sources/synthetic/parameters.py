"""What the generated shop is made of: sizes, calendar, seed, and shares of everything.

Decides the numbers alone. Must never draw a random one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True)
class Parameters:
    """The generated shop in numbers. Shares lie between 0 and 1; the same parameters give the same bytes.

    `people` shop there between `first_day` and `last_day` and cause about `events` records, copies
    included: whatever orders, accounts and service leave open of that number, visits to the web shop fill.
    With fewer than about ten events for each person there is nothing to fill, and more are told than asked
    for: an order with all around it comes to some 17 records, an account to 4.
    """

    people: int = 300
    events: int = 10_000
    seed: int = 1
    first_day: date = date(2026, 1, 1)
    last_day: date = date(2026, 6, 30)

    # Who they are.
    registered: float = 0.75  # people with an account; the others order as guests
    second_email: float = 0.12
    landline: float = 0.30  # households with one; everybody in the household gives it out
    couples: float = 0.35  # people who live as a couple
    couples_sharing: float = 0.15  # couples that use one device together
    silent_devices: float = 0.15  # further devices never seen together with any other identifier
    kiosks: int = 2  # devices in the branches: many people log in, nobody owns them
    social: float = 0.08  # people with a handle on a social network

    # What they do.
    orders: float = 0.03  # for each of `events`
    guest_orders: float = 0.12  # orders of registered people that they place without logging in
    gifts: float = 0.06
    by_phone: float = 0.04  # orders taken by the call centre
    cancelled: float = 0.04
    delivered_late: float = 0.12
    returned: float = 0.28  # of delivered orders
    complaints: float = 0.35  # of orders delivered late
    questions: float = 0.15  # service cases for each order, beside complaints
    newsletter: float = 0.3
    withdrawals: float = 0.12  # of confirmed newsletter consents
    logged_in: float = 0.45  # visits of registered people on devices that know them
    cookie_churn: float = 0.03  # visits that begin with a new device id
    kiosk_visits: float = 0.02

    # What goes wrong with identifiers.
    typo_email: float = 0.004  # e-mail addresses typed into a form that belong to a stranger
    junk: float = 0.02  # identifiers replaced with null, 0000, test@test.de, a marketplace's relay ...
    duplicate_contacts: float = 0.15  # service cases filed under a new contact of a known person
    merged_contacts: float = 0.60  # of those, found and merged later

    # What goes wrong on the way.
    duplicates: float = 0.02
    late: float = 0.02  # hours to days
    out_of_order: float = 0.05  # minutes
    conflicts: float = 0.0  # copies under the same event id that say something else

    @property
    def opens_at(self) -> int:
        """The first instant of the calendar, in microseconds since 1970, UTC."""
        return _midnight(self.first_day)

    @property
    def closes_at(self) -> int:
        """The first instant after the calendar."""
        return _midnight(self.last_day + timedelta(days=1))


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND


DEMO = Parameters()
QUALITY = Parameters(people=20_000, events=200_000, orders=0.02, kiosks=20)
