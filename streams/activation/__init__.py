"""Segments on their way to the tools that use them: one courier a destination, none in another's way.

`Activation` runs them beside landing; `Courier` compares, sends and notes for one destination.
"""

from streams.activation.couriers import Activation
from streams.activation.sending import audience_of

__all__ = ["Activation", "audience_of"]
