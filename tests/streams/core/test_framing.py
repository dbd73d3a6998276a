import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.framing import LARGEST_ID, NotFramed, frame, unframe


@settings(max_examples=50)
@given(st.integers(1, LARGEST_ID), st.binary(max_size=20))
def test_what_was_framed_is_found(schema_id: int, body: bytes) -> None:
    assert unframe(frame(schema_id, body)) == (schema_id, body)


def test_the_layout_is_confluents() -> None:
    assert frame(258, b"body") == b"\x00\x00\x00\x01\x02body"


@pytest.mark.parametrize("schema_id", [-1, 0, LARGEST_ID + 1])
def test_an_id_that_no_registry_gives_is_refused(schema_id: int) -> None:
    with pytest.raises(ValueError, match="schema id"):
        frame(schema_id, b"")


@pytest.mark.parametrize(
    ("value", "start"), [(b"", "nothing"), (b"\x00\x00\x00\x01", "00 00 00 01"), (b'{"a": 1}', "7b 22 61")]
)
def test_other_bytes_are_named(value: bytes, start: str) -> None:
    with pytest.raises(NotFramed, match=f"starts with {start}"):
        unframe(value)


@given(st.binary(min_size=4, max_size=4))
@settings(max_examples=50)
def test_any_id_fits_32_bits(schema_id: bytes) -> None:
    assert -(2**31) <= unframe(b"\x00" + schema_id)[0] < 2**31
