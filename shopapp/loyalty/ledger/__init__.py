"""The books of points, wallet and growth."""

from .models import Kind, LotState, Unit

__all__ = ["Kind", "LotState", "Unit"]
