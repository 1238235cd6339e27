"""What a caller can get wrong: the shape of an array, the range of a value."""

__all__ = ["RangeError", "ShapeError"]


class ShapeError(ValueError):
    """An array has a rank or a shape that the mathematics does not allow."""


class RangeError(ValueError):
    """A value lies outside the set on which the function is defined."""
