"""Random numbers by purpose, so that one part of the shop can change without changing the others' luck.

Decides how a seed becomes draws. Must never use the module `random`'s shared state, the clock or hash().
"""

from __future__ import annotations

from random import Random


class Chance(Random):
    """A stream of draws for one purpose, the same for the same seed in every process."""

    def __new__(cls, seed: int, purpose: str) -> Chance:  # noqa: ARG004 (Random.__new__ takes one argument)
        """An unseeded stream; `__init__` seeds it."""
        return super().__new__(cls)

    def __init__(self, seed: int, purpose: str) -> None:
        """The stream of `purpose` under `seed`; text seeds are digested by SHA-512."""
        super().__init__(f"{seed}/{purpose}")

    def happens(self, share: float) -> bool:
        """Whether something with this probability happens; always one draw."""
        return self.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def wait(self, mean: int) -> int:
        """A waiting time with this mean, in its unit, at least 1 and at most 8 means."""
        return min(1 + int(self.expovariate(1.0 / mean)), 8 * mean)

    def token(self, bits: int = 64) -> str:
        """An opaque id in hexadecimal."""
        return f"{self.getrandbits(bits):0{bits // 4}x}"
