"""The generated shop: people, their devices and lives, told as events of the shipped contracts.

`generate` gives the events, `Truth` who is really who, `pairwise` the quality of a guess at it.
"""

from streams.sources.synthetic.life import generate, truth
from streams.sources.synthetic.owners import Truth
from streams.sources.synthetic.parameters import DEMO, QUALITY, Parameters
from streams.sources.synthetic.quality import Quality, pairwise
from streams.sources.synthetic.shop import Event

__all__ = ["DEMO", "QUALITY", "Event", "Parameters", "Quality", "Truth", "generate", "pairwise", "truth"]
