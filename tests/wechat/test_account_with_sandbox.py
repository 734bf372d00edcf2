"""The account as the merchant runs it, against the local platform over real HTTP: menu, followers, tags, notices."""

from __future__ import annotations

from typing import Any

from sandbox import faults, people, store
from sandbox.oa import acts, subscriptions, users
from shopapp.kernel import preferences
from shopapp.kernel.db import db, transaction
from shopapp.members.fans import jobs as fan_jobs
from shopapp.members.fans import queries as fans
from shopapp.members.fans import tags as fan_tags
from shopapp.members.fans.queries import FanFilter
from shopapp.outreach.menu import services as menu_versions
from shopapp.outreach.replies import media as reply_media
from shopapp.outreach.replies import services as replies
from shopapp.outreach.replies.models import Match, ReplyKind
from shopapp.outreach.replies.rules import RuleContent
from shopapp.store.catalogue import media as pictures
from shopapp.wechat import checks, followers, menus, notices, tokens
from shopapp.wechat.messages import queue_template, sending
from shopapp.wechat.models import MessageState
from tests.support.pictures import drawn
from tests.support.world import World


def test_a_published_menu_is_live_and_an_unknown_answer_is_looked_up(world: World) -> None:
    store.set_setting("hang_seconds", "0")
    tokens.access_token(now=world.clock.now())
    with transaction():
        menus.set_menu(buttons=[{"type": "view", "name": "逛店铺", "url": "/"}])
    faults.arm("api_timeout_after_effect", 1)
    version = menu_versions.publish(by="店主", now=world.clock.now())
    assert (version.live, version.problem) == (True, None)
    with transaction():
        menus.set_menu(buttons=[{"type": "view", "name": "首页", "url": "/"}])
    faults.arm("api_500", 1)
    refused = menu_versions.publish(by="店主", now=world.clock.now())
    assert (refused.live, refused.error_code) == (False, -1)
    (button,) = menus.published(now=world.clock.now())
    assert button["name"] == "逛店铺"


def test_followers_and_their_tags_are_the_same_on_both_sides(world: World) -> None:
    """Some followed before the shop was there, one leaves unnoticed, and a tag travels both ways."""
    early = [people.create(nickname=f"早来的 {number}")["openid"] for number in range(3)]
    for openid in early:
        store.run("UPDATE people SET follows = 1, subscribe_time = 1700000000 WHERE openid = ?", (openid,))
    store.run("UPDATE people SET remark = '王姐' WHERE openid = ?", (early[0],))
    anna, leaver = world.person(), world.person()
    world.forward(minutes=5)
    store.run("UPDATE people SET follows = 0 WHERE openid = ?", (leaver,))

    now = world.clock.now()
    tag = fan_tags.create(name="老顾客", now=now)
    fan_jobs.begin_sync(now)
    fan_jobs.go_on(now)
    assert {row.openid for row in fans_found()} == {*early, anna}
    assert [row.openid for row in fans_found(words="王姐")] == [early[0]]
    with transaction():
        wanted = fans.account_ids(FanFilter(words="王姐"))
        assert fan_tags.give(public_id=tag, accounts=wanted, now=now) == 1
    fan_jobs.go_on(world.clock.now())
    (number,) = users.tags_of(early[0])
    store.run("UPDATE people SET tags = ? WHERE openid = ?", (f"[{number}]", anna))
    world.forward(minutes=5)
    fan_jobs.begin_sync(world.clock.now())
    fan_jobs.go_on(world.clock.now())
    assert {row.openid for row in fans_found(tag=tag)} == {early[0], anna}
    fan_tags.rename(public_id=tag, name="熟客", now=world.clock.now())
    assert [row.name for row in followers.tags(now=world.clock.now())] == ["熟客"]
    fan_tags.remove(public_id=tag, now=world.clock.now())
    assert (users.tags_of(anna), followers.tags(now=world.clock.now())) == ([], [])


def fans_found(**wanted: Any) -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(fans.fans_statement(FanFilter(**wanted))))


def test_a_picture_is_answered_with_the_platforms_copy(world: World) -> None:
    kept = pictures.prepare(drawn())
    with transaction():
        content = RuleContent(keyword="尺码", match=Match.EXACT, kind=ReplyKind.PICTURE, picture=kept.file)
        rule = replies.add_keyword(content=content, now=world.clock.now()).public_id
    reply_media.give_picture(public_id=rule, now=world.clock.now())
    openid = world.person()
    acts.send_text(openid, "尺码")
    world.deliver()
    (picture,) = world.chat(openid)
    assert (picture["kind"], picture["content"]["kind"]) == ("media", "image")


def test_an_agreed_notice_arrives_once_and_another_answers_for_itself(world: World) -> None:
    """Two templates in one popup: one agreed to, one refused."""
    now = world.clock.now()
    new, back, _trial = checks.notice_templates(now=now)
    openid = world.person(follows=False)
    subscriptions.answer_popup(openid=openid, answers={new.template_id: "accept", back.template_id: "reject"})
    world.deliver()
    assert {one.template_id: one.left for one in notices.totals()} == {
        new.template_id: 1,
        back.template_id: 0,
    }
    places = {"商品名称": "goods", "上架时间": "time", "温馨提示": "note"}
    fields = {places[label]: field for field, label in new.fields.items()}
    mapping = {"template_id": new.template_id, "fields": fields, "notice": True}
    with transaction():
        preferences.write("wechat.templates", {"order_shipped": mapping})
        for key in ("first", "second"):
            data = {"goods": "春季新茶", "time": "2026年1月1日 10:00", "note": "点击查看"}
            queue_template(key=key, openid=openid, topic="order_shipped", data=data, path="/", now=now)
    sending.send_due(world.clock.now())
    world.forward(seconds=2)
    world.deliver()
    assert world.message("first").state is MessageState.DELIVERED
    assert world.message("second").state is MessageState.SKIPPED
    assert [card["content"]["title"] for card in world.chat(openid)] == ["新品上架通知"]
    assert checks.check_templates(world.clock.now()).ok
