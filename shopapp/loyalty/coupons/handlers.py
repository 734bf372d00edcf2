"""Coupons that wait for something to happen."""

from __future__ import annotations

from shopapp.events import MemberJoined
from shopapp.kernel import clock

from . import services
from .content import Moment


def push_joining_coupons(event: MemberJoined) -> None:
    """Give the coupons that wait for somebody to become a member."""
    services.push(moment=Moment.JOINED, customer_id=event.customer_id, now=clock.now())
