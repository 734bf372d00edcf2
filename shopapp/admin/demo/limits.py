"""How large a demo shop is, and may be; apart, so that the command line can tell without loading what draws and plans."""

from __future__ import annotations

CUSTOMERS = 200
CUSTOMERS_MAX = 100_000
ORDERS = 600
ORDERS_MAX = 1_000_000
