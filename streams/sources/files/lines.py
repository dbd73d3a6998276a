"""The lines of a text file, whatever is in them.

Decides how bytes become lines. Must never stop at a bad byte or an endless line, nor know what lines mean.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from streams.sources.files.table import FileError

LONGEST_ROW = 1_048_576
MOST_LINES = 1_000
SAMPLE = 65_536
PACE = 1_000
MARKED = re.compile("[\ud800-\udfff]")


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Each byte that cannot be decoded as a lone surrogate, which no text has."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error("rundum-mark", _mark)


class RowTooLong(ValueError):
    """A row of more characters or lines than any event could hold."""


class Lines:
    """Lines with their ends, for `csv.reader` and others; those of the row being read are remembered.

    So a row's text is known, and a row that turns out broken gives back all its lines but the first.
    """

    def __init__(self, file: Path, encoding: str, newline: str, stack: ExitStack) -> None:
        """`newline` as for `open`: "" ends lines at CR, LF or both, "\\n" only at LF. Raises FileError."""
        self._bytes: IO[bytes] = stack.enter_context(file.open("rb"))
        self._size = file.stat().st_size
        check_text(file, self._bytes.read(SAMPLE), encoding)
        self._bytes.seek(0)
        self._text = stack.enter_context(
            io.TextIOWrapper(self._bytes, encoding, errors="rundum-mark", newline=newline)
        )
        self._given_back: deque[str] = deque()
        self._row: list[str] = []
        self._length = self._rows = 0
        self._progress = 0.0

    def __iter__(self) -> Lines:
        """Itself."""
        return self

    def __next__(self) -> str:
        """The next line. Raises RowTooLong when the row has become too long."""
        line = self._given_back.popleft() if self._given_back else self._read()
        if not line:
            raise StopIteration
        self._row.append(line)
        self._length += len(line)
        if self._length >= LONGEST_ROW or len(self._row) > MOST_LINES:
            raise RowTooLong
        return line

    def take(self) -> str:
        """The text of the row that ends here, without its line's end; the next row begins."""
        text = self._row[0] if len(self._row) == 1 else "".join(self._row)
        self._row, self._length = [], 0
        return text.rstrip("\r\n")

    def give_back(self, keep: int = 1) -> None:
        """Reads the row's lines again, all but the first `keep`."""
        self._given_back.extendleft(reversed(self._row[keep:]))
        del self._row[keep:]

    @property
    def progress(self) -> float:
        """The share of the file read, renewed every 1,000 rows."""
        if self._rows % PACE == 0:
            self._progress = min(1.0, self._bytes.tell() / self._size)
        self._rows += 1
        return self._progress

    def _read(self) -> str:
        line = self._text.readline(LONGEST_ROW)
        if len(line) == LONGEST_ROW and line[-1] not in "\r\n":
            rest = "more"
            while rest and rest[-1] not in "\r\n":
                rest = self._text.readline(LONGEST_ROW)
        return line


def readable(raw: str) -> str | None:
    """A row's text with U+FFFD for each byte that could not be decoded; None if there was none."""
    if raw.isascii() or not MARKED.search(raw):
        return None
    return MARKED.sub("�", raw)


def check_text(file: Path, head: bytes, encoding: str) -> None:
    """Raises FileError if the first bytes show that the whole file is not text in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)("rundum-mark")
    lines = decoder.decode(head, final=len(head) < SAMPLE).splitlines()
    if len(head) == SAMPLE and len(lines) > 1:
        lines.pop()
    filled = [line for line in lines if line.strip()]
    name = encoding.removesuffix("-sig")
    if filled and "\0" in filled[0]:
        raise FileError(
            file, f"is not {name} text but binary or UTF-16; set `format` or `encoding` in the map"
        )
    if filled and all(MARKED.search(line) for line in filled):
        raise FileError(file, f"is not {name} text; set `encoding` in the map (cp1252 is frequent)")
