"""Rows of typed files: Parquet and Avro containers.

Decides how their batches become rows. Must never lose a digit: decimals stay decimals; only what
is finer than a microsecond is cut off times, since Python has no room for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.conform import Problem
from schemas.lint import lint_writer
from streams.sources.files.table import FileError, Found, Table

BATCH = 4_096
PACE = 1_000


def open_parquet(file: Path, stack: ExitStack) -> Table:
    """A Parquet file."""
    try:
        parquet = stack.enter_context(pq.ParquetFile(stack.enter_context(file.open("rb"))))
        columns = tuple(parquet.schema_arrow.names)
    except Exception as error:  # damaged bytes make the decoders raise anything
        raise FileError(file, f"is no Parquet file, or cut off: {error}") from None
    return Table(columns, _parquet_rows(file, parquet))


def _parquet_rows(file: Path, parquet: Any) -> Iterator[Found]:
    total, number = max(parquet.metadata.num_rows, 1), 0
    batches = parquet.iter_batches(batch_size=BATCH)
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            target = pa.schema([field.with_type(_in_micros(field.type)) for field in batch.schema])
            batch = batch.cast(target, safe=False)
        except Exception as error:  # damaged bytes make the decoders raise anything
            raise FileError(file, f"is damaged after row {number}: {error}") from None
        for cells in _cells(batch):
            number += 1
            yield _found(cells, number / total)


def _cells(batch: Any) -> Iterator[dict[str, Any] | Problem]:
    try:
        yield from batch.to_pylist()
    except (ValueError, ArithmeticError, pa.ArrowException):
        for index in range(batch.num_rows):
            try:
                yield batch.slice(index, 1).to_pylist()[0]
            except (ValueError, ArithmeticError, pa.ArrowException) as error:
                yield Problem("", "values that can be read", str(error))


def _in_micros(arrow: Any) -> Any:
    """A type with its times in microseconds, since Python has no finer ones."""
    if pa.types.is_timestamp(arrow):
        return pa.timestamp("us", "UTC" if arrow.tz else None)
    if pa.types.is_time64(arrow):
        return pa.time64("us")
    if pa.types.is_struct(arrow):
        return pa.struct([child.with_type(_in_micros(child.type)) for child in arrow])
    if pa.types.is_list(arrow):
        return pa.list_(arrow.value_field.with_type(_in_micros(arrow.value_type)))
    return arrow


def open_avro(file: Path, stack: ExitStack) -> Table:
    """An Avro container file, read by its own schema, which must be a record."""
    stream = stack.enter_context(file.open("rb"))
    try:
        reader = fastavro.reader(stream)
        schema: Any = reader.writer_schema
    except Exception as error:  # damaged bytes make the decoders raise anything
        raise FileError(file, f"is no Avro container file: {error}") from None
    for problem in lint_writer(schema):
        raise FileError(file, f"has a schema that is not safe to read: {problem}")
    columns = tuple(entry["name"] for entry in schema["fields"])
    return Table(columns, _avro_rows(file, reader, stream))


def _avro_rows(file: Path, reader: Any, stream: IO[bytes]) -> Iterator[Found]:
    size, number, progress = file.stat().st_size, 0, 0.0
    while True:
        try:
            cells = next(reader, None)
        except Exception as error:  # damaged bytes make the decoders raise anything
            raise FileError(file, f"is damaged after row {number}: {error}") from None
        if cells is None:
            return
        if number % PACE == 0:
            progress = stream.tell() / size
        number += 1
        yield _found(cells, progress)


def _found(cells: dict[str, Any] | Problem, progress: float) -> Found:
    if isinstance(cells, Problem):
        return Found("", None, "", progress, cells)
    return Found(json.dumps(cells, ensure_ascii=False, default=str), cells, cells, progress)
