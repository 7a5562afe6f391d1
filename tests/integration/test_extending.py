"""docs/extending.md: the rows that the page puts into the tables keep the contract that it describes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"

pytestmark = pytest.mark.integration

# The page is run first, in a process of its own, so that the contract tests find its rows in the tables.
_RUN = """
import sys, pytest
exec(compile(sys.argv[1], "docs/extending.md", "exec"), {"__name__": "extending"})
contract = ["tests/contract/test_loaders.py", "tests/contract/test_stores.py", "tests/contract/test_embedders.py"]
sys.exit(pytest.main([*contract, "-q", "-rN", "-p", "no:cacheprovider", "-k", "html or txt or numpy or hashing"]))
"""


def test_the_rows_on_the_page_pass_the_contract_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-c", _RUN, code], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 40, done.stdout
