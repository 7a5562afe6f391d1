"""Open the chat: `python app.py`. Settings come from flags, the environment and `.env`, in that order."""

from __future__ import annotations

import argparse
from pathlib import Path

from rag.command import run, settings_from


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="app.py", description="Ask questions about a folder of Markdown, in the browser."
    )
    parser.add_argument("--share", action="store_true", default=None, help="make a public link; it asks for a password")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (7860; 0 takes the first free one)")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask for these before the page opens")
    parser.add_argument("--knowledge-base", type=Path, metavar="DIR", help="the folder of Markdown")
    parser.add_argument("--index", type=Path, metavar="DIR", help="where the index is kept")
    parser.add_argument("--llm", help="who answers: auto, openai, llamacpp or extractive")
    parser.add_argument("--model", help="which of the endpoint's models answers")
    settings = settings_from(parser.parse_args())

    from rag.answering.assistant import Assistant
    from rag.web.serve import serve

    serve(Assistant.open(settings), settings)


if __name__ == "__main__":
    run(main)
