"""A schema registry that speaks Confluent's REST dialect: Confluent, Apicurio, Karapace, Redpanda.

Decides what counts as unknown, as refused and as out of reach. Must never ask again and again while it is out
of reach: whoever waits for it would wait longer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from streams.registry.address import Address
from streams.registry.protocol import RegistryError, RegistryUnreachable

REST = 3.0  # seconds in which a registry that did not answer is not asked again
COMPATIBILITY = "BACKWARD_TRANSITIVE"
NOT_FOUND, CONFLICT, NO_SCHEMA = 404, 409, 422
UNKNOWN_SCHEMA = 40403


class RemoteRegistry:
    """A `Registry` over HTTP. For one thread at a time."""

    def __init__(self, address: Address, clock: Callable[[], float] = monotonic) -> None:
        """Asks nothing yet. `clock` gives seconds."""
        for name in ("httpx", "httpx2"):
            logging.getLogger(name).setLevel(logging.WARNING)  # a line a request otherwise
        self._address, self._clock = address, clock
        self._client = SchemaRegistryClient(address.settings())
        self._again_at = 0.0
        self._governed: set[str] = set()

    def register(self, subject: str, schema: str) -> int:
        """The id of a schema. Later versions must be readable as this one: BACKWARD_TRANSITIVE.

        Raises RegistryError, also where an earlier version forbids this one.
        """
        with self._explained(subject):
            self._govern(subject)
            return int(self._client.register_schema(subject, Schema(schema, "AVRO")))

    def fetch(self, schema_id: int) -> str | None:
        """The schema as it was registered; None if the id is unknown."""
        try:
            with self._explained(f"schema {schema_id}"):
                found = self._client.get_schema(schema_id)
        except _Unknown:
            return None
        return None if found.schema_str is None else str(found.schema_str)

    def close(self) -> None:
        """Lets go of the connection."""
        self._client.__exit__()  # type: ignore[no-untyped-call]

    def _govern(self, subject: str) -> None:
        """Has the registry check every later version of a subject."""
        if subject in self._governed:
            return
        try:
            self._client.set_compatibility(subject_name=subject, level=COMPATIBILITY)
        except SchemaRegistryError as failure:
            if failure.http_status_code != CONFLICT:  # Apicurio's, where two do this at the same time
                raise
        self._governed.add(subject)

    @contextmanager
    def _explained(self, about: str) -> Iterator[None]:
        """What goes wrong with a registry, in words."""
        where = f"the schema registry at {self._address.url}"
        if self._clock() < self._again_at:
            raise RegistryUnreachable(f"{where} cannot be reached")
        try:
            yield
        except SchemaRegistryError as failure:
            raise self._refusal(where, about, failure) from failure
        except (OSError, ValueError, TypeError) as failure:
            raise self._rest(where, str(failure)) from failure
        except Exception as failure:
            if "TransportError" not in {kind.__name__ for kind in type(failure).__mro__}:
                raise
            raise self._rest(where, str(failure)) from failure

    def _refusal(self, where: str, about: str, failure: SchemaRegistryError) -> Exception:
        status, said = failure.http_status_code, failure.error_message
        if status == NOT_FOUND and failure.error_code == UNKNOWN_SCHEMA:
            return _Unknown()
        if status == CONFLICT:
            return RegistryError(
                f"{where} refuses the schema of {about}: it cannot read what earlier ones wrote ({said}); "
                "`rundum schemas check` names the field, give new fields a default"
            )
        if status == NO_SCHEMA:
            return RegistryError(f"{where} takes the schema of {about} for none ({said})")
        if status in (401, 403):
            return RegistryError(
                f"{where} refuses us ({said or status}); mend kafka.registry_username and the password"
            )
        return self._rest(where, f"{status} {said}")

    def _rest(self, where: str, said: str) -> RegistryUnreachable:
        self._again_at = self._clock() + REST
        return RegistryUnreachable(f"{where} cannot be reached ({said.strip()[:120]})")


class _Unknown(Exception):
    """Nobody knows the id."""
