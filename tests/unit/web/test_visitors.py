"""Whose conversation it is."""

from __future__ import annotations

import pytest

from rag.web import visitors
from rag.web.visitors import asks_as, cookies, is_name, new_cookie, visitor

ADA, BOB = "a" * 43, "b" * 43


def test_the_same_name_is_another_conversation_to_another_browser() -> None:
    ada, bob = visitor(ADA, "10.0.0.1"), visitor(BOB, "10.0.0.1")
    assert ada.session("x7") != bob.session("x7")
    assert ada.session("x7") == visitor(ADA, "10.0.0.2").session("x7"), "a browser may change its address"
    assert ada.owns(ada.session("x7"))
    assert not bob.owns(ada.session("x7"))


def test_nobody_can_name_a_conversation_into_anothers() -> None:
    ada, bob = visitor(ADA, ""), visitor(BOB, "")
    assert not ada.owns(bob.session(ada.session("x7")))


def test_the_key_does_not_give_the_cookie_away() -> None:
    assert ADA not in visitor(ADA, "").key


@pytest.mark.parametrize("secret", ["", "short", "a" * 65, "a" * 40 + ";", "a" * 31 + "é"])
def test_what_was_never_given_out_counts_as_none(secret: str) -> None:
    assert visitor(secret, "10.0.0.1") == visitor("", "10.0.0.1")


def test_an_address_is_no_cookie() -> None:
    assert visitor("", ADA).key != visitor(ADA, "").key


def test_a_cookie_is_new_each_time_and_for_no_script() -> None:
    cookie = new_cookie(https=False)
    assert cookie != new_cookie(https=False)
    assert "; HttpOnly; SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert new_cookie(https=True).endswith("; Secure")
    secret = cookies(cookie.partition(";")[0])[visitors.COOKIE]
    assert visitors.is_secret(secret)


@pytest.mark.parametrize("header", ["", "=;;", "a b=c", 'x="', "\x00"])
def test_broken_cookies_are_none(header: str) -> None:
    assert visitors.COOKIE not in cookies(header)


def test_names() -> None:
    assert is_name("6q5bx438d4g")
    assert is_name(visitors.new_name())
    assert not any(is_name(name) for name in (None, 7, "", "a/b", "a b", "a" * 101, "a\n", ["a"]))


def test_programs_of_one_address_count_one_by_one_and_the_tabs_of_a_browser_together() -> None:
    browser, program = visitor(ADA, ""), visitor("", "10.0.0.1")
    assert asks_as(browser.session("one")) == asks_as(browser.session("two"))
    assert asks_as(program.session("one")) != asks_as(program.session("two"))
