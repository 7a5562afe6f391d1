"""Settings: where they come from, which one wins, and what is said of one that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rag.config import Settings, variable
from rag.schema import SettingsError


def load(env: dict[str, str] | None = None, dotenv: Path | None = None, **flags: Any) -> Settings:
    return Settings.load(env or {}, dotenv, **flags)


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text("RAG_K=3\nRAG_PORT=8001\nOPENAI_API_KEY=sk-from-file\n# RAG_STORE=faiss\n", "utf-8")
    return path


def test_nothing_given_means_the_defaults(tmp_path: Path) -> None:
    assert load() == load({}, tmp_path / "missing") == Settings()
    assert (Settings().k, Settings().store, Settings().index) == (10, "chroma", Path("vector_db"))


def test_the_environment_is_stronger_than_the_file_and_flags_are_strongest(dotenv: Path) -> None:
    env = {"RAG_K": "4", "PATH": "/bin", "OPENAI_ORGANIZATION": "other people's"}
    assert load(env).k == 4
    assert load({}, dotenv).k == 3
    assert load(env, dotenv).k == 4
    assert load(env, dotenv, k=5).k == 5
    assert load(env, dotenv, k=None).k == 4
    assert load(env, dotenv, k=5).port == 8001
    assert load({}, dotenv).openai_api_key.get_secret_value() == "sk-from-file"
    assert load({}, dotenv).store == "chroma"


def test_the_endpoint_keeps_the_names_every_client_knows() -> None:
    settings = load({"OPENAI_BASE_URL": " http://127.0.0.1:8080/v1/ ", "OPENAI_API_KEY": "sk-1", "RAG_MODEL": "m"})
    assert settings.openai_base_url == "http://127.0.0.1:8080/v1"
    assert settings.openai_api_key.get_secret_value() == "sk-1"
    assert settings.model == "m"


def test_an_empty_variable_means_the_default_and_an_empty_key_no_key(dotenv: Path) -> None:
    assert load({"RAG_K": "", "RAG_GGUF": ""}) == Settings()
    assert load({"OPENAI_API_KEY": ""}, dotenv).openai_api_key.get_secret_value() == ""


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("RAG_CHUNKSIZE", "RAG_CHUNK_SIZE"),
        ("RAG_STORES", "RAG_STORE"),
        ("RAG_EMBEDING_MODEL", "RAG_EMBEDDING_MODEL"),
        ("RAG_OPENAI_BASE_URL", "OPENAI_BASE_URL"),
        ("RAG_ZZZ", "RAG_"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(tmp_path: Path, key: str, near: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{key} in the environment is not a setting; did you mean {near}\w*\?$"):
        load({key: "1"})
    (tmp_path / ".env").write_text(f"{key}=1")
    with pytest.raises(SettingsError, match=rf"^{key} in \.env is not a setting; did you mean {near}\w*\?$"):
        load({}, tmp_path / ".env")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("RAG_K", "many"),
        ("RAG_K", "0"),
        ("RAG_K", "101"),
        ("RAG_K", "2.5"),
        ("RAG_CHUNK_SIZE", "31"),
        ("RAG_CHUNK_OVERLAP", "-1"),
        ("RAG_TEMPERATURE", "hot"),
        ("RAG_TEMPERATURE", "nan"),
        ("RAG_PORT", "65536"),
        ("RAG_CONNECT_TIMEOUT", "0"),
        ("RAG_SHARE", "perhaps"),
        ("RAG_AUTH", "nobody"),
        ("RAG_AUTH", ":secret"),
        ("RAG_AUTH", "user:"),
        ("OPENAI_BASE_URL", "localhost:11434"),
        ("OPENAI_BASE_URL", "file:///etc/passwd"),
    ],
)
def test_a_value_that_cannot_be_used_is_one_sentence_that_names_it(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{key} is not usable: [^\n]+\.$"):
        load({key: value})


def test_a_flag_that_cannot_be_used_is_told_the_same_way() -> None:
    with pytest.raises(SettingsError, match=r"^RAG_K is not usable: [^\n]+\.$"):
        load(k=0)


@pytest.mark.parametrize("key", ["RAG_AUTH", "OPENAI_API_KEY"])
def test_secrets_are_masked_wherever_settings_are_shown(key: str) -> None:
    settings = load({key: "user:hunter2"})
    for shown in (repr(settings), str(settings), settings.model_dump_json(), f"{settings.model_dump()}"):
        assert "hunter2" not in shown
        assert "**" in shown


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as error:
        load({"RAG_AUTH": "hunter2"})
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


def test_settings_are_frozen_and_closed() -> None:
    with pytest.raises(ValidationError):
        Settings().k = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Settings(colour="red")  # type: ignore[call-arg]


def test_values_of_the_file_are_taken_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("export RAG_AUTH='user:a$HOME#b'\nRAG_INDEX=Übung ${HOME}\n", "utf-8")
    settings = load({}, tmp_path / ".env")
    assert settings.auth.get_secret_value() == "user:a$HOME#b"
    assert settings.index == Path("Übung ${HOME}")


def test_a_file_that_is_not_utf_8_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("RAG_INDEX=Übung\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"^[^\n]*\.env[^\n]* UTF-8[^\n]*\.$"):
        load({}, tmp_path / ".env")


def test_every_setting_has_a_variable_of_its_own() -> None:
    variables = [variable(field) for field in Settings.model_fields]
    assert len(set(variables)) == len(variables)
    assert all(name.startswith(("RAG_", "OPENAI_")) for name in variables)
    assert (variable("chunk_size"), variable("openai_api_key")) == ("RAG_CHUNK_SIZE", "OPENAI_API_KEY")


def test_the_process_environment_and_the_file_here_are_read_when_nothing_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dotenv: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_K", "7")
    assert (Settings.load().k, Settings.load().port) == (7, 8001)
