"""Settings -> opened index + llm -> answers. The page, the commands, the notebook and the benchmarks all ask here."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Self

from rag.answering.answer import Asked, answer
from rag.answering.chain import ANSWERING
from rag.answering.llm import EXTRACTIVE, LLMS, Llm, Option, available, open_extractive
from rag.answering.names import look_up_apart
from rag.answering.pacing import Paced, pause
from rag.answering.waiting import Waiting, opening
from rag.config import Settings
from rag.index.embed import Embedder, open_embedder
from rag.index.open import IndexReader, OpenIndex
from rag.retrieval.stages import Stages, stages
from rag.schema import Answer, LlmChoice, LodestarError, Notice, Overview, SettingsError, Turn

Emit = Callable[[str], None]

_TRIAL = "Wich documnets are there?"  # misspelled, so that what puts that right is loaded too
_QUOTING = Option(LlmChoice(EXTRACTIVE, EXTRACTIVE), EXTRACTIVE)


class Assistant:
    """Answers questions over the published index. Safe to share: it holds no conversation, each call brings its own."""

    def __init__(self, settings: Settings, embedder: Embedder, reader: IndexReader) -> None:
        self.settings = settings
        self._embedder = embedder
        self._reader = reader
        self._lock = threading.Lock()
        self._options: list[Option] = []
        self._opened: dict[str, Llm] = {}
        self._looking = threading.Lock()  # who comes while another looks for models waits for what that one finds
        self._starting = threading.Lock()  # not the other one: opening a model holds that for seconds
        self._answering = 0  # answers that are being streamed; counted on the answering loop
        self._started: asyncio.AbstractEventLoop | None = None

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Wire the parts together; nothing heavy is loaded before the first question or `warm_up`."""
        embedder = open_embedder(settings)
        return cls(settings, embedder, IndexReader(settings.index, embedder))

    def overview(self) -> Overview:
        """What the index that answers holds. Raises VectorIndexError where there is none."""
        _, manifest, notice = self._reader.chosen()
        return Overview(
            generation=manifest.name,
            built=manifest.created,
            documents=manifest.documents,
            chunks=manifest.chunks,
            doc_types=dict(manifest.doc_types),
            examples=manifest.examples,
            notice=notice,
        )

    def index(self) -> OpenIndex:
        """The published generation, opened. Hold it no longer than one look takes. Raises VectorIndexError."""
        return self._reader.current()

    def stages(self, question: str, doc_type: str | None = None) -> Stages:
        """What each stage of a search finds for a question. Raises VectorIndexError."""
        return stages(question, self.index(), self._embedder, doc_type=doc_type, settings=self.settings)

    def llms(self) -> list[LlmChoice]:
        """Who can answer, the default first, as found at the last look."""
        with self._looking:
            if not self._options:
                self.find_llms()
        return [option.choice for option in self._options]

    def find_llms(self) -> list[LlmChoice]:
        """Look again for local servers; takes up to a second."""
        found = available(self.settings)
        with self._lock:
            self._options = found
            self._opened = {}
        return [option.choice for option in found]

    def warm_up(self) -> None:
        """Go the way of a question once, so that the first one finds all imported and opened. Asks no endpoint.

        Faults are left for the question to report.
        """
        try:
            self._llm(None).chat(ANSWERING)
            index = self.index()
            settings = self.settings.model_copy(update={"abstain_below": 0.0})
            quoting = open_extractive(settings, _QUOTING, self._embedder, self.index)
            asked = Asked(_TRIAL, (), settings, index, self._embedder, quoting)
            self._submit(answer(asked, lambda piece: None)).result()
        except LodestarError:
            pass

    async def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        doc_type: str | None = None,
        llm: str | None = None,
        suggest: bool = False,
    ) -> AsyncIterator[str | Notice | Answer]:
        """Yield the answer's text piece by piece, then the finished `Answer`. Closing the iterator cancels the call.

        A `Notice` says what is waited for while nothing comes; the next piece takes its place.
        What comes in quick succession is one piece; the more answers are being given, the fewer pieces each has.
        `suggest`: the `Answer` holds what could be asked next, in the model's words, where the settings have it asked for.
        """
        here = asyncio.get_running_loop()
        queue: asyncio.Queue[str | Notice | Answer | BaseException] = asyncio.Queue()

        def put(item: str | Notice | Answer | BaseException) -> None:
            here.call_soon_threadsafe(queue.put_nowait, item)

        def done(future: Future[Answer]) -> None:
            if not future.cancelled():
                put(future.exception() or future.result())

        future = self._submit(self._paced(question, history, doc_type, llm, put, suggest))
        future.add_done_callback(done)
        try:
            while True:
                item = await queue.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
                if isinstance(item, Answer):
                    return
        finally:
            future.cancel()

    async def _paced(
        self,
        question: str,
        history: Sequence[Turn],
        doc_type: str | None,
        llm: str | None,
        put: Callable[[str | Notice], None],
        suggest: bool,
    ) -> Answer:
        paced = Paced(put, lambda: pause(self._answering))
        self._answering += 1
        try:
            tell = partial(self._answer, emit=paced.feed, notify=lambda text: put(Notice(text)), suggest=suggest)
            return await tell(question, history, doc_type, llm)
        finally:
            self._answering -= 1
            paced.flush()

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        doc_type: str | None = None,
        llm: str | None = None,
        emit: Emit = lambda piece: None,
        notify: Emit = lambda notice: None,
    ) -> Answer:
        """`stream` for callers that block; `emit` gets the pieces as they come, `notify` what is waited for."""
        return self._submit(self._answer(question, history, doc_type, llm, emit, notify)).result()

    async def _answer(
        self,
        question: str,
        history: Sequence[Turn],
        doc_type: str | None,
        llm: str | None,
        emit: Emit,
        notify: Emit,
        suggest: bool = False,
    ) -> Answer:
        settings = self.settings
        try:
            with Waiting(notify) as waits:
                waits.on(opening())
                index, model = await asyncio.gather(asyncio.to_thread(self.index), asyncio.to_thread(self._llm, llm))
                asked = Asked(question, history, settings, index, self._embedder, model, doc_type)
                return await answer(asked, emit, waits=waits, suggest=suggest and settings.follow_ups == "model")
        except LodestarError as error:
            return Answer(question, "", fault=str(error))

    def _llm(self, name: str | None) -> Llm:
        """Raises SettingsError for a name that is not on the menu: only what was found here can be asked."""
        self.llms()
        with self._lock:
            option = next((o for o in self._options if name in (None, o.choice.name)), None)
            if option is None:
                raise SettingsError(f"The model {name} is not available any more; choose another one.")
            if option.choice.name not in self._opened:
                self._opened[option.choice.name] = LLMS[option.kind](self.settings, option, self._embedder, self.index)
            return self._opened[option.choice.name]

    def _submit(self, work: Coroutine[Any, Any, Answer]) -> Future[Answer]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        """One event loop for all answers: the clients of an endpoint keep their connections and belong to one loop."""
        with self._starting:
            if self._started is None:
                self._started = asyncio.new_event_loop()
                self._started.set_default_executor(ThreadPoolExecutor(max(2, os.cpu_count() or 1), "searching"))
                look_up_apart(self._started)
                threading.Thread(target=_run, args=(self._started,), name="answering", daemon=True).start()
                ends = weakref.finalize(self, self._started.call_soon_threadsafe, self._started.stop)
                ends.atexit = False
            return self._started


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Until it is stopped; then what is left in it is ended in order, and its descriptors and threads go too."""
    loop.run_forever()
    loop.run_until_complete(_cancelled())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _cancelled() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
