"""The privacy text: the merchant's own, else one that says what this shop really does with personal data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from shopapp.kernel import preferences
from shopapp.kernel.i18n import _l

PRIVACY_TITLE = _l("隐私说明")
TEXT_DATE = "2026-11-26"

STANDARD_TEXT = _l("""<h2>我们收集什么</h2>
<p>您用微信登录时，{shop} 会得到微信为本店生成的用户编号（openid），用来认出您的购物车和订单。您同意提供昵称时，我们才会保存昵称。</p>
<p>您入会时可以填写姓名、手机号和生日，都不是必填。手机号用来认出您，生日用来送您生日礼；不用来做别的。</p>
<p>您下单时填写的收货人、手机号和地址，只用来发货、联系和售后。付款由微信支付完成，我们不会得到您的银行卡信息。</p>
<h2>怎样保管</h2>
<p>姓名、手机号、详细地址和您发给公众号的消息都加密保存；工作人员只能看到工作所需的部分，查看和修改都有记录。</p>
<h2>交给谁</h2>
<p>为了送货，我们把收货信息交给快递公司；为了收款和退款，我们把订单号和金额交给微信支付。除法律要求外，不交给其他人。</p>
<h2>您的权利</h2>
<p>您可以随时查看、修改或删除收货地址，收回对营销消息的同意，或者退出会员；也可以在“我的 - 隐私与授权”里导出您的全部信息，或者注销账号。依法须保留的交易记录会去掉个人信息后保存。</p>
<p>退出会员后，您填过的生日只留一个看不出日期的校验码，免得一年收两次生日礼。</p>
""")
MARKS_TEXT = _l("""<p>注销后，为防止一人一次的好处（入会积分、新人券、生日礼、试用等）被重复领取，我们保留 {months} 个月由微信编号和手机号算出的校验码；它看不出您是谁，不作别的用途，到期自动删除。</p>
""")


@dataclass(frozen=True, kw_only=True)
class PrivacyText:
    """A privacy text, as markup, with the name of its version."""

    version: str
    text: str


def in_force() -> PrivacyText:
    """What people agree to now: the Chinese text, in whatever language they read it.

    A version is the date of the text with the beginning of its hash: another text is another version.
    """
    own, shop_name = preferences.read("shop.privacy_text"), preferences.read("shop.name")
    text = own or _filled(STANDARD_TEXT.text, MARKS_TEXT.text, shop_name=shop_name)
    date = preferences.read("shop.privacy_date") or TEXT_DATE
    return PrivacyText(version=f"{date}-{hashlib.sha256(text.encode()).hexdigest()[:8]}", text=text)


def privacy_text(*, shop_name: str, own_text: str) -> str:
    """The text as it is shown, in the language of the request, as markup."""
    return own_text or _filled(str(STANDARD_TEXT), str(MARKS_TEXT), shop_name=shop_name)


def _filled(standard: str, marks: str, *, shop_name: str) -> str:
    """With what the shop has set: its name, and for how long it keeps marks of who was forgotten."""
    months: int = preferences.read("members.marks_kept_months")
    text = standard.replace("{shop}", shop_name)
    return text + marks.replace("{months}", str(months)) if months else text
