"""Kept answers: given again as they were, to nobody else, and not for a moment longer than they hold."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response, request

from shopapp.kernel import kept
from shopapp.kernel.kept import KeptAnswers, Personal, keep


class Shelf:
    """An application with one kept page, whose version the test turns by hand."""

    def __init__(self) -> None:
        self.version: Any = 1
        self.made = 0
        self.app = Flask(__name__)
        self.answers = KeptAnswers(bytes_max=100)
        self.app.after_request(self.answers.put)
        self.app.add_url_rule("/goods", view_func=self.goods)
        self.app.add_url_rule("/mine", view_func=self.mine)
        self.app.add_url_rule("/greeting", view_func=self.greeting)
        self.client = self.app.test_client()

    def ask(self) -> Any:
        return self.version

    def goods(self) -> Response:
        self.made += 1
        return keep(Response(f"made {self.made}"), version=self.version, ask=self.ask)

    def mine(self) -> Response:
        self.made += 1
        answer = keep(Response(f"of {request.cookies['who']}"), version=self.version, ask=self.ask)
        draft = kept.draft()
        assert draft is not None
        draft.personal = Personal(read=lambda cookies: cookies.get("who"), shown=request.cookies["who"])
        return answer

    def greeting(self) -> Response:
        answer = Response("hello")
        answer.set_cookie("seen", "yes")
        return keep(answer, version=self.version, ask=self.ask)

    def again(self, path: str, **environ: str) -> str | None:
        with self.app.test_request_context(path, environ_overrides=environ):
            found = self.answers.again(request.environ)
        return None if found is None else found.body.decode()


def test_an_answer_is_given_again_until_its_version_turns() -> None:
    shelf = Shelf()
    assert shelf.again("/goods") is None
    shelf.client.get("/goods")
    assert shelf.again("/goods") == "made 1"
    shelf.version = 2
    assert shelf.again("/goods") is None
    shelf.client.get("/goods")
    assert shelf.again("/goods") == "made 2"


@pytest.mark.parametrize(
    "other",
    [
        {"QUERY_STRING": "sort=newest"},
        {"HTTP_ACCEPT_LANGUAGE": "en"},
        {"HTTP_COOKIE": "lang=en"},
        {"QUERY_STRING": "lang=en"},
        {"HTTP_ACCEPT_ENCODING": "gzip"},
        {"REQUEST_METHOD": "HEAD"},
        {"REQUEST_METHOD": "POST"},
        {"CONTENT_LENGTH": "5"},
    ],
)
def test_another_question_gets_its_own_answer(other: dict[str, str]) -> None:
    shelf = Shelf()
    shelf.client.get("/goods")
    assert shelf.again("/goods") == "made 1"
    assert shelf.again("/goods", **other) is None


def test_what_is_personal_goes_to_its_person_alone() -> None:
    shelf = Shelf()
    for who in ("anna", "bert"):
        shelf.client.set_cookie("who", who)
        shelf.client.get("/mine")
    assert shelf.again("/mine", HTTP_COOKIE="who=anna") == "of anna"
    assert shelf.again("/mine", HTTP_COOKIE="who=bert") == "of bert"
    assert shelf.again("/mine", HTTP_COOKIE="who=carl") is None
    assert shelf.again("/mine") is None


def test_an_answer_that_sets_a_cookie_is_not_kept() -> None:
    shelf = Shelf()
    shelf.client.get("/greeting")
    assert shelf.again("/greeting") is None


def test_the_least_used_are_forgotten_when_the_room_is_full() -> None:
    shelf = Shelf()
    for number in range(30):
        shelf.client.get(f"/goods?page={number}")
        assert shelf.again("/goods?page=0") == "made 1"
    kept_ones = [number for number in range(30) if shelf.again(f"/goods?page={number}") is not None]
    assert kept_ones[0] == 0
    assert kept_ones[-1] == 29
    assert 10 <= len(kept_ones) <= 16


def test_an_address_without_end_is_not_kept() -> None:
    shelf = Shelf()
    shelf.client.get("/goods?x=" + "y" * 400)
    assert shelf.again("/goods?x=" + "y" * 400) is None
