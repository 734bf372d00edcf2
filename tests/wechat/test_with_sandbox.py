"""The shop's own client against the local platform, both over real HTTP on the loopback."""

from __future__ import annotations

import pytest

from sandbox import faults, people
from sandbox.oa import acts, pushes
from shopapp.kernel import preferences
from shopapp.kernel.db import transaction
from shopapp.kernel.settings import settings
from shopapp.members.channels import queries as channels
from shopapp.members.channels import services as channel_services
from shopapp.wechat import calls, checks, crypto, menus, oauth, qrcodes, tokens
from shopapp.wechat.api import Outcome, PlatformApi, PlatformError
from shopapp.wechat.jssdk.services import sign_page
from shopapp.wechat.messages import money_text, queue_service_text, queue_template, sending, time_text
from shopapp.wechat.models import MessageState
from tests.support.wechat import MODES
from tests.support.world import World


def test_token_and_ticket_hold_and_pages_are_signed_as_the_platform_checks(world: World) -> None:
    now = world.clock.now()
    first = tokens.access_token(now=now)
    page = f"{settings().base_url}/p/1?x=1#top"
    signed = sign_page(url=page, now=now)
    assert tokens.access_token(now=now) == first
    from sandbox.oa.tokens import live_tickets

    (ticket,) = live_tickets()
    timestamp = str(signed.timestamp)
    assert signed.signature == crypto.sign_page(
        ticket=ticket, nonce=signed.nonce, timestamp=timestamp, url=page
    )
    world.forward(hours=3)
    calls.ask("GET", "/cgi-bin/user/get", now=world.clock.now())
    assert tokens.access_token(now=world.clock.now()) != first


def test_a_revoked_token_is_replaced_and_the_call_succeeds(world: World) -> None:
    calls.ask("GET", "/cgi-bin/user/get", now=world.clock.now())
    faults.arm("token_expired", 1)
    assert "total" in calls.ask("GET", "/cgi-bin/user/get", now=world.clock.now())


def test_the_platforms_faults_have_their_outcomes(world: World) -> None:
    for name, outcome in (
        ("api_500", Outcome.RETRY),
        ("api_429", Outcome.RETRY),
        ("api_quota", Outcome.QUOTA),
    ):
        faults.arm(name, 1)
        with pytest.raises(PlatformError) as refused:
            calls.ask("GET", "/cgi-bin/user/get", now=world.clock.now())
        assert refused.value.outcome is outcome


def test_every_set_up_check_passes(world: World) -> None:
    for check in checks.CHECKS:
        assert check.run(world.clock.now()).problems == [], check.name
    faults.arm("ip_refused", 1)
    assert "127.0.0.1 " in checks.check_account(world.clock.now()).problems[0]
    assert pushes.verify_address().received


@pytest.mark.parametrize("mode", MODES)
def test_a_follow_through_a_channels_code_is_greeted_and_counted(world: World, mode: str) -> None:
    from sandbox import store

    store.set_setting("callback_mode", mode)
    now = world.clock.now()
    with transaction():
        made = channel_services.create_channel(
            name="包裹卡", code="card", welcome="包裹里的朋友您好", now=now
        )
    code = channel_services.make_qr_code(public_id=made.public_id, now=now)
    openid: str = people.create(nickname="小美")["openid"]
    acts.follow(openid, qr_url=code.url)
    world.deliver()
    assert [entry["content"]["content"] for entry in world.chat(openid)] == ["包裹里的朋友您好"]
    row = channels.listing()[0]
    assert (row.follows, row.first_touches) == (1, 1)
    picture = qrcodes.picture_url(ticket=code.ticket)
    assert PlatformApi(base="").fetch(picture)[0] == 200


def test_the_menu_is_set_read_and_taken_away(world: World) -> None:
    now = world.clock.now()
    assert menus.published(now=now) == []
    menus.publish(buttons=[{"type": "view", "name": "逛店铺", "url": "/"}], now=now)
    (button,) = menus.published(now=now)
    assert (button["name"], button["url"]) == ("逛店铺", f"{settings().base_url}/")
    menus.remove(now=now)
    menus.remove(now=now)
    assert menus.published(now=now) == []


def map_order_paid(world: World) -> None:
    template = next(t for t in checks.templates(now=world.clock.now()) if t.title == "订单支付成功通知")
    names = {"订单编号": "number", "商品名称": "title", "支付金额": "amount", "支付时间": "at"}
    places = {names[label]: field for field, label in template.fields.items()}
    with transaction():
        preferences.write(
            "wechat.templates", {"order_paid": {"template_id": template.template_id, "fields": places}}
        )


def queue_paid(world: World, openid: str, key: str) -> None:
    from shopapp.kernel.money import Money

    data = {
        "number": "202601010000000001",
        "title": "婴儿有机棉连体衣春秋款三件套礼盒装送小熊玩偶",
        "amount": money_text(Money(128000)),
        "at": time_text(world.clock.now()),
    }
    now = world.clock.now()
    with transaction():
        queue_template(key=key, openid=openid, topic="order_paid", data=data, path="/orders/1", now=now)


def test_a_notice_reaches_the_follower_and_its_result_comes_back(world: World) -> None:
    openid = world.person()
    map_order_paid(world)
    assert checks.check_templates(world.clock.now()).ok
    queue_paid(world, openid, "paid:1")
    assert sending.send_due(world.clock.now()) == 1
    assert world.message("paid:1").state is MessageState.SENT
    world.forward(seconds=2)
    world.deliver()
    assert world.message("paid:1").state is MessageState.DELIVERED
    (card,) = world.chat(openid)
    assert card["content"]["rows"][1] == ["商品名称", "婴儿有机棉连体衣春秋款三件套礼盒装送小…"]


def test_a_notice_whose_answer_was_lost_is_shown_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from sandbox import store

    store.set_setting("hang_seconds", "0")
    openid = world.person()
    map_order_paid(world)
    queue_paid(world, openid, "paid:1")
    faults.arm("api_timeout_after_effect", 1)
    sending.send_due(world.clock.now())
    assert world.message("paid:1").state is MessageState.QUEUED
    world.forward(seconds=6)
    sending.send_due(world.clock.now())
    assert world.message("paid:1").state is MessageState.SENT
    assert len(world.chat(openid)) == 1


def test_who_left_gets_no_notice(world: World) -> None:
    openid = world.person()
    map_order_paid(world)
    acts.unfollow(openid)
    world.deliver()
    queue_paid(world, openid, "paid:1")
    sending.send_due(world.clock.now())
    assert (world.message("paid:1").state, world.message("paid:1").error_code) == (
        MessageState.SKIPPED,
        43004,
    )


def test_a_service_text_goes_out_while_the_window_is_open(world: World) -> None:
    openid = world.person()
    world.forward(minutes=2)
    for key, writes_first in (("say:1", False), ("say:2", True)):
        if writes_first:
            acts.send_text(openid, "在吗")
            world.deliver()
        now = world.clock.now()
        with transaction():
            queue_service_text(key=key, openid=openid, topic="service", text="您好，在的 🌸", now=now)
        sending.send_due(now)
    assert world.message("say:1").state is MessageState.SKIPPED
    assert world.message("say:2").state is MessageState.SENT
    assert [entry["content"]["content"] for entry in world.chat(openid)] == ["您好，在的 🌸"]


def test_a_code_of_the_platform_becomes_a_person_once(world: World) -> None:
    from sandbox.oa.webauth import issue_code

    openid = world.person()
    code = issue_code(openid=openid, scope=oauth.WITH_PROFILE)
    granted = oauth.exchange(code=code)
    assert (granted.openid, granted.snapshot) == (openid, False)
    assert oauth.profile(granted=granted).nickname == "小美"
    with pytest.raises(oauth.CodeRefused):
        oauth.exchange(code=code)
    ghost = oauth.exchange(code=issue_code(openid=openid, scope=oauth.WITH_PROFILE, snapshot=True))
    assert ghost.snapshot
    assert ghost.openid != openid


def test_repeats_and_forgeries_of_the_platform_change_nothing_more(world: World) -> None:
    with transaction():
        preferences.write("wechat.welcome", "欢迎光临")
    openid: str = people.create(nickname="小美")["openid"]
    faults.arm("push_duplicate", 1)
    acts.follow(openid)
    world.forward(seconds=20)
    world.deliver()
    faults.arm("push_forged", 1)
    acts.send_text(openid, "在吗")
    world.forward(seconds=20)
    world.deliver()
    assert len(world.chat(openid)) == 1
