"""Perks as the API tells them, and as it is told them."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.money import Money

from .offers import MyPerk
from .queries import GrantView, PerkRow
from .rules import Period, PerkContent, PerkKind, PerkTerms


def content_from(data: dict[str, Any]) -> PerkContent:
    contact = data["contact"] or {"name": "", "text": ""}
    return PerkContent(
        name=data["name"].strip(),
        how=data["how"].strip(),
        kind=PerkKind(data["kind"]),
        period=Period(data["period"]),
        tiers=tuple(dict.fromkeys(data["tiers"])),
        plans=tuple(dict.fromkeys(data["card_plans"])),
        position=data["position"],
        active=data["active"],
        terms=PerkTerms(
            points=data["points"],
            points_months=data["points_months"],
            worth=Money(data["worth_fen"]),
            coupons=tuple((one["coupon_id"], one["pieces"]) for one in data["coupons"]),
            days_before=data["days_before"],
            claim_days=data["claim_days"],
            automatic=data["automatic"],
            contact_name=contact["name"].strip(),
            contact_text=contact["text"].strip(),
        ),
    )


def perk_answer(perk: PerkRow, grants: dict[str, int]) -> dict[str, Any]:
    content, terms = perk.content, perk.content.terms
    return {
        "id": perk.id,
        "name": content.name,
        "how": content.how,
        "kind": content.kind.value,
        "period": content.period.value,
        "tiers": list(content.tiers),
        "card_plans": list(content.plans),
        "points": terms.points,
        "points_months": terms.points_months,
        "worth_fen": terms.worth.fen,
        "coupons": [{"coupon_id": coupon_id, "pieces": pieces} for coupon_id, pieces in terms.coupons],
        "days_before": terms.days_before,
        "claim_days": terms.claim_days,
        "automatic": terms.automatic,
        "contact": _contact(terms.contact_name, terms.contact_text),
        "position": content.position,
        "active": content.active,
        "grants": grants,
    }


def my_perk_answer(perk: MyPerk) -> dict[str, Any]:
    return {
        "id": perk.id,
        "kind": perk.kind.value,
        "name": perk.name,
        "gives": perk.gives,
        "how": perk.how,
        "period": perk.period.value if perk.period else None,
        "can_redeem": perk.can_redeem,
        "grant": grant_answer(perk.grant) if perk.grant else None,
        "contact": _contact(perk.contact_name, perk.contact_text),
    }


def grant_answer(grant: GrantView) -> dict[str, Any]:
    return {
        "id": grant.id,
        "perk_id": grant.perk_id,
        "period": grant.period,
        "status": grant.status.value,
        "granted_at": grant.granted_at,
        "seen_at": grant.seen_at,
        "valid_until": grant.valid_until,
        "redeemed_at": grant.redeemed_at,
        "gave": grant.gave or None,
    }


def _contact(name: str, text: str) -> dict[str, str] | None:
    return {"name": name, "text": text} if name else None
