"""The first element of a structure says what it is. From `FIRST_OPAQUE_TAG` on it is not data."""

from __future__ import annotations

(
    COMPLEX, BIGINT, BYTES, TEXT, LIST, TUPLE, DICT, SET, FROZENSET, SLICE, RANGE, PACKED, ARRAY, SCALAR, TENSOR,
    ELLIPSIS,
) = range(16)  # fmt: skip
FIRST_OPAQUE_TAG = 32

BIGINT_BYTES = 1700  # the largest integer: about 4000 digits, which Python still prints
