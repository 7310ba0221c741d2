"""A listener that is about to close: who is in its queue is served, and nobody else gets in."""

import socket

import pytest

from entrypoints.http.serving.listeners import accepted, turn_away


def test_who_got_through_is_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        calls = accepted(listener)
        assert len(calls) == 3
        assert accepted(listener) == []
        for each in (*clients, *calls):
            each.close()


def test_nobody_gets_in_any_more_and_who_is_in_still_talks() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        turn_away(listener)
        with pytest.raises(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=0.2)
        (call,) = accepted(listener)
        client.sendall(b"asked")
        assert call.recv(16) == b"asked"
        call.close()
