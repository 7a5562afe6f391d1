"""What the page is tested with: a small knowledge base, a model that repeats what it was asked, and the app in a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.scripted import Messages

ROOT = Path(__file__).resolve().parents[2]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

DOCUMENTS = {
    "contracts/meridian-freight.md": """# Meridian Freight agreement

## Term

The Meridian Freight agreement ends on **30 June 2027**. It renews for twelve months unless notice is given ninety days before.

## Fees

| Tier | Response | Monthly fee |
| --- | --- | --- |
| Standard | 8 hours | 4,200 EUR |
| Priority | 2 hours | 6,900 EUR |
""",
    "employees/ingrid-solheim.md": """# Ingrid Solheim

Ingrid Solheim owns the Meridian Freight account and has her desk in Bergen. She joined in May 2021.
""",
    "policies/travel.md": """# Travel policy

## Trains

Employees travel first class by train on journeys longer than four hours. Receipts are due within ten days.
""",
    "policies/journeys.md": """# Journeys

## What counts as a journey?

A journey counts from door to door, so the ride to the station and the wait on the platform are part of it. Time spent
on the way to a customer is working time in full, and so is the way back when it begins before eight in the evening.
""",
    "policies/hostile.md": """# Quokka policy

The quokka allowance is seven biscuits a day. <img src="http://foreign.example/a.png" onerror="document.title='owned'">
![pixel](http://foreign.example/b.png) <script>document.title='owned'</script> [free money](http://foreign.example/c)
""",
}


@dataclass
class App:
    """A running app."""

    url: str
    port: int
    process: subprocess.Popen[str]
    log: Path

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without anybody's own settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "OPENAI_", "GRADIO_"))}
    return {**env, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1", **settings}


def chromium_path() -> str | None:
    named = os.environ.get("CHROMIUM", "")
    names = (named, "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def echo(messages: Messages) -> str:
    """Repeats the question, and the first one of the conversation; rewrites a follow-up when told to."""
    said = [message["content"] for message in messages if message["role"] == "user"]
    question = said[-1].rsplit("Question: ", 1)[-1].strip()
    if messages[0]["content"].startswith("Rewrite"):
        return f"{question.rstrip('?')} ({said[0].rstrip('?')})?"
    first = f" Your first question was: {said[0]}" if len(said) > 1 else ""
    return f"You asked: {question} The first source answers that [1].{first}"
