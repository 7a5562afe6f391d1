"""How much one visitor may ask, and how often a password may be tried."""

from __future__ import annotations

import contextlib

from rag.web.limits import EACH, WITHIN, WRONG_FROM_ALL, WRONG_PASSWORDS, Attempts, Seats


def _take(seats: Seats, stack: contextlib.ExitStack, visitor: str, address: str = "") -> str:
    return stack.enter_context(seats.taken(visitor, address))


def test_a_visitor_has_few_seats_and_gets_them_back() -> None:
    seats = Seats(100)
    with contextlib.ExitStack() as stack:
        assert [_take(seats, stack, "ada") for _ in range(EACH)] == [""] * EACH
        assert "3 of your questions" in _take(seats, stack, "ada")
        assert _take(seats, stack, "bob") == ""
    with contextlib.ExitStack() as stack:
        assert [_take(seats, stack, "ada") for _ in range(EACH)] == [""] * EACH


def test_all_together_have_no_more_than_there_are() -> None:
    seats = Seats(4)
    with contextlib.ExitStack() as stack:
        assert [_take(seats, stack, f"visitor {n}", "127.0.0.1") for n in range(4)] == [""] * 4
        assert "as many questions as it can" in _take(seats, stack, "one more")


def test_one_address_leaves_half_to_the_others_unless_it_is_a_tunnels() -> None:
    seats = Seats(10)
    with contextlib.ExitStack() as stack:
        assert [_take(seats, stack, f"visitor {n}", "10.0.0.7") for n in range(5)] == [""] * 5
        assert "as many questions as it can" in _take(seats, stack, "one more", "10.0.0.7")
        assert [_take(seats, stack, f"local {n}", "127.0.0.1") for n in range(5)] == [""] * 5


def test_an_exception_gives_the_seat_back() -> None:
    seats = Seats(1)
    with contextlib.suppress(KeyError), seats.taken("ada"):
        raise KeyError
    with seats.taken("ada") as refusal:
        assert refusal == ""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_ten_wrong_passwords_and_then_a_minute() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(WRONG_PASSWORDS):
        assert attempts.wait("mallory") == 0
        clock.now += 1
    wait = attempts.wait("mallory")
    assert 0 < wait <= WITHIN
    assert attempts.wait("ada") == 0, "another address is not told to wait"
    clock.now += wait
    assert attempts.wait("mallory") == 0, "to have asked while waiting does not make it longer"


def test_a_right_password_does_not_count() -> None:
    attempts = Attempts(Clock())
    for _ in range(3 * WRONG_PASSWORDS):
        assert attempts.wait("ada") == 0
        attempts.was_right("ada")


def test_many_addresses_wait_together_but_not_whoever_sits_at_the_machine() -> None:
    attempts = Attempts(Clock())
    assert all(attempts.wait(f"address {n}") == 0 for n in range(WRONG_FROM_ALL))
    assert attempts.wait("one more") > 0
    assert attempts.wait("the owner", here=True) == 0
