"""Numbers as people read them."""

from typing import Final

_SECOND: Final = 1.0
_TEN: Final = 10.0
_KIB: Final = 1024
_MIB: Final = 1024 * _KIB


def seconds(value: float) -> str:
    """Give a time, given in seconds."""
    if value < _SECOND / 1000:
        return f"{value * 1_000_000:.0f} µs"
    if value < _SECOND:
        return f"{value * 1000:.3g} ms"
    return f"{value:.2f} s" if value < _TEN else f"{value:.1f} s"


def memory(value: float) -> str:
    """Give a size in memory or on disk, given in bytes."""
    if abs(value) < 10 * _KIB:
        return f"{value:,.0f} B"
    return f"{value / _KIB:.0f} KB" if abs(value) < _MIB else f"{value / _MIB:,.0f} MB"


def a_second(value: float) -> str:
    """Give a rate."""
    return f"{value:,.0f}/s" if value >= _TEN else f"{value:.1f}/s"


def share(value: float) -> str:
    """Give a part of one core."""
    return f"{value:.2%} of a core"


def plain(value: float) -> str:
    """Give a number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004  # three digits are enough
