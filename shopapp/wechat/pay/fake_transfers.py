"""The transfers of the WeChat Pay in memory, and how it remembers its calls and fails as it is told."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from shopapp.kernel.money import ZERO, Money

from .bills import FlowRow
from .kinds import Missing, PayProblem, Refused
from .signing import PayKeys
from .transfers import Transfer, TransferCalls, TransferRequest, TransferState

T = TypeVar("T")

_S = TransferState
CANCELLABLE = (_S.ACCEPTED, _S.PROCESSING, _S.WAIT_USER_CONFIRM)


@dataclass
class FakeTransfer:
    """What the fake keeps of a transfer."""

    request: TransferRequest
    state: TransferState
    bill_no: str
    fail_reason: str | None = None


class FakeTransfers(TransferCalls):
    """`calls` lists (call, number) in order; `next_transfer` is the state in which a new transfer begins."""

    def __init__(self, *, appid: str, keys: PayKeys) -> None:
        super().__init__(base="http://127.0.0.1:9", appid=appid, keys=keys)
        self.calls: list[tuple[str, str]] = []
        self.transfers: dict[str, FakeTransfer] = {}
        self.flows: dict[date, list[FlowRow]] = {}
        self.received: dict[str, Money] = {}
        self.next_transfer = TransferState.WAIT_USER_CONFIRM
        self.next_cancel = TransferState.CANCELLED
        self.lock = threading.RLock()
        self._failures: dict[str, list[tuple[PayProblem, bool]]] = defaultdict(list)

    def fail(self, call: str, problem: PayProblem, *, after_effect: bool = False, times: int = 1) -> None:
        """Let the next calls of this name (`prepay`, `query`, …) end in the problem, before or after their effect."""
        self._failures[call] += [(problem, after_effect)] * times

    def forgive(self) -> None:
        """No call fails any more."""
        self._failures.clear()

    def begin(self, call: str, number: str) -> PayProblem | None:
        with self.lock:
            self.calls.append((call, number))
            if not self._failures[call]:
                return None
            problem, after_effect = self._failures[call].pop(0)
        if not after_effect:
            raise problem
        return problem

    def end(self, lost: PayProblem | None, answer: T) -> T:
        if lost is not None:
            raise lost
        return answer

    def transfer(self, request: TransferRequest) -> Transfer:
        lost = self.begin("transfer", request.out_bill_no)
        with self.lock:
            known = self.transfers.get(request.out_bill_no)
            if known is None:
                bill_no = f"1330000{len(self.transfers):021d}"
                known = FakeTransfer(request=request, state=self.next_transfer, bill_no=bill_no)
                self.transfers[request.out_bill_no] = known
            elif known.request != request:
                raise Refused("INVALID_REQUEST", status=400)
            waits = known.state is TransferState.WAIT_USER_CONFIRM
            answer = Transfer(
                out_bill_no=request.out_bill_no,
                transfer_bill_no=known.bill_no,
                state=known.state,
                fail_reason=known.fail_reason,
                package_info=f"package-{request.out_bill_no}" if waits else None,
            )
        return self.end(lost, answer)

    def query_transfer(self, *, out_bill_no: str) -> Transfer:
        lost = self.begin("query_transfer", out_bill_no)
        with self.lock:
            return self.end(lost, self.told(out_bill_no))

    def cancel_transfer(self, *, out_bill_no: str) -> Transfer:
        lost = self.begin("cancel_transfer", out_bill_no)
        with self.lock:
            known = self._known(out_bill_no)
            if known.state in CANCELLABLE:
                known.state, known.fail_reason = self.next_cancel, "MCH_CANCEL"
            elif known.state not in (TransferState.CANCELING, TransferState.CANCELLED):
                raise Refused("INVALID_REQUEST", status=400)
            answer = Transfer(out_bill_no=out_bill_no, transfer_bill_no=known.bill_no, state=known.state)
        return self.end(lost, answer)

    def operating_flow(self, *, day: date) -> list[FlowRow]:
        return self.end(self.begin("operating_flow", day.isoformat()), self.flows.get(day, []))

    def confirm(self, out_bill_no: str) -> Transfer:
        """The user taps, and the money arrives; the shop is not told. Raises `Refused` when nothing waits for a tap."""
        with self.lock:
            if self._known(out_bill_no).state is not TransferState.WAIT_USER_CONFIRM:
                raise Refused("INVALID_REQUEST", status=400)
            return self.become(out_bill_no, TransferState.SUCCESS)

    def become(self, out_bill_no: str, state: TransferState, *, reason: str | None = None) -> Transfer:
        """The platform moves a transfer on; what a notice of it would tell."""
        with self.lock:
            known = self._known(out_bill_no)
            known.state, known.fail_reason = state, reason
            if state is TransferState.SUCCESS:
                openid = known.request.openid
                self.received[openid] = self.received.get(openid, ZERO) + known.request.amount
            return self.told(out_bill_no)

    def told(self, out_bill_no: str) -> Transfer:
        known = self._known(out_bill_no)
        return Transfer(
            out_bill_no=out_bill_no,
            transfer_bill_no=known.bill_no,
            state=known.state,
            fail_reason=known.fail_reason,
            mchid=self.mchid,
            appid=self.appid,
            amount=known.request.amount,
            openid=known.request.openid,
        )

    def _known(self, out_bill_no: str) -> FakeTransfer:
        if out_bill_no not in self.transfers:
            raise Missing("NOT_FOUND", status=404)
        return self.transfers[out_bill_no]
