"""Orders: what is bought, by whom, how, and what it costs.

Decides the order as placed; its later life is in fulfilment.py. Must never ship anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.sources.synthetic.fulfilment import Bought, fulfil
from streams.sources.synthetic.goods import Product
from streams.sources.synthetic.parameters import DAY, HOUR
from streams.sources.synthetic.people import Person
from streams.sources.synthetic.shop import Shop
from streams.sources.synthetic.visits import check_out, enter

VAT_PERCENT = 19
SHIPPING_FREE_FROM = 6_900
SHIPPING = 490
COUPONS = {"FRUEHLING10": 10, "WILLKOMMEN5": 5}  # per cent off
PAYMENTS = ("invoice", "paypal", "card", "prepayment")
PAYMENT_PULLS = (38, 34, 22, 6)
LARGEST_BASKET = 6


def order_online(shop: Shop, person: Person, at: int) -> None:
    """A visit that ends in an order; registered people sometimes order as guests."""
    guest = not person.is_registered(at) or shop.chance.happens(shop.parameters.guest_orders)
    basket = _basket(shop)
    visit = enter(shop, person, at, known=not guest)
    check_out(visit, basket)
    who: dict[str, Any] = {"guest": guest, "channel": "web"}
    if not visit.device.silent:
        who["device_id"] = visit.known["device_id"]
    if guest:
        who["email"] = shop.mistakes.email(person)
        who["phone"] = shop.mistakes.phone(person) if shop.chance.happens(0.5) else None
    else:
        who |= {"user_id": person.user_id, "customer_no": person.customer_no}
        who["email"] = shop.mistakes.email(person) if shop.chance.happens(0.8) else None
    _place(shop, person, visit.at, basket, who)


def order_by_phone(shop: Shop, person: Person, at: int) -> None:
    """An order that the call centre types in."""
    registered = person.is_registered(at)
    who = {
        "guest": not registered,
        "channel": "phone",
        "customer_no": person.customer_no if registered else None,
        "phone": person.mobile,
        "email": shop.mistakes.email(person) if shop.chance.happens(0.6) else None,
    }
    _place(shop, person, at, _basket(shop), who)


def priced(basket: Sequence[Product], percent_off: int) -> dict[str, Any]:
    """The lines and sums of an order, in cents, gross; VAT is contained in the totals."""
    lines = []
    for number, product in enumerate(basket, 1):
        discount = product.price_minor * percent_off // 100
        total = product.price_minor - discount
        lines.append(
            {
                "line_id": str(number),
                **{key: value for key, value in product._asdict().items() if key != "price_minor"},
                "quantity": 1,
                "unit_price_minor": product.price_minor,
                "discount_minor": discount,
                "tax_minor": _contained_vat(total),
                "total_minor": total,
            }
        )
    subtotal = sum(product.price_minor for product in basket)
    discount = sum(line["discount_minor"] for line in lines)
    shipping = 0 if subtotal >= SHIPPING_FREE_FROM else SHIPPING
    total = subtotal - discount + shipping
    return {
        "lines": lines,
        "subtotal_minor": subtotal,
        "discount_minor": discount,
        "shipping_minor": shipping,
        "tax_minor": _contained_vat(total),
        "total_minor": total,
        "currency": "EUR",
    }


def _place(shop: Shop, person: Person, at: int, basket: list[Product], who: dict[str, Any]) -> None:
    chance = shop.chance
    coupon = chance.choice(tuple(COUPONS)) if chance.happens(0.12) else None
    costs = priced(basket, COUPONS[coupon] if coupon else 0)
    bought = Bought(
        shop=shop,
        person=person,
        order_id=shop.issue("order", person),
        user_id=who.get("user_id"),
        lines=costs["lines"],
        total_minor=costs["total_minor"],
        payment=chance.choices(PAYMENTS, PAYMENT_PULLS)[0],
        promised_by=at - at % DAY + chance.between(2, 5) * DAY + 19 * HOUR,
    )
    shop.tell(
        "shop/standard/order_placed",
        at,
        order_id=bought.order_id,
        billing_address=_written(person),
        coupon=coupon,
        payment_method=bought.payment,
        promised_by=bought.promised_by,
        **who,
        **costs,
        **_delivery(shop, person),
    )
    fulfil(bought, at)


def _delivery(shop: Shop, person: Person) -> dict[str, Any]:
    if not shop.chance.happens(shop.parameters.gifts):
        return {"shipping_address": _written(person)}
    friend = shop.chance.choice(shop.people.people)
    contact = (
        ("recipient_email", friend.emails[0])
        if shop.chance.happens(0.5)
        else ("recipient_phone", friend.mobile)
    )
    return {"gift": True, "shipping_address": _written(friend), contact[0]: contact[1]}


def _written(person: Person) -> dict[str, Any]:
    """Where bills and parcels of the person go."""
    return person.address.written(first_name=person.first_name, last_name=person.last_name, company=None)


def _basket(shop: Shop) -> list[Product]:
    return [shop.goods.pick(shop.chance) for _ in range(min(shop.chance.wait(2), LARGEST_BASKET))]


def _contained_vat(gross: int) -> int:
    return (gross * VAT_PERCENT + (100 + VAT_PERCENT) // 2) // (100 + VAT_PERCENT)
