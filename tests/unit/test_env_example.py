"""`.env.example` is what Settings say: written by this file, and held equal to it.

After a change of `rag/config.py`: python -m tests.unit.test_env_example > .env.example
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from rag.config import Settings, variable
from rag.schema import SettingsError

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"
FIELDS = Settings.model_fields
REGENERATE = "python -m tests.unit.test_env_example > .env.example"

HEAD = """\
# Every setting of Lodestar with its default. To change one: copy this file to .env, take the # and the space away
# before its name, and give it a value. Flags and variables of the environment come before what stands in .env.
"""


def expected(fields: Mapping[str, FieldInfo], grouped: Sequence[Sequence[str]]) -> str:
    """The whole file: the groups in their order, each setting as its description and its default."""
    blocks = [HEAD]
    for group in grouped:
        lines = []
        for name in group:
            field = fields[name]
            assert field.description, f"{name} has no description"
            assert field.default is not PydanticUndefined, f"{name} has no default"
            lines.append(f"# {field.description}\n# {variable(name)}={written(field.default)}\n")
        blocks.append("".join(lines))
    return "\n".join(blocks)


def groups() -> list[list[str]]:
    """The fields in the order of the source; an empty line there begins a new group."""
    source = textwrap.dedent(inspect.getsource(Settings))
    lines = source.splitlines()
    (cls,) = ast.parse(source).body
    assert isinstance(cls, ast.ClassDef)
    found: list[list[str]] = []
    last = 0
    for node in cls.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if not found or not all(line.strip() for line in lines[last : node.lineno - 1]):
                found.append([])
            found[-1].append(node.target.id)
            last = node.end_lineno or node.lineno
    return found


def written(default: object) -> str:
    """A default as it would be written into `.env`."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)


def uncommented(text: str) -> str:
    """The example with every setting switched on."""
    names = tuple(f"# {variable(name)}=" for name in FIELDS)
    return "\n".join(line.removeprefix("# ") if line.startswith(names) else line for line in text.splitlines())


def test_the_example_is_what_the_settings_say() -> None:
    assert EXAMPLE.read_text("utf-8") == expected(FIELDS, groups()), f"Settings have changed; run: {REGENERATE}"


def test_every_setting_is_in_a_group_once() -> None:
    assert [name for group in groups() for name in group] == list(FIELDS)
    assert len(groups()) > 1


def test_a_copy_of_the_example_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "as it is").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    (tmp_path / "switched on").write_text(uncommented(EXAMPLE.read_text("utf-8")), "utf-8")
    assert Settings.load({}, tmp_path / "as it is") == Settings()
    assert Settings.load({}, tmp_path / "switched on") == Settings()


def test_the_settings_that_are_switched_on_are_read(tmp_path: Path) -> None:
    text = uncommented(EXAMPLE.read_text("utf-8")).replace("RAG_K=", "RAG_KK=")
    (tmp_path / ".env").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match="RAG_KK"):
        Settings.load({}, tmp_path / ".env")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("k", Field(11, description=FIELDS["k"].description)),
        ("k", Field(FIELDS["k"].default, description="Another sentence.")),
        ("share", Field(True, description=FIELDS["share"].description)),
        ("gguf", Field(Path("a.gguf"), description=FIELDS["gguf"].description)),
        ("auth", Field(SecretStr("a:b"), description=FIELDS["auth"].description)),
        ("colour", Field("blue", description="A setting that is new.")),
    ],
)
def test_a_setting_that_is_new_or_changed_gives_another_file(name: str, change: FieldInfo) -> None:
    grouped = [*groups()[:-1], [*groups()[-1], *([] if name in FIELDS else [name])]]
    assert expected({**FIELDS, name: change}, grouped) != expected(FIELDS, groups())


def test_a_setting_that_is_gone_gives_another_file() -> None:
    without = [[name for name in group if name != "k"] for group in groups()]
    assert expected(FIELDS, without) != expected(FIELDS, groups())


if __name__ == "__main__":
    print(expected(FIELDS, groups()), end="")
