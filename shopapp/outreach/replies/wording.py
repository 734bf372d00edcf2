"""Words in the account's own texts that bring trouble: what advertising law and the platform's rules forbid.

Hints, not rules: whoever writes the text decides.
"""

from __future__ import annotations

import re

from shopapp.kernel.i18n import _
from shopapp.members.wording.rules import check

ELSEWHERE = re.compile(r"加(?:我)?(?:个人)?(?:微信|V信|v信)|淘宝|天猫|京东|拼多多|支付宝")


def hints(text: str) -> list[str]:
    """Sentences about what in this text might bring trouble; empty when nothing was found."""
    found = [warning.text for warning in check(text)]
    elsewhere = dict.fromkeys(hit.group(0) for hit in ELSEWHERE.finditer(text))
    if elsewhere:
        found.append(_("“%(words)s”把人引到别处，微信可能会拦下这条消息。", words=_("、").join(elsewhere)))
    return found
