from __future__ import annotations

from typing import Any

import pytest

from streams.core.foreign import place_in


@pytest.mark.parametrize(
    ("record", "field", "place"),
    [
        ({"op": "u", "after": {}}, "email", "after.email"),
        ({"op": "d", "before": {}}, "email", "before.email"),
        ({"op": "u", "after": {}}, "after.email", "after.email"),
        ({"op": "u", "after": {}}, "op", "op"),
        ({"schema": {}, "payload": {"op": "u", "after": {}}}, "email", "payload.after.email"),
        ({"schema": {}, "payload": {"op": "u", "after": {}}}, "after.email", "payload.after.email"),
        ({"schema": {}, "payload": {"op": "u", "after": {}}}, "payload.op", "payload.op"),
        ({"ChangeEventHeader": {}, "Email": None}, "Email", "Email"),
        ({}, "email", "email"),
    ],
)
def test_a_field_of_the_contract_stands_in_the_image(record: dict[str, Any], field: str, place: str) -> None:
    assert place_in(record, field) == place
