"""A public link is guarded: nothing is open that the page does not need, no file is taken or given out, no other site gets in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.browser.app import App
from tests.trust.knocking import QUESTION, Browser, copies, raw
from tests.trust.rounds import rounds

CANARY = "canary-7c1d8e"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Gradio would put copies of files."""
    return tmp_path_factory.mktemp("gradio")


@pytest.fixture(scope="module")
def local(start: Callable[..., App], workspace: Path, cache: Path) -> App:
    """The page as it is on a person's own machine, without a password; a secret lies in its working folder."""
    (workspace / "notes.txt").write_text(CANARY)
    (workspace / ".env").write_text("# nothing is set here: " + CANARY)
    return start(RAG_LLM="extractive", GRADIO_TEMP_DIR=str(cache))


CLOSED = [
    "/docs",
    "/redoc",
    "/openapi.json",
    "/gradio_api/openapi.json",
    "/gradio_api/deep_link?session_hash=x",
    "/gradio_api/token",
    "/gradio_api/user",
    "/gradio_api/login_check",
    "/gradio_api/runs",
    "/gradio_api/file=notes.txt",
    "/gradio_api/file=.env",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file/notes.txt",
    "/gradio_api/file=http://127.0.0.1:1/x",
    "/gradio_api/file=https://foreign.example/x",
    "/gradio_api/proxy=http://127.0.0.1:1/x",
    "/gradio_api/proxy=https://x.hf.space/x",
    "/gradio_api/custom_component/x/client/component/../../routes.py",
    "/gradio_api/stream/x/1/2/playlist.m3u8",
    "/gradio_api/stream/x/1/2/playlist-file",
    "/gradio_api/queue/status",
    "/gradio_api/dev/reload",
    "/gradio_api/vibe-code",
    "/gradio_api/mcp",
    "/gradio_api/mcp/sse",
    "/gradio_api/call/v2/chat/x",
    "/gradio_api/call/_load_conversation/x",
    "/gradio_api/profiling/traces",
    "/monitoring",
    "/monitoring/summary",
    "/monitoring/x",
    "/file=notes.txt",
    "/file/notes.txt",
    "/proxy=https://x.hf.space/x",
    "/logout",
    "/pwa_icon/64",
    "/assets/../../../../../../etc/passwd",
    "/static/..%2f..%2f..%2froutes.py",
    "/svelte/%2e%2e/%2e%2e/%2e%2e/routes.py",
    "/assets//etc/passwd",
    "//gradio_api/file=notes.txt",
    "/gradio_api/%66ile=notes.txt",
]
CLOSED_POSTS = [
    "component_server",
    "process_recording",
    "stream/x",
    "stream/x/close",
    "api/chat",
    "run/chat",
    "call/_load_conversation",
    "call/v2/chat",
    "vibe-edit",
    "vibe-code",
    "undo-vibe-edit",
    "run-history/connect",
]


def test_what_the_page_does_not_need_is_closed(local: App) -> None:
    with httpx.Client(base_url=local.url, trust_env=False) as http:
        # As raw bytes: an HTTP client would tidy the paths.
        answers = {path: raw(local.port, f"GET {path} HTTP/1.1\nHost: localhost\nConnection: close") for path in CLOSED}
        assert [path for path, (status, _) in answers.items() if status not in (403, 404)] == []
        assert not any(CANARY.encode() in answer or b"root:" in answer for _, answer in answers.values())
        posted = {path: http.post(f"/gradio_api/{path}", json={"data": []}).status_code for path in CLOSED_POSTS}
        assert posted == dict.fromkeys(CLOSED_POSTS, 404)
        others = {
            method: http.request(method, "/gradio_api/call/chat").status_code for method in ("PUT", "DELETE", "OPTIONS")
        }
        assert others == dict.fromkeys(others, 404)


@pytest.mark.parametrize("path", ["component_server", "run/predict", "queue/join", "call/chat"])
@pytest.mark.parametrize("length", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
def test_a_gigabyte_is_refused_before_it_is_read(local: App, path: str, length: str) -> None:
    head = f"POST /gradio_api/{path} HTTP/1.1\nHost: localhost\nContent-Type: application/json\n{length}"
    piece = b'{"data": ["' if length.startswith("Content") else b"900000\r\n" + b"x" * 0x900000 + b"\r\n"
    status, answer = raw(local.port, head, piece)
    assert status == 413
    assert b"too much at once" in answer


def test_a_gigabyte_of_files_is_refused_before_it_is_read(local: App) -> None:
    head = "POST /gradio_api/upload HTTP/1.1\nHost: localhost\nContent-Type: multipart/form-data; boundary=x\nContent-Length: 1000000000"
    status, answer = raw(local.port, head, b"--x\r\n")
    assert status == 413
    assert b"can be added together" in answer


def test_nothing_can_be_uploaded_where_documents_are_not_kept_from_the_page(start: Callable[..., App]) -> None:
    app = start(RAG_LLM="extractive", RAG_MANAGE="off")
    with httpx.Client(base_url=app.url, trust_env=False) as http:
        sent = http.post("/gradio_api/upload", files={"files": ("a.md", b"# A")})
        assert (sent.status_code, http.get("/gradio_api/upload_progress?upload_id=x").status_code) == (403, 403)
        assert "RAG_MANAGE" in sent.text


def test_a_request_that_announces_nothing_and_sends_nothing_holds_nothing_up(local: App) -> None:
    status, _ = raw(
        local.port, "POST /gradio_api/call/chat HTTP/1.1\nHost: localhost\nContent-Length: 10", b"{}", seconds=60
    )
    assert status == 408


FILES = [
    {"path": "notes.txt"},
    {"path": ".env", "meta": {"_type": "gradio.FileData"}},
    {"path": "/etc/passwd"},
    {"path": "http://127.0.0.1:1/x", "url": "http://127.0.0.1:1/x"},
    [{"type": "file", "file": {"path": "notes.txt", "meta": {"_type": "gradio.FileData"}}}],
    [{"file": {"path": "notes.txt"}}],
    {"type": "component", "component": "file", "value": "notes.txt", "constructor_args": {}, "props": {}},
    ["notes.txt"],
    [["notes.txt"]],
    "![x](/gradio_api/file=notes.txt)",
]


def test_no_message_copies_a_file_of_the_working_folder(local: App, cache: Path) -> None:
    """Each function of the page gets forged messages in each place where it takes something; in a soak each gets all."""
    stranger = Browser(local.url).open()
    refused = 0
    for start, of in enumerate(stranger.config["dependencies"]):
        if not of["backend_fn"]:
            continue
        for content in FILES[start % rounds(4, 1) :: rounds(4, 1)]:
            message = {"role": "user", "content": content}
            for forged in ([message], [[message]], {"text": "x", "files": [content]}):
                data = [0 if len(of["inputs"]) == 2 and at == 0 else forged for at in range(len(of["inputs"]))]
                send = stranger.join if of["queue"] is not False else stranger.run
                answer = send(of["id"], *data)
                refused += answer.status_code == 400
                assert CANARY not in answer.text
                if of["queue"] is not False and answer.status_code == 200:
                    assert CANARY not in str(list(stranger.messages()))
    assert refused > len(FILES)
    assert copies(cache, CANARY) == []
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    assert "Bergen" in Browser(local.url, "after").open().ask("Where does Ingrid Solheim have her desk?")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://foreign.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"host": "foreign.example"},
        {"host": "foreign.example", "origin": "http://foreign.example"},
        {"host": "127.0.0.1.foreign.example:80"},
        {"host": ""},
    ],
)
def test_another_site_cannot_reach_the_page_of_this_machine(local: App, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=local.url, trust_env=False) as http:
        for answer in (
            http.get("/config", headers=headers),
            http.post("/gradio_api/call/chat", json={"data": [QUESTION]}, headers=headers),
        ):
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers
            assert answer.json()["detail"].endswith(".")
        assert http.get("/config", headers={"origin": local.url}).status_code == 200


def test_a_name_that_was_set_reaches_it(start: Callable[..., App]) -> None:
    app = start(RAG_LLM="extractive", RAG_HOST_NAMES="docs.example, wiki.example")
    status = {
        name: httpx.get(
            f"{app.url}/config", headers={"host": name, "origin": f"https://{name}"}, trust_env=False
        ).status_code
        for name in ("docs.example", "wiki.example", "foreign.example")
    }
    assert status == {"docs.example": 200, "wiki.example": 200, "foreign.example": 403}


def test_a_question_that_is_too_long_is_told_so_and_goes_nowhere(local: App) -> None:
    visitor = Browser(local.url).open()
    assert "Please keep a question under 4,000 characters; this one has 4,001." in visitor.ask("x" * 4_001)
    answer = visitor.join(visitor.function("chat"), "x" * 30_000, None, "", "", False)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "Please keep a question under 4,000 characters; this one has 30,000."
