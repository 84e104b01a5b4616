"""Checks that every model makes before it is built."""

import math

from prunegraph.errors import UserError


def check(model: str, classes: int, input_shape: tuple[int, int, int], smallest: int) -> tuple[int, int, int]:
    """Check the arguments of a model and return (channels, height, width).

    Raises
    ------
    UserError
        If there are fewer than 2 classes, or a size is not positive or below `smallest` pixels; the message names the
        model and what it needs.
    """
    if not _whole(classes) or classes < 2:
        raise UserError(f"{model} needs a whole number of classes, at least 2, found {classes!r}.")
    shape = tuple(input_shape)
    if len(shape) != 3 or not all(_whole(size) and size > 0 for size in shape):
        raise UserError(
            f"{model} needs an input shape of three positive whole numbers (channels, height, width), found {shape}."
        )
    if min(shape[1:]) < smallest:
        raise UserError(
            f"{model} needs images of at least {smallest}x{smallest} pixels, found {shape[1]}x{shape[2]}: "
            "its pooling would leave nothing. Resize the images or choose another model."
        )
    return shape


def scaled(channels: int, width: float) -> int:
    """Multiply `channels` by `width` and round; the result is at least 1.

    Raises
    ------
    UserError
        If `width` is no positive finite number.
    """
    if isinstance(width, bool) or not isinstance(width, int | float) or not 0 < width < math.inf:
        raise UserError(f"The width of a model multiplies its channels and is a positive number, found {width!r}.")
    return max(1, round(channels * width))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
