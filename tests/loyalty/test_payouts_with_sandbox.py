"""Shop and platform over real HTTP, with the platform's faults: each claim is paid once, and the books agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sandbox import clock as sandbox_clock
from sandbox import create_sandbox, deliveries, faults, people, store
from sandbox import pay as platform
from shopapp.kernel import clock as kernel_clock
from shopapp.kernel.db import db
from shopapp.kernel.jobs import registry
from shopapp.kernel.settings import settings
from shopapp.loyalty.cashback import payout_reconciliation as reconciliation
from shopapp.loyalty.cashback.models import CashbackClaim
from shopapp.loyalty.cashback.payout_models import CashbackPayout
from shopapp.loyalty.cashback.states import ClaimStatus
from shopapp.wechat.pay import PayClient
from shopapp.wechat.worklist.queries import worklist
from tests.sandbox.pay_shop import pay_settings
from tests.support.clocks import ShopClock
from tests.support.pay import APPID, pay_keys
from tests.support.payouts import Till
from tests.support.people import Person, make_person
from tests.support.world import serving

PURSE_FEN = 100_00
FAULTS = (
    "pay_timeout_after_effect",
    "pay_500",
    "pay_429",
    "pay_slow",
    "pay_answer_forged",
    "transfer_slow",
    "transfer_not_enough",
    "notice_lost",
    "notice_duplicate",
    "notice_late",
    "notice_forged",
    "notice_signtest",
)
# the same number is one entry, however many ways it differs in
FLOW_FAULTS = {
    "flow_missing_row": "transfer_not_in_bill",
    "flow_wrong_amount": "transfer_amount",
    "flow_extra_row": "transfer_unknown",
}


@dataclass
class Town:
    """A shop with one campaign, the platform, and a customer on it."""

    till: Till
    clock: ShopClock
    anna: Person

    @property
    def openid(self) -> str:
        return self.anna.signed_in.openid

    def later(self, **by: float) -> None:
        """Time goes by for both; what the platform has to tell arrives, the shop's jobs run."""
        self.clock.forward(**by)
        sandbox_clock.configure(self.clock.file)
        while deliveries.tick():
            pass
        db.session.rollback()
        self.till.run()

    def purse_fen(self) -> int:
        return int(people.get(self.openid)["balance_fen"]) - PURSE_FEN

    def transfers(self) -> dict[str, str]:
        rows = store.rows("SELECT out_bill_no, state FROM pay_transfers ORDER BY rowid")
        return {row["out_bill_no"]: row["state"] for row in rows}

    def package(self, made: CashbackClaim) -> str | None:
        answer = self.till.confirm(self.anna, made)
        told = answer.get_json().get("transfer") if answer.status_code == 200 else None
        return None if told is None else str(told["package"])


@pytest.fixture
def town(app: Flask, clock: ShopClock, tmp_path: Path) -> Iterator[Town]:
    own_settings, till = settings(), Till.open(app)
    with serving(app) as shop_url:
        sandbox = create_sandbox(
            replace(pay_settings(tmp_path), shop_url=shop_url, clock_file=clock.file, appid=APPID)
        )
        sandbox.config.update(PAY_HOLD_SECONDS=0, PAY_SLOW_SECONDS=0)
        with serving(sandbox) as url:
            app.extensions["settings"] = replace(own_settings, base_url=shop_url, wxpay_base=url)
            app.extensions["pay"] = PayClient(base=url, appid=APPID, keys=pay_keys())
            openid = people.create(nickname="小美", balance_fen=PURSE_FEN)["openid"]
            try:
                yield Town(till=till, clock=clock, anna=make_person(openid=openid))
            finally:
                app.extensions["settings"] = own_settings
                app.extensions.pop("pay")


def agree(town: Town, made: CashbackClaim, *, paid: int) -> None:
    """Paid as often as the platform paid, once or not at all, and neither side knows a number that the other does not."""
    rows = {payout.out_bill_no: payout for payout in town.till.payouts(made)}
    theirs = {number: state for number, state in town.transfers().items() if number in rows}
    assert {number: payout.state.value.upper() for number, payout in rows.items()} == theirs
    assert list(theirs.values()).count("SUCCESS") == paid
    assert (town.till.status(made) is ClaimStatus.PAID) is bool(paid)
    assert db.session.query(CashbackPayout).count() == len(town.transfers())
    assert town.purse_fen() == list(town.transfers().values()).count("SUCCESS") * 5_00


def test_every_fault_costs_time_and_no_money(town: Town) -> None:
    for fault in FAULTS:
        _anna, made = town.till.claim(by=town.anna)
        faults.arm(fault, 2 if fault in ("pay_timeout_after_effect", "pay_500") else 1)
        town.later(seconds=1)
        for _ in range(4):
            package = town.package(made)
            if package is not None:
                assert platform.confirm_transfer(package, town.openid) is platform.Outcome.OK
                break
            town.later(minutes=40)
        town.later(seconds=30)
        agree(town, made, paid=1)
        assert (fault, faults.take(fault), len(town.till.payouts(made))) == (fault, False, 1)
    assert worklist() == []


def test_nobody_taps_then_somebody_does_and_the_fund_flow_agrees_to_the_fen(town: Town) -> None:
    _anna, made = town.till.claim(by=town.anna)
    town.later(seconds=1)
    first = town.package(made)
    assert first is not None
    for _ in range(3):
        town.later(hours=12, minutes=2)
    agree(town, made, paid=0)
    assert town.till.status(made) is ClaimStatus.LAPSED
    assert platform.confirm_transfer(first, town.openid) is not platform.Outcome.OK
    second = town.package(made)
    assert second not in (None, first)
    faults.arm("transfer_fail")
    assert platform.confirm_transfer(str(second), town.openid) is platform.Outcome.OK
    town.later(seconds=30)
    assert town.till.payouts(made)[-1].fail_reason == "PAYEE_ACCOUNT_ABNORMAL"
    platform.confirm_transfer(str(town.package(made)), town.openid)
    town.later(seconds=30)
    agree(town, made, paid=1)
    assert [state.value for state in town.till.states(made)] == ["fail", "fail", "success"]
    paid_on = kernel_clock.shop_day(kernel_clock.now())
    town.later(days=1, hours=12)
    report = reconciliation.reconcile(day=paid_on)
    assert (report.differences, report.waiting, report.transfers["paid_fen"]) == ([], [], 5_00)
    assert registry()["reconcile-transfers"].run(kernel_clock.now()) == 0


def test_a_fund_flow_that_differs_goes_on_the_worklist_once(town: Town, app: Flask) -> None:
    _anna, made = town.till.claim(by=town.anna)
    town.later(seconds=1)
    platform.confirm_transfer(str(town.package(made)), town.openid)
    town.later(seconds=30)
    day = kernel_clock.shop_day(kernel_clock.now())
    town.later(days=2)

    def run(*words: str) -> Any:
        return app.test_cli_runner().invoke(args=["claims", "reconcile", "--date", f"{day:%Y-%m-%d}", *words])

    for number, (fault, kind) in enumerate(FLOW_FAULTS.items(), start=1):
        faults.arm(fault, None)
        told = json.loads(run("--json").stdout)
        assert (told["ok"], [each["kind"] for each in told["differences"]]) == (False, [kind])
        for _ in range(2):
            reconciliation.keep(report=reconciliation.reconcile(day=day))
        assert len(worklist()) == (1, 1, 2)[number - 1]
        faults.disarm(fault)
    assert "all equal" in run().stdout
    day = kernel_clock.shop_day(kernel_clock.now() + timedelta(days=1))
    assert run().exit_code == 1
