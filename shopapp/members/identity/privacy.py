"""The privacy text: the merchant's own, else one that says what this shop really does with personal data."""

from __future__ import annotations

import hashlib

from shopapp.kernel.i18n import _l

PRIVACY_TITLE = _l("隐私说明")
TEXT_DATE = "2026-11-22"

STANDARD_TEXT = _l("""<h2>我们收集什么</h2>
<p>您用微信登录时，{shop} 会得到微信为本店生成的用户编号（openid），用来认出您的购物车和订单。您同意提供昵称时，我们才会保存昵称。</p>
<p>您下单时填写的收货人、手机号和地址，只用来发货、联系和售后。付款由微信支付完成，我们不会得到您的银行卡信息。</p>
<h2>怎样保管</h2>
<p>姓名、手机号、详细地址和您发给公众号的消息都加密保存；工作人员只能看到工作所需的部分，查看和修改都有记录。</p>
<h2>交给谁</h2>
<p>为了送货，我们把收货信息交给快递公司；为了收款和退款，我们把订单号和金额交给微信支付。除法律要求外，不交给其他人。</p>
<h2>您的权利</h2>
<p>您可以随时查看、修改或删除收货地址，也可以联系客服，要求导出或删除您的个人信息。依法须保留的交易记录会去掉个人信息后保存。</p>
""")


def privacy_text(*, shop_name: str, own_text: str) -> str:
    """The text in force, as markup."""
    return own_text or str(STANDARD_TEXT).replace("{shop}", shop_name)


def privacy_version(text: str) -> str:
    """The date of the standard text with the beginning of the text's hash: another text is another version."""
    return f"{TEXT_DATE}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
