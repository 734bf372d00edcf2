"""The whole matrix: every route of the console for every role, and what is not allowed is not shown."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from shopapp.kernel.access import ROLES, Permission, Role
from tests.support.staff import desk, stranger

OPEN_TO_STRANGERS = {"console.sign_in", "console.send_sign_in", "console.second_step", "console.send_second_step", "console.sign_out"}  # fmt: skip
OPEN_TO_ALL_STAFF = {
    "account.mine",
    "account.send_password",
    "account.end_session",
    "account.second_factor",
    "account.begin_second_factor",
    "account.confirm_second_factor",
    "account.remove_second_factor",
}


def console_rules(app: Flask) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin")]
    assert len(rules) > 60
    return rules


def address(app: Flask, rule: Rule) -> str:
    """The rule's address for a thing that does not exist."""
    whole = {name for name, kind in rule._converters.items() if type(kind).__name__ == "IntegerConverter"}
    values = {name: 1 if name in whole else "0000000000aa" for name in rule.arguments}
    return app.url_map.bind("localhost").build(rule.endpoint, values)


def call(app: Flask, client: FlaskClient, rule: Rule) -> int:
    posts = "POST" in (rule.methods or set())
    path = address(app, rule)
    return (client.post(path, data={}) if posts else client.get(path)).status_code


def permission_of(app: Flask, rule: Rule) -> Permission | None:
    return getattr(app.view_functions[rule.endpoint], "permission", None)


def test_every_screen_names_the_right_it_asks_for(app: Flask) -> None:
    free = {rule.endpoint for rule in console_rules(app) if permission_of(app, rule) is None}
    assert free == OPEN_TO_STRANGERS | OPEN_TO_ALL_STAFF


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_its_rights_say_and_nothing_else(app: Flask, role: Role) -> None:
    client = desk(app, role)
    wrong = []
    for rule in console_rules(app):
        permission = permission_of(app, rule)
        if permission is None:
            continue
        status = call(app, client, rule)
        if (status == 403) is (permission in ROLES[role]) or status >= 500:
            wrong.append((rule.rule, permission.value, status))
    assert not wrong


def test_strangers_reach_nothing(app: Flask) -> None:
    client = stranger(app)
    reached = [
        rule.rule
        for rule in console_rules(app)
        if rule.endpoint not in OPEN_TO_STRANGERS and call(app, client, rule) != 302
    ]
    assert not reached


@pytest.mark.parametrize("role", Role)
def test_what_a_role_may_not_do_is_not_in_its_navigation(app: Flask, role: Role) -> None:
    shown = desk(app, role).get("/admin/").text
    expected = {
        "/admin/products": Permission.PRODUCTS_VIEW,
        "/admin/orders": Permission.ORDERS_VIEW,
        "/admin/customers": Permission.CUSTOMERS_VIEW,
        "/admin/coupons": Permission.LOYALTY_VIEW,
        "/admin/channels": Permission.CHANNELS_EDIT,
        "/admin/replies": Permission.OUTREACH_EDIT,
        "/admin/settings/shop": Permission.SETTINGS_EDIT,
        "/admin/staff": Permission.STAFF_EDIT,
        "/admin/audit": Permission.AUDIT_VIEW,
    }
    for path, permission in expected.items():
        assert (f'class="sub" href="{path}"' in shown or f'class="top" href="{path}"' in shown) is (
            permission in ROLES[role]
        ), path


def test_a_role_has_no_right_that_does_not_exist() -> None:
    assert all(rights <= frozenset(Permission) for rights in ROLES.values())
    assert ROLES[Role.OWNER] == frozenset(Permission)
