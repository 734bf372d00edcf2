"""Signing in over the API, the person's own data, and what the merchant sees of people."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo

CODE_MAX = 12
VERSION_MAX = 40
PAGE_MAX = 100
SEARCH_MAX = 30


class SessionInput(Schema):
    code = PlainText(required=True, least=1, longest=512)


class CustomerAnswer(Schema):
    id = fields.String(attribute="public_id")
    nickname = fields.String(allow_none=True)
    picture_url = fields.String(allow_none=True)
    since = fields.AwareDateTime()
    is_member = fields.Boolean()


class SessionAnswer(Schema):
    token = fields.String()
    expires_at = fields.AwareDateTime()
    customer = fields.Nested(CustomerAnswer)


class PrivacyAnswer(Schema):
    version = fields.String()
    title = fields.String()
    url = fields.String()
    text_sha256 = fields.String()


class ConsentsAnswer(Schema):
    """`privacy` is the version agreed to; `privacy_due` is true for a member whose text has changed since."""

    privacy = fields.String(allow_none=True)
    privacy_due = fields.Boolean()
    marketing = fields.Boolean()


class MeAnswer(CustomerAnswer):
    """What the shop knows of the signed-in person; all but the first five fields are null for a guest."""

    member_no = fields.String(allow_none=True)
    member_since = fields.AwareDateTime(allow_none=True)
    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True, metadata={"description": "打码的手机号"})
    birthday = fields.Date(allow_none=True)
    consents = fields.Nested(ConsentsAnswer)


class ConsentsInput(Schema):
    privacy = PlainText(required=True, least=1, longest=VERSION_MAX)
    marketing = YesNo(load_default=False)


class ProfileInput(Schema):
    """`phone_code` is the one sent to `phone`; `birthday` is a date such as 1990-02-28."""

    name = PlainText(longest=60, load_default="")
    phone = PlainText(longest=30, load_default="")
    phone_code = PlainText(longest=CODE_MAX, load_default="")
    birthday = PlainText(longest=10, load_default="")


class RegistrationInput(ProfileInput):
    consents = fields.Nested(ConsentsInput, required=True)


class ConsentsChange(Schema):
    """`privacy`: the version of a changed text to agree to, or null to withdraw, which ends the membership."""

    privacy = PlainText(least=1, longest=VERSION_MAX, allow_none=True)
    marketing = YesNo()


class PhoneCodeInput(Schema):
    phone = PlainText(required=True, least=1, longest=30)


class PhoneCodeAnswer(Schema):
    expires_in = fields.Integer(metadata={"description": "秒"})
    again_in = fields.Integer(metadata={"description": "秒"})


class CustomerPageInput(Schema):
    q = PlainText(
        longest=SEARCH_MAX, load_default="", metadata={"description": "会员号、编号、完整的手机号或昵称"}
    )
    kind = fields.String(validate=validate.OneOf(("member", "guest", "erased")), load_default="")
    cursor = PlainText(least=1, longest=32)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class MerchantCustomerAnswer(CustomerAnswer):
    """Masked for tokens that may not see personal data."""

    last_seen_at = fields.AwareDateTime(allow_none=True)
    following = fields.Boolean()
    member_no = fields.String(allow_none=True)
    member_since = fields.AwareDateTime(allow_none=True)
    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    birthday = fields.String(allow_none=True)
    marketing = fields.Boolean()
    erased_at = fields.AwareDateTime(allow_none=True)


class MerchantCustomerList(Schema):
    items = fields.List(fields.Nested(MerchantCustomerAnswer))
    next_cursor = fields.String(allow_none=True)
