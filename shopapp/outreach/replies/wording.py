"""Words in the account's own texts that bring trouble: what advertising law and the platform's rules forbid.

Hints, not rules: whoever writes the text decides.
"""

from __future__ import annotations

import re
from typing import Any

from shopapp.kernel.i18n import _, _l

SUPERLATIVE = re.compile(
    r"最(?:好|佳|优|低价?|高级|便宜|先进|大的?|强|新鲜|安全)|全网最|第一品牌|(?:全国|销量|行业|全网)第一|国家级|世界级"
    r"|顶级|极品|绝无仅有|独一无二|史上|100\s?%|百分之百|万能"
)
LURE = re.compile(
    r"关注(?:后|即|就|可|公众号)?.{0,4}(?:领|送|得|抽|返)"
    r"|(?:分享|转发|邀请).{0,10}(?:领|送|得|抽|解锁|免费|返现)"
    r"|(?:转发|分享|发)(?:到|至)?朋友圈|集赞|助力砍价"
)
ELSEWHERE = re.compile(r"加(?:我)?(?:个人)?(?:微信|V信|v信)|淘宝|天猫|京东|拼多多|支付宝")
HINTS: list[tuple[re.Pattern[str], Any]] = [
    (SUPERLATIVE, _l("“%(words)s”是广告法不许用的绝对化说法，请换成具体的事实，比如用料、产地、重量。")),
    (LURE, _l("“%(words)s”像是诱导关注或分享，微信会限制这样的公众号。直接说明服务就好。")),
    (ELSEWHERE, _l("“%(words)s”把人引到别处，微信可能会拦下这条消息。")),
]


def hints(text: str) -> list[str]:
    """Sentences about what in this text might bring trouble; empty when nothing was found."""
    found = []
    for pattern, words in HINTS:
        hits = dict.fromkeys(hit.group(0) for hit in pattern.finditer(text))
        if hits:
            found.append(words % {"words": _("、").join(hits)})
    return found
