"""What each transfer scene asks for: report fields, and what the user may be told the money is."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox import store

from . import fields
from .errors import PayError, invalid_request, param_error


@dataclass(frozen=True)
class Scene:
    """`reports` must all be given, once each; the first of `perceptions` is the default."""

    name: str
    reports: frozenset[str]
    perceptions: tuple[str, ...]


SCENES = {
    "1000": Scene("现金营销", frozenset({"活动名称", "奖励说明"}), ("活动奖励", "现金奖励")),
    "1005": Scene(
        "佣金报酬", frozenset({"岗位类型", "报酬说明"}), ("劳务报酬", "报销款", "企业补贴", "开工利是")
    ),
    "1011": Scene("企业赔付", frozenset({"赔付原因"}), ("退款", "商家赔付")),
}


def granted() -> frozenset[str]:
    """Scene ids this merchant may use; a switch of the control page."""
    return frozenset(store.setting("pay_transfer_scenes", "1000,1005,1011").split(","))


def check(body: fields.Body) -> str:
    """Check the scene members of a transfer and return what the user is told. Raises PayError."""
    number = fields.text(body, "transfer_scene_id", longest=36)
    scene = SCENES.get(number)
    if scene is None:
        raise param_error("transfer_scene_id", "没有这个转账场景")
    if number not in granted():
        raise PayError(403, "NO_AUTH", f"商户没有开通转账场景 {number} {scene.name}")
    _check_reports(body.get("transfer_scene_report_infos"), scene)
    perception = fields.optional_text(body, "user_recv_perception", longest=32) or scene.perceptions[0]
    if perception not in scene.perceptions:
        raise invalid_request(f"user_recv_perception 只能是：{'、'.join(scene.perceptions)}")
    return perception


def _check_reports(infos: object, scene: Scene) -> None:
    name = "transfer_scene_report_infos"
    if not isinstance(infos, list) or not all(isinstance(info, dict) for info in infos):
        raise param_error(name, "须为对象的数组")
    types = [fields.text(info, "info_type", longest=15, label=f"{name}.info_type") for info in infos]
    for info in infos:
        fields.text(info, "info_content", longest=32, label=f"{name}.info_content")
    if len(types) != len(set(types)) or set(types) != scene.reports:
        raise param_error(name, f"{scene.name}场景须各报一次：{'、'.join(sorted(scene.reports))}")
