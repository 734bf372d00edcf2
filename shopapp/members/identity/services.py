"""How a person comes to be known, and signs in and out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.ids import new_token, token_hash

from .models import Customer, CustomerSession, SessionKind, SignInState, WeChatAccount
from .queries import HANDLE_LENGTH, SignedIn, session_token

SESSION_LIVES = timedelta(days=30)
STATE_LIVES = timedelta(minutes=10)
NEXT_PATH_MAX = 512


class StateUnknown(ShopError):
    status, code, text = 400, "state_unknown", _l("登录已过期或不是从本店发起的，请重新打开页面登录。")


def know_account(*, appid: str, openid: str, unionid: str | None = None, now: datetime) -> WeChatAccount:
    """The WeChat account with this openid, made together with its customer when it is new.

    An account with a known unionid joins the customer who has it. Concurrent calls make one account.
    """
    account = _account(appid=appid, openid=openid)
    if account is None:
        customer_id = _customer_with(unionid=unionid)
        made = customer_id is None
        if customer_id is None:
            customer = Customer(created_at=now)
            db.session.add(customer)
            db.session.flush()
            customer_id = customer.id
        fresh = insert_once(
            WeChatAccount,
            customer_id=customer_id,
            appid=appid,
            openid=openid,
            unionid=unionid,
            created_at=now,
        )
        if made and not fresh:
            rows_changed(delete(Customer).where(Customer.id == customer_id))
        account = db.session.scalars(select(WeChatAccount).filter_by(appid=appid, openid=openid)).one()
    if unionid and account.unionid is None:
        account.unionid = unionid
    return account


def _account(*, appid: str, openid: str) -> WeChatAccount | None:
    return db.session.scalar(select(WeChatAccount).filter_by(appid=appid, openid=openid))


def _customer_with(*, unionid: str | None) -> int | None:
    if not unionid:
        return None
    return db.session.scalar(select(WeChatAccount.customer_id).filter_by(unionid=unionid).limit(1))


def note_following(*, appid: str, openid: str, following: bool, at: datetime, now: datetime) -> bool:
    """Keep whether a person follows, unless something later is known already; tells whether it was kept.

    Pushes arrive in any order, so the platform's own time of the act decides.
    """
    account = know_account(appid=appid, openid=openid, now=now)
    newer = update(WeChatAccount).where(
        WeChatAccount.id == account.id, (WeChatAccount.changed_at.is_(None)) | (WeChatAccount.changed_at < at)
    )
    values = {"followed_at": at} if following else {"unfollowed_at": at}
    changed = rows_changed(newer.values(following=following, changed_at=at, **values)) == 1
    db.session.expire(account)
    return changed


def open_session(
    *, customer_id: int, openid: str, kind: SessionKind, device: str = "", now: datetime
) -> tuple[str, datetime]:
    """Sign a customer in; returns the token, which is kept nowhere, and when it ends. `device` is one of `devices`."""
    token, expires_at = new_token(), now + SESSION_LIVES
    db.session.add(
        CustomerSession(
            customer_id=customer_id,
            openid=openid,
            token_hash=token_hash(token),
            kind=kind,
            created_at=now,
            expires_at=expires_at,
            device=device,
            last_used_at=now,
        )
    )
    _note_seen(customer_id=customer_id, now=now)
    db.session.flush()
    return token, expires_at


def note_use(*, customer: SignedIn | None, now: datetime) -> None:
    """Remember that customer and device were here today, at their first act of the day: for entrances that write anyway."""
    if customer is None:
        return
    today = day_start(shop_day(now))
    if customer.seen_at is None or customer.seen_at < today:
        _note_seen(customer_id=customer.customer_id, now=now)
    token = session_token()
    if token and (customer.session_used_at is None or customer.session_used_at < today):
        mine = update(CustomerSession).where(CustomerSession.token_hash == token_hash(token))
        rows_changed(mine.values(last_used_at=now))


def _note_seen(*, customer_id: int, now: datetime) -> None:
    today = day_start(shop_day(now))
    not_today = (Customer.last_seen_at.is_(None)) | (Customer.last_seen_at < today)
    rows_changed(update(Customer).where(Customer.id == customer_id, not_today).values(last_seen_at=now))


def end_session(*, token: str, now: datetime) -> None:
    open_one = update(CustomerSession).where(
        CustomerSession.token_hash == token_hash(token), CustomerSession.ended_at.is_(None)
    )
    rows_changed(open_one.values(ended_at=now))


def end_other_sessions(*, customer_id: int, but: str, now: datetime) -> int:
    """Sign a customer out everywhere but where this token is held; returns at how many places."""
    others = update(CustomerSession).where(
        CustomerSession.customer_id == customer_id,
        CustomerSession.token_hash != token_hash(but),
        CustomerSession.ended_at.is_(None),
    )
    return rows_changed(others.values(ended_at=now))


def end_session_of(*, customer_id: int, handle: str, now: datetime) -> bool:
    """Sign a customer out at one place, by the handle that the list of devices gives; False if there is none."""
    mine = update(CustomerSession).where(
        CustomerSession.customer_id == customer_id,
        CustomerSession.token_hash.startswith(handle, autoescape=True),
        CustomerSession.ended_at.is_(None),
    )
    return len(handle) == HANDLE_LENGTH and rows_changed(mine.values(ended_at=now)) == 1


def note_privacy(*, customer_id: int, version: str | None) -> bool:
    """Keep which privacy text the customer agrees to, if any; tells whether that is news."""
    return _note(customer_id, Customer.privacy_version.is_distinct_from(version), privacy_version=version)


def note_marketing(*, customer_id: int, since: datetime | None) -> bool:
    """Keep since when the customer wants messages that sell, None for not at all; tells whether that is news."""
    other = Customer.marketing_since.is_not(None) if since is None else Customer.marketing_since.is_(None)
    return _note(customer_id, other, marketing_since=since)


def _note(customer_id: int, differs: ColumnElement[bool], **values: Any) -> bool:
    return rows_changed(update(Customer).where(Customer.id == customer_id, differs).values(values)) == 1


def lock_unerased(*, customer_id: int) -> bool:
    """Keep the customer's row from others until the transaction ends; False if they are erased or unknown."""
    statement = select(Customer.erased_at).where(Customer.id == customer_id).with_for_update()
    row = db.session.execute(statement).first()
    return row is not None and row.erased_at is None


def set_profile(*, customer_id: int, nickname: str | None, picture_url: str | None) -> None:
    """Keep the name and picture that the person agreed to share."""
    customer = db.session.get_one(Customer, customer_id)
    customer.nickname = nickname or customer.nickname
    customer.picture_url = picture_url or customer.picture_url


def begin_sign_in(*, browser: str, next_path: str, wants_profile: bool, now: datetime) -> str:
    """The state for one web authorisation, bound to this browser; the way back stays with us."""
    state = new_token().replace("-", "a").replace("_", "b")
    db.session.add(
        SignInState(
            state_hash=token_hash(state),
            browser_hash=token_hash(browser),
            next_path=next_path[:NEXT_PATH_MAX],
            wants_profile=wants_profile,
            created_at=now,
        )
    )
    rows_changed(delete(SignInState).where(SignInState.created_at < now - STATE_LIVES))
    return state


def finish_sign_in(*, browser: str, state: str, now: datetime) -> SignInState:
    """Use a state up; it holds the way back. Raises `StateUnknown` if it is old, used, or of another browser."""
    mine = update(SignInState).where(
        SignInState.state_hash == token_hash(state),
        SignInState.browser_hash == token_hash(browser),
        SignInState.used_at.is_(None),
        SignInState.created_at >= now - STATE_LIVES,
    )
    if rows_changed(mine.values(used_at=now)) == 0:
        raise StateUnknown
    return db.session.scalars(select(SignInState).filter_by(state_hash=token_hash(state))).one()


def safe_path(path: str | None) -> str:
    """A path of our own shop to go back to; anything else becomes the front page."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or len(path) > NEXT_PATH_MAX:
        return "/"
    return "/" if any(ord(letter) < 32 or letter == "\\" for letter in path) else path
