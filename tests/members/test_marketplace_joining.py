"""However rows and files are split and ordered, and however often they are told, the end is the same."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopapp.members.marketplace import importing, rules
from shopapp.members.marketplace.files import Table
from shopapp.members.marketplace.reading import Reader
from shopapp.members.marketplace.recognising import find_table
from shopapp.members.marketplace.rules import Line, Status, Told
from tests.support.marketplace import SAMPLES, as_csv, everything, generic, order_row, put, sample_rows

DAY = datetime(2024, 3, 1, tzinfo=UTC)
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}

amounts = st.none() | st.integers(0, 3).map(lambda yuan: yuan * 100)
states = st.none() | st.sampled_from(Status)
times = st.none() | st.integers(0, 3).map(lambda days: DAY + timedelta(days=days))
names = st.none() | st.sampled_from(["a", "b"])
lines = st.builds(
    Line,
    title=st.sampled_from(["", "茶", "面霜"]),
    sku=st.sampled_from(["", "S1"]),
    quantity=st.integers(0, 2),
    numbered=st.booleans(),
    status=states,
    paid=amounts,
    refunded=amounts,
)
tellings = st.builds(
    Told,
    order_no=st.just("1"),
    status=states,
    ordered_at=times,
    paid_at=times,
    paid=amounts,
    refunded=amounts,
    currency=st.sampled_from(["CNY", "USD", "EUR"]),
    buyer=names,
    phone=names,
    tail=names,
    title=st.sampled_from(["", "茶", "面霜"]),
    shop=st.sampled_from(["", "甲", "乙"]),
    unclear=st.booleans(),
    lines=st.dictionaries(st.sampled_from("123"), lines, max_size=3),
    refunds=st.dictionaries(st.sampled_from("78"), st.integers(0, 300), max_size=2),
)


def joined(*told: Told) -> Told:
    """What they say together; the given ones stay as they are."""
    whole = copy.copy(told[0])
    for one in told[1:]:
        whole.join(one)
    return whole


@given(st.lists(tellings, min_size=1, max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=60, **QUIET)
def test_joining_has_no_order_and_no_number_of_times(told: list[Told], chance: object) -> None:
    whole = joined(*told)
    mixed = [*told, *told[:2]]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    middle = len(mixed) // 2
    halves = [joined(*half) for half in (mixed[:middle], mixed[middle:]) if half]
    again = reduce(joined, halves)
    assert again.facts() == whole.facts()
    assert joined(whole, *told).facts() == whole.facts()
    status, paid, refunded = rules.settle(whole)
    assert rules.settle(again) == (status, paid, refunded)
    assert paid >= 0
    assert refunded >= max(whole.refunded or 0, sum(whole.refunds.values()))
    if whole.paid is not None:
        assert paid == whole.paid, "what was said of the whole order is never overwritten by its items"


def read(rows: Sequence[Sequence[str]]) -> dict[str, Told]:
    """What a file of these rows tells, without a database."""
    table = Table(encoding="test", size=len(rows), rows=lambda _splitting: map(list, rows))
    reader = Reader(find_table([table]), explained={}, shop="", buyer=str, phone=str)
    told: dict[str, Told] = {}
    for order in reader.orders():
        told[order.order_no] = joined(told[order.order_no], order) if order.order_no in told else order
    assert reader.rejected == []
    return told


@pytest.mark.parametrize(
    ("name", "status", "older"),
    [
        ("taobao-orders-gbk.csv", "订单状态", "等待买家付款"),
        ("tmall-suborders-2024.csv", "订单状态", "买家已付款，等待卖家发货"),
        ("jd-orders.csv", "订单状态", "等待付款"),
        ("douyin-orders.csv", "订单状态", "待支付"),
    ],
)
def test_rows_split_over_files_come_to_the_same(app: Flask, name: str, status: str, older: str) -> None:
    header, *rows = sample_rows(name)
    place = header.index(status)
    stale = [[older if number == place else cell for number, cell in enumerate(row)] for row in rows[::3]]
    whole = read([header, *rows, *stale])

    @given(
        st.permutations([*rows, *stale]),
        st.lists(st.integers(0, len(rows) + len(stale)), max_size=4),
    )
    @settings(max_examples=6, **QUIET)
    def check(mixed: list[list[str]], cuts: list[int]) -> None:
        found: dict[str, Told] = {}
        for start, end in pairwise([0, *sorted(cuts), len(mixed)]):
            for order_no, told in read([header, *mixed[start:end]]).items():
                found[order_no] = joined(found[order_no], told) if order_no in found else told
        assert {number: told.facts() for number, told in found.items()} == {
            number: told.facts() for number, told in whole.items()
        }

    check()


def test_an_item_file_does_not_overwrite_the_money_of_an_order(app: Flask, tmp_path: Path) -> None:
    importing.run(path=SAMPLES / "tmall-orders-masked-gbk.csv")
    header, *rows = sample_rows("tmall-suborders-2024.csv")
    number = "5666795557495461430"
    first = next(row for row in rows if row[1] == number)
    before = order_row(number)
    importing.run(path=put(tmp_path, as_csv([header, first])))
    after = order_row(number)
    assert (after.paid_fen, after.refunded_fen, after.status) == (25670, 0, Status.DONE)
    assert after.changed_at > before.created_at
    # one of two items taken back closes neither the order nor the other item
    first[header.index("订单状态")], first[header.index("退款金额")] = "交易关闭", "119.00"
    importing.run(path=put(tmp_path, as_csv([header, first])))
    after = order_row(number)
    assert (after.paid_fen, after.refunded_fen, after.status) == (25670, 11900, Status.DONE)


def test_a_later_state_wins_and_an_older_file_takes_nothing_back(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows("taobao-orders-gbk.csv")
    done = next(row for row in rows if row[header.index("订单状态")] == "交易成功")
    shipped = list(done)
    shipped[header.index("订单状态")] = "卖家已发货，等待买家确认"
    closed = list(done)
    closed[header.index("订单状态")], closed[header.index("退款金额")] = "交易关闭", "45.90"
    number = done[0].strip('="')
    for rows_of_file in ([shipped], [done], [shipped]):
        importing.run(path=put(tmp_path, as_csv([header, *rows_of_file])))
    assert order_row(number).status is Status.DONE
    report = importing.run(path=put(tmp_path, as_csv([header, shipped, closed, done])))
    assert (report.orders, report.inserted, report.updated) == (1, 0, 1)
    assert (order_row(number).status, order_row(number).refunded_fen) == (Status.CLOSED, 4590)


def test_rows_of_our_own_format_that_are_the_same_are_two_things(app: Flask, tmp_path: Path) -> None:
    thing = ("A-1", "晓", "2026-05-01 10:00:00", "done", "茶", 1, "12.50", "0")
    path = put(
        tmp_path, generic(thing, thing, ("A-1", "晓", "2026-05-01 10:00:00", "done", "碗", 1, "5", "5"))
    )
    report = importing.run(path=path)
    assert (report.orders, report.lines, report.gross_fen, report.net_fen) == (1, 3, 3000, 2500)
    assert importing.run(path=path).unchanged == 1
    # shops number their own files from 1: the same number in another shop is another order
    importing.run(path=path, shop="分店")
    assert len(everything()["orders"]) == 2


def own(*things: tuple[object, ...], number: str = "A-1") -> bytes:
    """One order of our own format: (status, title, paid, refunded) of each thing."""
    return generic(
        *(
            (number, "晓", "2026-05-01 10:00:00", state, title, 1, paid, back)
            for state, title, paid, back in things
        )
    )


def test_a_corrected_file_of_our_own_takes_the_place_of_the_one_before(app: Flask, tmp_path: Path) -> None:
    def told(*things: tuple[object, ...]) -> tuple[int, int, Status, list[str], int]:
        report = importing.run(path=put(tmp_path, own(*things)))
        order = order_row("A-1")
        titles = [line["title"] for _key, line in sorted(everything()["lines"].items())]
        return order.paid_fen, order.refunded_fen, order.status, titles, report.unchanged

    bottle = ("done", "奶瓶", "50.00", "0")
    assert told(bottle) == (5000, 0, Status.DONE, ["奶瓶"], 0)
    assert told(bottle)[-1] == 1
    assert told(("done", "玻璃奶瓶", "50.00", "0")) == (5000, 0, Status.DONE, ["玻璃奶瓶"], 0), (
        "not counted twice"
    )
    assert told(("done", "奶瓶", "40.00", "0")) == (4000, 0, Status.DONE, ["奶瓶"], 0)
    # more things, then fewer: what a later file no longer has is gone
    pair = (("done", "奶瓶", "40.00", "0"), ("done", "奶嘴", "9.90", "0"))
    assert told(*pair) == (4990, 0, Status.DONE, ["奶瓶", "奶嘴"], 0)
    assert told(*pair)[-1] == 1
    assert told(("shipped", "奶嘴", "9.90", "9.90")) == (990, 990, Status.DONE, ["奶嘴"], 0), "never back"
    # a refund that is known stays when an older file comes again, on whichever row it stood
    assert told(*pair[::-1]) == (4990, 990, Status.DONE, ["奶嘴", "奶瓶"], 0)
    assert told(*pair[::-1])[-1] == 1
    assert told(("unpaid", "奶瓶", "0", "0"))[:3] == (4990, 990, Status.DONE), "from before it was paid"
    assert told(("closed", "奶瓶", "49.90", "49.90"))[:3] == (4990, 4990, Status.CLOSED)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3), st.sampled_from(["paid", "done", "closed"]), st.integers(0, 9), st.booleans()
        ),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.integers(1, 3), max_size=4),
)
@settings(max_examples=40, **QUIET)
def test_whole_orders_of_our_own_come_to_the_newest(
    rows: list[tuple[int, str, int, bool]], again: list[int]
) -> None:
    """Files of our own tell orders whole, so it is orders that are split over files, never the rows of one."""
    row_of = [
        [str(order), "", "2026-05-01", state, "茶", "1", str(paid), str(paid if back else 0)]
        for order, state, paid, back in rows
    ]
    header = [
        "order_no",
        "buyer_id",
        "paid_at",
        "status",
        "item_title",
        "quantity",
        "paid_yuan",
        "refund_yuan",
    ]
    whole = read([header, *row_of])
    for number, told in whole.items():
        mine = [row for row in row_of if row[0] == number]
        assert rules.settle(told)[1] == sum(int(row[6]) * 100 for row in mine), "rows of one file add up"
        stored = copy.copy(told)
        known = stored.facts()
        for _time in again:
            stored.renew(copy.copy(told))
            assert stored.facts() == known, "told again it changes nothing"
        dearer = read([header, *([*row[:6], str(int(row[6]) + 1), row[7]] for row in mine)])[number]
        before = rules.settle(stored)
        stored.renew(dearer)
        assert rules.settle(stored)[1] == rules.settle(dearer)[1], "the later one's money"
        stored.renew(copy.copy(told))
        after = rules.settle(stored)
        assert after[1] == before[1]
        assert after[2] >= before[2]


def test_a_thing_of_jd_with_a_new_title_is_the_same_thing(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows("jd-orders.csv")
    number = rows[0][header.index("订单号")]
    mine = [row for row in rows if row[header.index("订单号")] == number]
    importing.run(path=put(tmp_path, as_csv([header, *mine])))
    before, paid = everything()["lines"], order_row(number.strip('="')).paid_fen
    for row in mine:
        row[header.index("商品名称")] += "（新包装）"
    assert importing.run(path=put(tmp_path, as_csv([header, *mine]))).updated == 1
    assert everything()["lines"].keys() == before.keys()
    assert order_row(number.strip('="')).paid_fen == paid


def test_refunds_come_apart_from_orders_and_in_any_order(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows("taobao-orders-gbk.csv")
    done = next(row for row in rows if row[header.index("退款金额")] == "0.00" and "交易成功" in row)
    number = done[0].strip('="')
    titles = ("订单编号", "退款单编号", "买家退款金额", "退款状态")
    refunds = [
        (number, "90000000000000001", "10.00", "退款成功"),
        (number, "90000000000000002", "5.00", "退款成功"),
        (number, "90000000000000003", "7.00", "退款关闭"),
    ]
    report = importing.run(path=put(tmp_path, as_csv([titles, *refunds])))
    assert (report.platform, report.kind, report.refunded_fen) == ("taobao", "refunds", 1500)
    importing.run(path=put(tmp_path, as_csv([header, done])))
    assert order_row(number).refunded_fen == 1500
    assert order_row(number).status is Status.DONE
