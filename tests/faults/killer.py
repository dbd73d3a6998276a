"""`rundum`, in which handling certain records ends the process, or fails as nobody expected.

Children that multiprocessing spawns import this module too, and so have the same fault.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping

import streams.pipeline
from schemas.catalogue import Catalogue
from streams.core.model import Batch, Reading
from streams.core.read import read
from streams.core.writers import Writer

KILLS, RAISES = b"this record kills", b"this record raises"


def deadly(batch: Batch, catalogue: Catalogue, writers: Mapping[int, Writer]) -> Reading:
    """Reads a batch, unless one of its records holds the mark."""
    for record in batch.records:
        if KILLS in (record.value or b""):
            os.kill(os.getpid(), signal.SIGKILL)
        if RAISES in (record.value or b""):
            raise ZeroDivisionError("as nobody expected")
    return read(batch, catalogue, writers)


streams.pipeline.read = deadly  # type: ignore[attr-defined]

if __name__ == "__main__":
    from streams.cli import start

    sys.argv[0] = "rundum"
    start()
