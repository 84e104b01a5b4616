"""Sets of nodes as bits in words of 64, for compiled functions."""

import numpy as np
from numba import njit, types
from numba.extending import intrinsic


@intrinsic
def popcount(typing, word):
    """The number of bits that are set in a uint64: one instruction of the processor."""
    del typing, word

    def generate(context, builder, signature, arguments):
        del context, signature
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@njit(cache=True)
def has(bits, words, node, other):
    """Whether `other` is in the set of `node`."""
    return (bits[node * words + (other >> 6)] >> np.uint64(other & 63)) & np.uint64(1) == np.uint64(1)


@njit(cache=True)
def flip(bits, words, node, other):
    """Put `other` into the set of `node`, or take it out."""
    bits[node * words + (other >> 6)] ^= np.uint64(1) << np.uint64(other & 63)
