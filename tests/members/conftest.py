"""What the tests of members share."""

from tests.support.members import gateway

__all__ = ["gateway"]
