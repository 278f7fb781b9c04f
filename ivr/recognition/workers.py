"""Recognisers in processes of their own: many calls share a few, and none blocks the event loop."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from followup.log import get_logger
from ivr.recognition.engines import Listener, load
from ivr.recognition.models import Model
from ivr.recognition.protocol import Heard, RecogniserLost
from ivr.understanding.grammar import Grammar

log = get_logger(__name__)

TIMEOUT_S = 8.0              # longer than this no utterance takes: the worker is stuck

_models: dict[str, Model] = {}
_listeners: dict[str, Listener] = {}


def _begin(models: Mapping[str, Model]) -> None:
    """In the worker: remember the models; Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _models.update(models)


def _hear(grammar: Grammar, sound: bytes) -> tuple[str, float]:
    """In the worker: one utterance."""
    language = grammar.language
    if language not in _listeners:
        _listeners[language] = load(_models[language])
    return _listeners[language].hear(grammar, sound)


def _warm(language: str) -> None:
    _hear(Grammar(language, ()), b"")


class WorkerRecogniser:
    """Recognisers of several languages (ivr.recognition.protocol.Recogniser)."""

    def __init__(self, models: Mapping[str, Model], workers: int = 1) -> None:
        self._models = dict(models)
        self._workers = workers
        self._pool = self._new_pool()

    @property
    def languages(self) -> frozenset[str]:
        """The languages that there is a model for."""
        return frozenset(self._models)

    async def warm_up(self) -> None:
        """Load every model in every worker, so that no patient waits for it."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._pool, _warm, language)
                               for language in self._models for _ in range(self._workers)))

    def begin(self, grammar: Grammar) -> _Utterance:
        """A new utterance."""
        return _Utterance(self, grammar)

    async def hear(self, grammar: Grammar, sound: bytes) -> Heard:
        """What was said; RecogniserLost when the worker has died or is stuck."""
        pool = self._pool
        try:
            async with asyncio.timeout(TIMEOUT_S):
                text, confidence = await asyncio.get_running_loop().run_in_executor(
                    pool, _hear, grammar, sound)
        except (BrokenProcessPool, TimeoutError) as error:
            if pool is self._pool:
                log.error("a recogniser died, another one is started",  # noqa: TRY400
                          reason=type(error).__name__)
                self._pool = self._new_pool()
                _end(pool)
            raise RecogniserLost("the recogniser has died") from error
        return Heard(text, confidence)

    async def close(self) -> None:
        """Stop the workers."""
        await asyncio.to_thread(_end, self._pool)

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"),
                                   initializer=_begin, initargs=(self._models,))


class _Utterance:
    """Sound is collected and recognised whole: that is surer than as it comes."""

    def __init__(self, recogniser: WorkerRecogniser, grammar: Grammar) -> None:
        self._recogniser = recogniser
        self._grammar = grammar
        self._sound = bytearray()

    def feed(self, sound: bytes) -> None:
        """More sound."""
        self._sound += sound

    async def finish(self) -> Heard:
        """What it was."""
        return await self._recogniser.hear(self._grammar, bytes(self._sound))

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        self._sound.clear()


def _end(pool: ProcessPoolExecutor) -> None:
    """Stop a pool, by force if a worker is stuck."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.join(1)
        if process.is_alive():
            process.kill()
            process.join(1)
