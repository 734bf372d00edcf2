"""Words in the shop's own texts that bring trouble: what the platform's rules and the law forbid.

Warnings, never refusals: whoever writes the text decides. Blanks, punctuation between letters, full width and emoji do
not hide a phrase; the end of a sentence does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from shopapp.kernel.i18n import _l

TEXT_LENGTH_MAX = 20_000
SENTENCE_END = "。"
ENDS = set("。;；?？\n")
SPELLED = {
    "🧧": "红包",
    "💰": "现金",
    **dict(zip("現關評價錢紅領轉發曬獎禮贈", "现关评价钱红领转发晒奖礼赠", strict=True)),
}

CASH = r"(?<!不)(?<!无)(?:返现|返钱|返利|返款|现金|红包|立返|全返|返还|微信转账|(?:返|领|送|得|奖|给)你?您?\d+(?:\.\d+)?(?:元|块|r|rmb))"
GIFT = (
    rf"(?:{CASH}|奖励|奖金|抽奖|礼品|礼物|礼包|好礼|有礼|豪礼|赠品|福利|免单|免费|优惠券|代金券|[领送得抽返][券奖礼取好]|积分)"
    r"(?!进度|记录|状态|详情|规则|明细|通知|消息|到账)"
)
FOLLOW = (
    r"(?:(?<!不)(?<!无需)(?<!不用)(?<!不必)(?<!不需要)(?<!不要求)(?<!取消)(?<!特别)(?<!和)(?<!与)(?<!跟)关注(?!度|点|订单|物流|进度)"
    r"|(?:加|添加)(?:我|客服|店主|掌柜|官方)?(?:微信|企微|vx|wx|v信|好友)(?:好友|号)?)"
)
SHARE = r"(?<!不)(?<!无需)(?<!不用)(?:分享|转发|群发|集赞|点赞|邀请(?!函|码)|拉新|拉人)"
PRAISE = (
    r"(?<!不)(?<!无需)(?<!不用)(?:好评|好苹|五星|5星|五颗星|5颗星|满分|全五分|全5分|打五分|打5分)(?!级酒店)"
)
REVIEW = r"(?<!不)(?<!无需)(?<!不用)(?:评价|评论|晒单|晒图|追评|买家秀|带图评|差评|中评)"
NOT = r"(?!不|没|无|都|也|与|和|跟)"
"""What makes the opposite of it: 关注与否都能领, 好评不返现."""
NO_PURCHASE = r"(?!下单|购买|首单|消费|付款|买)"

ABSOLUTE = (
    r"最(?:好(?!在|用|是|先|请|不)|佳(?!尺码|赏味|食用)|优(?!先)|便宜|先进|高级|高品质|高端|高标准|强(?!度)|新鲜|安全|受欢迎|划算|实惠|畅销|专业|正宗|顶级)"
    r"|最大(?!限度|承重|尺寸|容量|宽度|可|支持|值|码|号)"
    r"|最低(?!消费|起送|限额|温度|气温|工资|可|至少|订货|积分|水位)"
    r"|第一(?:品牌|选择)|(?:全国|全网|全球|世界|中国|销量|行业|排名|质量|品质|口碑|类目|同类)第一|第一(?:名)?(?=$|。|!|,)"
    r"|(?:国家|世界|宇宙|宇航)级|顶级|顶尖|极品|极致|(?<!不)绝对(?!值|路径|不会?)|独家|王牌|销量冠军|史无前例|史上|前无古人|万能(?!险|充)"
    r"|(?<!非)唯一(?!编|码|标|序|的?编号|的?号)|首个|首选|绝无仅有|独一无二|根治|百分之百|100%(?!纯?棉|羊|桑|蚕|聚|亚|莫|再生)"
)

ALWAYS_SHARE = r"(?<!不)(?<!无需)(?:(?:转发|分享|发)(?:到|至|一?条)?朋友圈|集\d*个?赞|助力|砍一刀|砍价)"
LEAN_GAP = rf"(?:{NOT}[^{SENTENCE_END}]){{0,8}}?"
SHARE_GAP = rf"(?:{NOT}{NO_PURCHASE}[^{SENTENCE_END}]){{0,10}}?"
BACK_GAP = r"(?:先?请|先|需要?先?|要先?|必须先?|条件是?|只需|就)"

FOLLOW_FOR_REWARD = "follow_for_reward"
SHARE_FOR_REWARD = "share_for_reward"
REVIEW_FOR_REWARD = "review_for_reward"
RED_PACKET = "red_packet"
ABSOLUTE_CLAIM = "absolute_claim"

PATTERNS: list[tuple[str, re.Pattern[str], Any]] = [
    (
        FOLLOW_FOR_REWARD,
        re.compile(
            rf"{FOLLOW}{LEAN_GAP}{GIFT}"
            rf"|{FOLLOW}(?:公众号|我们|本店|店铺|服务号|微信)?[{SENTENCE_END}]?(?:后|即|就|可|立刻|马上)*[领送抽返](?!回|货|程)"
            rf"|{GIFT}{BACK_GAP}{FOLLOW}|[领抢](?:红包|现金){FOLLOW}"
        ),
        _l("“%(phrase)s”像是诱导关注，微信会限制这样的公众号。请改成“凭订单号登记返现”，关不关注都能领。"),
    ),
    (
        SHARE_FOR_REWARD,
        re.compile(rf"{SHARE}{SHARE_GAP}{GIFT}|{GIFT}{BACK_GAP}{SHARE}|{ALWAYS_SHARE}"),
        _l("“%(phrase)s”像是诱导分享，微信会封掉这样的链接。奖励只能给真实的购买。"),
    ),
    (
        REVIEW_FOR_REWARD,
        re.compile(
            rf"{PRAISE}{LEAN_GAP}{GIFT}|{GIFT}{BACK_GAP}{PRAISE}|{REVIEW}{LEAN_GAP}{CASH}|{CASH}{BACK_GAP}{REVIEW}"
            rf"|(?:{PRAISE}|{REVIEW})(?:后|即|就|可|截图|联系客服)*[领送抽返](?!回|货|程)"
        ),
        _l("“%(phrase)s”是拿好处换评价，电子商务法和各平台都不允许。请把评价和奖励分开，一个字也不要提。"),
    ),
    (
        RED_PACKET,
        re.compile(r"红包(?!色|书)"),
        _l("“%(phrase)s”在微信里只能指微信发的现金红包，返到余额、积分、券或转账都不能这么叫，请写“返现”。"),
    ),
    (
        ABSOLUTE_CLAIM,
        re.compile(ABSOLUTE),
        _l("“%(phrase)s”是广告法不许用的绝对化说法，请换成具体的事实，比如用料、产地、重量。"),
    ),
]


@dataclass(frozen=True, kw_only=True)
class TextWarning:
    """`phrase` as it stands in the text, `text` what is wrong with it and what to write instead."""

    code: str
    phrase: str
    text: str


def check(text: str) -> list[TextWarning]:
    """What in this text might bring trouble, each phrase once; empty when nothing was found.

    Texts longer than `TEXT_LENGTH_MAX` are looked at that far.
    """
    text = text[:TEXT_LENGTH_MAX]
    plain, places = _plain(text)
    hits: dict[tuple[str, str], TextWarning] = {}
    for code, pattern, words in PATTERNS:
        for hit in pattern.finditer(plain):
            phrase = " ".join(text[places[hit.start()] : places[hit.end() - 1] + 1].split())
            hits.setdefault(
                (code, phrase), TextWarning(code=code, phrase=phrase, text=words % {"phrase": phrase})
            )
    return list(hits.values())


def _plain(text: str) -> tuple[str, list[int]]:
    """The text without what can be put between letters, and where each letter stood.

    A stop between two single letters ends no sentence: 好。评。返。现
    """
    letters = list(_letters(text))
    stops = [-1, *(at for at, (letter, _) in enumerate(letters) if letter == SENTENCE_END), len(letters)]
    single = [after - before <= 2 for before, after in pairwise(stops)]
    hidden = {
        stop for stop, left, right in zip(stops[1:-1], single, single[1:], strict=False) if left and right
    }
    kept = [pair for at, pair in enumerate(letters) if at not in hidden]
    return "".join(letter for letter, _ in kept), [place for _, place in kept]


def _letters(text: str) -> Iterator[tuple[str, int]]:
    for place, written in enumerate(text):
        if written in ENDS:
            yield SENTENCE_END, place
            continue
        for letter in SPELLED.get(written) or unicodedata.normalize("NFKC", written).casefold():
            if letter.isalnum() or letter in "%!":
                yield letter, place
