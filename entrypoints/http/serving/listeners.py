"""Closing a listener without resetting whoever got through to it."""

import socket
import struct
import sys
from contextlib import suppress

_SO_ATTACH_FILTER = 26
"""socket(7), Linux; the standard library has no name for it."""
_BPF_RETURN = 0x06


def turn_away(listener: socket.socket) -> None:
    """Lets nobody new into its queue, on Linux: from now on the system drops what comes to it.

    Whoever connects tries again by itself, and finds the listener closed by then, or another one in
    its place. Between the last look into the queue and the closing somebody would get in, ask, and
    be reset. Only for who alone holds the socket: it shuts the door for all.
    """
    if sys.platform != "linux":
        return
    import ctypes  # for this alone

    # One instruction: of every packet, keep nothing (struct sock_filter, struct sock_fprog).
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN, 0, 0, 0))
    program = struct.pack("HL", 1, ctypes.addressof(instruction))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def accepted(listener: socket.socket) -> list[socket.socket]:
    """Whoever waits in its queue."""
    listener.setblocking(False)
    calls: list[socket.socket] = []
    with suppress(OSError):
        while True:
            calls.append(listener.accept()[0])
    return calls
