"""What the people of the demo shop keep of their customers: tags, notes, things to do, and perks that wait to be taken."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from shopapp.kernel.clock import shop_day
from shopapp.loyalty.perks import granting
from shopapp.loyalty.perks import queries as perks
from shopapp.members.notes.rules import folded

from . import rows
from .followers import Known
from .ids import Ids

AUTHOR, AUTHOR_NAME = "system:system", "示例"
TAGGED_SHARE, NOTED_SHARE, TO_DO_SHARE = 0.3, 0.12, 0.05
TAGS = ("二胎家庭", "宝妈群", "爱囤货", "常问尺码", "过敏体质", "企业团购")
NOTES = (
    "宝宝对牛奶蛋白过敏，推荐零食前先看配料表。",
    "喜欢顺丰，驿站离家远。",
    "问过大号拉拉裤，到货了可以说一声。",
    "上次少发一件，已经补寄，下次多送一包湿巾。",
    "准备换 L 码，尿裤快用完了会来。",
    "给幼儿园老师带货，一次买得多。",
)
TASKS = (
    "问问新换的奶嘴合不合用",
    "生日前一周发祝福和生日礼提醒",
    "核对团购要的数量，报一个价",
    "回访：退货的拼图有没有收到退款",
    "金卡快到期，告诉她还差多少成长值",
)
DUE_WITHIN = 6


def write(people: Sequence[Known], *, seed: int, ids: Ids, until: datetime) -> None:
    """Tags, notes and open tasks of some customers, written in the last weeks."""
    rng = random.Random(f"{seed}:notebook")
    tag_ids = rows.add_with_ids(
        "tags",
        [
            {
                "public_id": ids.of("tag", place),
                "name": name,
                "folded": folded(name),
                "created_at": until - timedelta(days=200 - place),
            }
            for place, name in enumerate(TAGS)
        ],
    )
    tagged, noted, to_do = [], [], []
    for one in people:
        at = until - timedelta(days=rng.uniform(0.1, 40))
        if one.since is None or at < one.since:
            continue
        if rng.random() < TAGGED_SHARE:
            tagged += [
                {"customer_id": one.customer_id, "tag_id": tag_id, "given_at": at}
                for tag_id in rng.sample(tag_ids, rng.randint(1, 2))
            ]
        written = {
            "customer_id": one.customer_id,
            "author": AUTHOR,
            "author_name": AUTHOR_NAME,
            "created_at": at,
        }
        if rng.random() < NOTED_SHARE:
            noted.append(written | {"public_id": ids.of("note", one.number), "text": rng.choice(NOTES)})
        if rng.random() < TO_DO_SHARE:
            due = shop_day(until) + timedelta(days=rng.randint(-1, DUE_WITHIN))
            to_do.append(
                written
                | {
                    "public_id": ids.of("task", one.number),
                    "text": rng.choice(TASKS),
                    "due": due,
                    "state": "open",
                }
            )
    rows.add("customer_tags", tagged)
    rows.add("customer_notes", noted)
    rows.add("customer_tasks", to_do)


def grant_perks(people: Sequence[Known], *, ids: Ids, until: datetime) -> None:
    """Everything that perks are due to give by now, not taken yet; members are placed in their tiers."""
    numbers = {one.customer_id: one.number for one in people}
    for perk in perks.perks(active=True):
        for batch in granting.due(perk, now=until):
            rows.add(
                "perk_grants",
                [
                    {
                        "public_id": ids.of("grant", perk.id, numbers[due.customer_id], due.period),
                        "customer_id": due.customer_id,
                        "perk_id": perk.row_id,
                        "slot": perk.slot,
                        "period": due.period,
                        "terms": perk.content.terms.dump(),
                        "automatic": perk.content.terms.automatic,
                        "status": "granted",
                        "valid_until": due.ends,
                        "granted_at": until,
                    }
                    for due in batch
                ],
            )
        granting.note_done(perk, now=until)
