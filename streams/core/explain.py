"""The bytes of one datum, walked strictly: what is wrong with them, and at which field and byte.

Decides whether bytes are a datum of a schema, by the letter of Avro's specification. Must never be on the hot
path: it is plain Python, for the one record in many thousands that a decoder balks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONTAINER_COST = 300
SCALAR_COST = 40
MOST_COST = 40 << 20
LONGEST_VARINT = 10


class Malformed(ValueError):
    """Bytes that are not a datum; the text names field, byte and fault."""


@dataclass
class _Walk:
    body: bytes
    at: int = 0
    cost: int = 0

    def value(self, avro: Any, path: str) -> None:
        if isinstance(avro, list):
            return self.value(avro[self.choice(len(avro), "a branch of the union", path)], path)
        kind = avro if isinstance(avro, str) else avro["type"]
        self.spend(CONTAINER_COST if kind in ("record", "array", "map") else SCALAR_COST, path)
        match kind:
            case "null":
                pass
            case "record":
                for entry in avro["fields"]:
                    self.value(entry["type"], f"{path}.{entry['name']}".lstrip("."))
            case "array":
                self.blocks(None, avro["items"], path)
            case "map":
                self.blocks("string", avro["values"], path)
            case "enum":
                self.choice(len(avro["symbols"]), "a symbol of the enum", path)
            case "fixed":
                self.take(avro["size"], path)
            case _:
                self.primitive(kind, path)
        return None

    def primitive(self, kind: str, path: str) -> None:
        match kind:
            case "boolean":
                if (byte := self.take(1, path)[0]) > 1:
                    raise self.fault(path, f"{byte} is not a boolean")
            case "int":
                if not -(1 << 31) <= (number := self.long(path)) < 1 << 31:
                    raise self.fault(path, f"{number} is not a whole number of 32 bits")
            case "long":
                self.long(path)
            case "float":
                self.take(4, path)
            case "double":
                self.take(8, path)
            case "bytes":
                self.take(self.long(path), path)
            case "string":
                self.text(path)

    def blocks(self, key: str | None, items: Any, path: str) -> None:
        while count := self.long(path):
            if count < 0:
                count = -count
                self.long(path)
            for _ in range(count):
                if key:
                    self.text(f"{path}[]")
                self.value(items, f"{path}[]")

    def text(self, path: str) -> None:
        try:
            self.take(self.long(path), path).decode()
        except UnicodeDecodeError as error:
            raise self.fault(path, f"is not UTF-8: {error.reason}") from None

    def choice(self, count: int, what: str, path: str) -> int:
        index = self.long(path)
        if not 0 <= index < count:
            raise self.fault(path, f"{index} is not {what}, which has {count}")
        return index

    def long(self, path: str) -> int:
        number = 0
        for place in range(LONGEST_VARINT):
            byte = self.take(1, path)[0]
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if number >= 1 << 64:
                    break
                return (number >> 1) ^ -(number & 1)
        raise self.fault(path, "a whole number of more than 64 bits")

    def take(self, count: int, path: str) -> bytes:
        if not 0 <= count <= len(self.body) - self.at:
            raise self.fault(path, f"wants {count} bytes, {len(self.body) - self.at} are left")
        self.at += count
        return self.body[self.at - count : self.at]

    def spend(self, cost: int, path: str) -> None:
        self.cost += cost
        if self.cost > MOST_COST:
            raise self.fault(path, "holds more values than are decoded with care")

    def fault(self, path: str, text: str) -> Malformed:
        return Malformed(f"{path or 'the record'}, before byte {self.at}: {text}")


def check_datum(shape: Any, body: bytes) -> None:
    """Walk the bytes of one datum. Raises Malformed.

    `shape` is the writer's schema with names written out. The walk also adds up what the datum would take as
    Python objects, and refuses what takes more than 40 MiB.
    """
    walk = _Walk(body)
    walk.value(shape, "")
    if walk.at < len(body):
        raise Malformed(f"{len(body) - walk.at} bytes are left over after the record")
