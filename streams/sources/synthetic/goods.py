"""What the generated shop sells: clothes, shoes and things for the home, of invented brands.

Decides products, prices and how much they are liked. Must never know who buys.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from streams.sources.synthetic.chance import Chance

BRANDS = ("Nordlicht", "Fährmann", "Linden & Söhne", "Käte Krause", "Uferweg", "Kolibri", "Hafenjunge")
COLOURS = ("schwarz", "marine", "wollweiß", "moosgrün", "rostrot", "grau meliert")
SIZES = ("S", "M", "L", "XL")
UNSIZED = ("Wohnen/Küche", "Wohnen/Textil")
# category: (kinds of product, lowest and highest price in cents)
RANGES: dict[str, tuple[tuple[str, ...], int, int]] = {
    "Damen/Kleider": (("Leinenkleid", "Jerseykleid", "Hemdblusenkleid"), 4_990, 14_990),
    "Damen/Jacken": (("Steppjacke", "Trenchcoat", "Strickjacke"), 6_990, 24_990),
    "Herren/Hemden": (("Oxfordhemd", "Flanellhemd", "Leinenhemd"), 3_990, 8_990),
    "Herren/Hosen": (("Chino", "Jeans", "Cordhose"), 4_990, 11_990),
    "Schuhe": (("Sneaker", "Chelsea Boots", "Gummistiefel", "Hausschuhe"), 3_990, 15_990),
    "Wohnen/Küche": (("Teekanne", "Schneidebrett", "Brotkasten"), 1_490, 7_990),
    "Wohnen/Textil": (("Bettwäsche", "Frottiertuch", "Wolldecke"), 1_290, 9_990),
    "Kinder": (("Regenhose", "Ringelshirt", "Matschjacke"), 1_290, 5_990),
}


class Product(NamedTuple):
    """One variant, as a shop's list names it. `price_minor` is gross, in cents."""

    product_id: str
    sku: str
    name: str
    brand: str
    category: str
    price_minor: int


@dataclass(frozen=True)
class Goods:
    """All variants, the best-liked first; `reach` accumulates how much they are liked."""

    products: tuple[Product, ...]
    reach: tuple[float, ...]

    def pick(self, chance: Chance) -> Product:
        """One variant; few products take most of the sales."""
        return chance.choices(self.products, cum_weights=self.reach)[0]


def stock(seed: int) -> Goods:
    """The shop's whole range: some 250 variants; sizes share a product id."""
    chance = Chance(seed, "goods")
    products: list[Product] = []
    for category, (kinds, lowest, highest) in RANGES.items():
        for kind in kinds:
            for colour in chance.sample(COLOURS, 3):
                number = 1000 + len(products)
                price = chance.between(lowest // 1000, highest // 1000) * 1000 + 990
                brand = chance.choice(BRANDS)
                products += [
                    Product(f"P{number}", f"{number:06}-{size}", f"{kind} {colour}", brand, category, price)
                    for size in (SIZES if category not in UNSIZED else ("U",))
                ]
    chance.shuffle(products)
    return Goods(tuple(products), tuple(accumulate(1 / (place + 3) for place in range(len(products)))))
