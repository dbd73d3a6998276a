"""Visits to the web shop: what people look at, put into the cart and type into the search.

Decides the steps of a visit and whether the tracker knows who it is. Must never place an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streams.sources.synthetic.goods import Product
from streams.sources.synthetic.parameters import SECOND
from streams.sources.synthetic.people import Device, Person
from streams.sources.synthetic.shop import Shop

SITE = "https://shop.example"
PAGES = (
    ("/", "Startseite"),
    ("/neu", "Neu eingetroffen"),
    ("/versand", "Versand und Rückgabe"),
    ("/groessen", "Größentabelle"),
)
REFERRERS = (None, "https://suche.example/", "https://netz.example/feed", "https://preise.example/")
REFERRER_PULLS = (45, 35, 12, 8)
SEARCHES = ("leinenkleid", "sneaker grau", "bettwäsche 155x220", "geschenk", "hausschuhe größe 39", "chino")
NEWSLETTER = ("newsletter", "email", "fruehling")
CAMPAIGNS = (("suche", "cpc", "marke"), ("netz", "paid_social", "jacken"))
STEPS = ("page", "list", "product", "search", "add", "remove", "cart")
STEP_PULLS = (18, 22, 40, 8, 8, 1, 3)
LONGEST = 30


@dataclass
class Visit:
    """A visit under way: `at` moves on with every step, `known` is what each event repeats."""

    shop: Shop
    person: Person
    device: Device
    at: int
    known: dict[str, Any]

    def tell(self, event: str, path: str, **values: Any) -> None:
        """One step at the page `path`; a while passes before the next."""
        self.shop.tell(f"web/tracking/{event}", self.at, url=SITE + path, **self.known, **values)
        self.at += self.shop.chance.wait(35 * SECOND)

    def log_in(self) -> None:
        """The tracker learns who it is, and says so."""
        self.known["user_id"] = self.shop.mistakes.user_id(self.person)
        email = self.shop.mistakes.email(self.person) if self.shop.chance.happens(0.3) else None
        self.tell("identified", "/anmelden", email=email)


def browse(shop: Shop, person: Person, at: int) -> None:
    """A visit that buys nothing."""
    visit = enter(shop, person, at, known=shop.chance.happens(shop.parameters.logged_in))
    for _ in range(min(shop.chance.wait(5), LONGEST)):
        look(visit, shop.chance.choices(STEPS, STEP_PULLS)[0])


def visit_kiosk(shop: Shop, person: Person, at: int) -> None:
    """A look at a branch's terminal, where people log in one after another."""
    kiosk = shop.chance.choice(shop.people.kiosks)
    visit = Visit(shop, person, kiosk, at, _known(shop, kiosk))
    if person.is_registered(at):
        visit.log_in()
    for _ in range(shop.chance.between(1, 3)):
        look(visit, "product")


def enter(shop: Shop, person: Person, at: int, known: bool) -> Visit:
    """A visit at its first page. `known`: the tracker is to know the account, if there is one."""
    chance = shop.chance
    devices = [device for device in person.devices if not (known and device.silent)]
    device = chance.choice(devices) if chance.happens(0.4) else devices[0]
    if chance.happens(shop.parameters.cookie_churn):
        _lose_cookie(shop, device)
    visit = Visit(shop, person, device, at, _known(shop, device))
    if person.newsletter and chance.happens(0.25):
        _follow_campaign(visit, *NEWSLETTER)
    elif chance.happens(0.08):
        _follow_campaign(visit, *chance.choice(CAMPAIGNS))
    if known and person.is_registered(at):
        if chance.happens(0.2):
            visit.log_in()
        else:
            visit.known["user_id"] = shop.mistakes.user_id(person)
    path, title = chance.choice(PAGES)
    referrer = chance.choices(REFERRERS, REFERRER_PULLS)[0]
    visit.tell("page_viewed", path, title=title, referrer=referrer)
    return visit


def look(visit: Visit, step: str) -> None:
    """One step of a visit, by its name in STEPS."""
    chance = visit.shop.chance
    product = visit.shop.goods.pick(chance)
    match step:
        case "page":
            path, title = chance.choice(PAGES)
            visit.tell("page_viewed", path, title=title)
        case "list":
            visit.tell("product_list_viewed", f"/{product.category.lower()}", category=product.category)
        case "product":
            visit.tell("product_viewed", _path(product), **_named(product))
        case "search":
            results = chance.between(0, 60)
            visit.tell("products_searched", "/suche", query=chance.choice(SEARCHES), results=results)
        case "add":
            visit.tell("product_added", _path(product), quantity=1, **_named(product))
        case "remove":
            visit.tell("product_removed", "/warenkorb", quantity=1, **_named(product))
        case "cart":
            visit.tell("cart_viewed", "/warenkorb", **_cart([product]))


def check_out(visit: Visit, basket: Sequence[Product]) -> None:
    """The steps that lead to an order of the basket."""
    for product in basket:
        visit.tell("product_viewed", _path(product), **_named(product))
        visit.tell("product_added", _path(product), quantity=1, **_named(product))
    visit.tell("cart_viewed", "/warenkorb", **_cart(basket))
    total = sum(product.price_minor for product in basket)
    visit.tell("checkout_started", "/kasse", total_minor=total, **_cart(basket))


def _follow_campaign(visit: Visit, source: str, medium: str, campaign: str) -> None:
    utm = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign}
    visit.tell("campaign_clicked", f"/?utm_campaign={campaign}", **utm)


def _lose_cookie(shop: Shop, device: Device) -> None:
    device.id = shop.chance.token()
    for user in device.users:
        shop.truth.claim("device_id", device.id, user)


def _known(shop: Shop, device: Device) -> dict[str, Any]:
    return {
        "device_id": shop.mistakes.device_id(device),
        "session_id": shop.chance.token(),
        "user_agent": device.agent,
        "locale": "de-DE",
    }


def _path(product: Product) -> str:
    return f"/artikel/{product.product_id}"


def _named(product: Product) -> dict[str, Any]:
    return {**product._asdict(), "currency": "EUR"}


def _cart(basket: Sequence[Product]) -> dict[str, Any]:
    return {"products": [{**product._asdict(), "quantity": 1} for product in basket], "currency": "EUR"}
