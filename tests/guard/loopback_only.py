"""An audit hook that lets nothing but loopback and Unix sockets through, and writes down what tried.

Python tells its hooks of each connection and each look-up before it is made, whichever library makes it, asyncio too; what
is written in Rust or C asks no hook, and is watched from outside in `tests/trust/test_network.py`. A name that ends in
`.invalid` is never there: to look it up fails as it should, and is no offence.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import Any

FOLDER = str(Path(__file__).resolve().parent)
LOG = "LODESTAR_REACHED_OUT"
_ADDRESSED = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKED_UP = ("socket.getaddrinfo", "socket.gethostbyname")


def install() -> None:
    """From here on until this process ends; hooks cannot be removed."""
    sys.addaudithook(_hook)


def attempts() -> list[str]:
    """What tried to reach another machine since this was last asked, in this process and those it started."""
    path = Path(os.environ[LOG])
    found = path.read_text("utf-8").splitlines()
    if found:
        path.write_text("")
    return found


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _ADDRESSED:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(address[0]):
            _note(f"{event} {address[0]}:{address[1]}")
            raise ConnectionRefusedError(f"the tests' guard: no connection to {address[0]}")
    elif event in _LOOKED_UP:
        host = arguments[0]
        if not _is_here(host):
            if not str(host).endswith(".invalid"):
                _note(f"{event} {host}")
            raise socket.gaierror(socket.EAI_NONAME, f"the tests' guard: no look-up of {host}")
    elif event == "subprocess.Popen":
        env = arguments[3]
        if isinstance(env, dict) and LOG not in env and LOG in os.environ:
            env[LOG] = os.environ[LOG]
        if isinstance(env, dict) and FOLDER not in env.get("PYTHONPATH", "").split(os.pathsep):
            # Whoever starts a command with an environment of its own has not thought of us.
            env["PYTHONPATH"] = os.pathsep.join(filter(None, [env.get("PYTHONPATH"), FOLDER]))


def _is_here(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def _note(what: str) -> None:
    if path := os.environ.get(LOG):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{what} by {Path(sys.argv[0] or '-c').name}\n")
