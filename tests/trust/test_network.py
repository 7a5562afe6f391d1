"""Nothing leaves the machine but calls to the endpoint you set."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import ROOT, environment
from tests.trust.whole_life import CANARIES

FOREIGN = "192.0.2.1"  # kept free for examples: nobody has it
Attempts = Callable[[], list[str]]

_NO_NETWORK = ["unshare", "--user", "--map-root-user", "--net"]
_LOOPBACK_UP = (
    "import fcntl, socket, struct, os, sys\n"
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x49))\n"  # SIOCSIFFLAGS: up, loopback, running
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """The whole life of an index where there is no network at all, every system call to it written down if that can be."""
    folder = tmp_path_factory.mktemp("life")
    command = [sys.executable, "-m", "tests.trust.whole_life", str(folder)]
    trace = folder.parent / "life.strace"
    if shutil.which("strace"):
        calls = "trace=connect,sendto,sendmsg,sendmmsg"
        command = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", calls, "-o", str(trace), *command]
    if (
        shutil.which("unshare")
        and subprocess.run([*_NO_NETWORK, "true"], capture_output=True, check=False).returncode == 0
    ):
        command = [*_NO_NETWORK, sys.executable, "-c", _LOOPBACK_UP, *command]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads((folder / "said.json").read_text("utf-8")), trace.read_text() if trace.exists() else ""


def test_all_works_without_a_network(life: tuple[Path, dict[str, Any], str]) -> None:
    _, said, _ = life
    assert [said[name][0] for name in ("ingest", "answer", "fault", "settings")] == [0, 0, 2, 2]
    assert "30 June 2027" in said["answer"][1]
    assert said["chats"] == 4
    assert any("30 June 2027" in page for page in said["page"].values())


def test_no_variable_makes_a_library_send_anything(life: tuple[Path, dict[str, Any], str]) -> None:
    assert life[1]["sink"] == []


def test_no_library_in_rust_or_c_reaches_out_either(life: tuple[Path, dict[str, Any], str]) -> None:
    if not life[2]:
        pytest.skip("strace is not installed")
    addresses = set(re.findall(r'(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"', life[2]))
    assert addresses <= {"127.0.0.1", "::1"}
    assert "127.0.0.1" in addresses


def test_no_key_is_in_what_was_said_or_written(life: tuple[Path, dict[str, Any], str]) -> None:
    folder, said, _ = life
    assert said["sent key"], "the endpoint has to get it, or this shows nothing"
    for canary in CANARIES.values():
        assert canary not in json.dumps(said)
        written = [path for path in folder.rglob("*") if path.is_file() and path.name != ".env"]
        assert len(written) > 10
        assert [str(path) for path in written if canary.encode() in path.read_bytes()] == []


async def _by_asyncio() -> None:
    await asyncio.open_connection(FOREIGN, 80)


def _by_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"x", (FOREIGN, 53))


WAYS: dict[str, Callable[[], object]] = {
    "socket": lambda: socket.create_connection((FOREIGN, 80), 1),
    "datagram": _by_datagram,
    "IPv6": lambda: socket.create_connection(("2001:db8::1", 80), 1),
    "name": lambda: socket.getaddrinfo("lodestar.example", 80),
    "asyncio": lambda: asyncio.run(_by_asyncio()),
    "urllib": lambda: urllib.request.urlopen(f"http://{FOREIGN}/", timeout=1),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_guard_refuses(way: str, reached_out: Attempts) -> None:
    with pytest.raises(OSError, match="the tests' guard"):
        WAYS[way]()
    assert len(reached_out()) == 1


@pytest.mark.parametrize(
    "env", [None, {"PATH": "/usr/bin"}, environment(PYTHONPATH=str(ROOT))], ids=["same", "bare", "own"]
)
def test_the_guard_holds_in_commands_too(env: dict[str, str] | None, reached_out: Attempts) -> None:
    program = f"import socket; socket.create_connection(('{FOREIGN}', 80), 1)"
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert "the tests' guard" in done.stderr
    (attempt,) = reached_out()
    assert FOREIGN in attempt


def test_what_is_here_and_what_is_nowhere_are_no_offence(reached_out: Attempts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nobody.invalid", 80)
    assert reached_out() == []
