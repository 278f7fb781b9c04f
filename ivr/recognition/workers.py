"""Recognisers in processes of their own: many calls share a few, and none blocks the event loop."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

from followup.log import get_logger
from ivr.recognition.engines import Listener, Track, load
from ivr.recognition.models import Model
from ivr.recognition.protocol import RATE, Heard, RecogniserLost
from ivr.understanding.grammar import Grammar

log = get_logger(__name__)

TIMEOUT_S = 8.0              # longer than this no utterance takes: the worker is stuck
STEP_BYTES = RATE // 5 * 2   # sound goes to a streaming recogniser in steps of 200 ms
AGAIN_S = (0.0, 1.0, 5.0, 30.0)      # before loading once more, when it fails

# --- in the worker -------------------------------------------------------------------------------

_models: dict[str, Model] = {}
_listeners: dict[str, Listener] = {}
_tracks: dict[int, Track] = {}


def _start(models: Mapping[str, Model]) -> None:
    """Remember the models; Ctrl-C is the parent's affair, its death is ours as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    _models.update(models)


def _end_with_parent() -> None:
    """A killed parent closes no queue that a worker waits on: each holds both ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _load() -> None:
    for language, model in _models.items():
        if language not in _listeners:
            _listeners[language] = load(model)


def _begin(number: int, grammar: Grammar) -> None:
    _tracks[number] = _listeners[grammar.language].begin(grammar)


def _feed(number: int, sound: bytes) -> None:
    try:
        _tracks[number].feed(sound)
    except BaseException:
        _drop(number)                  # a part is missing: it must not be heard without
        raise


def _finish(number: int, sound: bytes) -> tuple[str, float]:
    track = _tracks.pop(number)
    track.feed(sound)
    return track.finish()


def _drop(number: int) -> None:
    _tracks.pop(number, None)


# --- in the parent -------------------------------------------------------------------------------

class _Worker:
    """One process. It is ``ready`` once its models are loaded; ``live`` utterances are with it."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self.pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"),
                                        initializer=_start, initargs=(models,))
        self.ready = False
        self.live = 0

    def load(self) -> None:
        """Blocks until every model is loaded."""
        self.pool.submit(_load).result()
        self.ready = True

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return next(iter(self.pool._processes or ()), None)

    def end(self) -> None:
        """Blocks until the process is gone, by force if it is stuck."""
        processes = list((self.pool._processes or {}).values())
        self.pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.join(1)
            if process.is_alive():
                process.kill()
                process.join(1)


class WorkerRecogniser:
    """Recognisers of several languages (ivr.recognition.protocol.Recogniser)."""

    def __init__(self, models: Mapping[str, Model], workers: int = 1) -> None:
        self._models = dict(models)
        self._workers = [_Worker(self._models) for _ in range(workers)]
        self._reviving: set[asyncio.Task[None]] = set()
        self._closing = False
        self._numbers = itertools.count()

    @property
    def languages(self) -> frozenset[str]:
        """The languages that there is a model for."""
        return frozenset(self._models)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are ready to hear."""
        return tuple(worker.pid for worker in self._workers if worker.ready and worker.pid)

    async def warm_up(self) -> None:
        """Load every model in every worker; until then nothing is heard."""
        await asyncio.gather(*(asyncio.to_thread(worker.load) for worker in self._workers))

    def begin(self, grammar: Grammar) -> _Utterance:
        """A new utterance, with the worker that has the fewest."""
        ready = [worker for worker in self._workers if worker.ready]
        worker = min(ready, key=lambda each: each.live) if ready else None
        streams = self._models[grammar.language].engine.streams
        return _Utterance(self, worker, grammar, next(self._numbers), streams)

    async def close(self) -> None:
        """Stop the workers."""
        self._closing = True
        for task in self._reviving:
            task.cancel()
        await asyncio.gather(*self._reviving, return_exceptions=True)
        await asyncio.gather(*(asyncio.to_thread(worker.end) for worker in self._workers))

    def lost(self, worker: _Worker, why: Exception) -> None:
        """A worker is dead or stuck: another takes its place as soon as its models are loaded."""
        if self._closing or worker not in self._workers:
            return
        log.error("a recogniser died, another one is started", reason=type(why).__name__)
        self._workers.remove(worker)
        task = asyncio.create_task(self._replace(worker))
        self._reviving.add(task)
        task.add_done_callback(self._reviving.discard)

    async def _replace(self, old: _Worker) -> None:
        await asyncio.to_thread(old.end)
        for pause in itertools.chain(AGAIN_S, itertools.repeat(AGAIN_S[-1])):
            await asyncio.sleep(pause)
            new = _Worker(self._models)
            self._workers.append(new)
            try:
                await asyncio.to_thread(new.load)
            except Exception:
                log.exception("a recogniser cannot be loaded")
                self._workers.remove(new)
                await asyncio.to_thread(new.end)
            else:
                log.info("a recogniser is back")
                return


class _Utterance:
    """One utterance on its way: as it comes where the recogniser streams, else in one piece."""

    def __init__(self, recogniser: WorkerRecogniser, worker: _Worker | None, grammar: Grammar,
                 number: int, streams: bool) -> None:
        self._recogniser = recogniser
        self._worker = worker
        self._number = number
        self._streams = streams
        self._sound = bytearray()
        self._done = False
        if worker is not None:
            worker.live += 1
            self._send(_begin, grammar)            # the grammar is built while they speak

    def feed(self, sound: bytes) -> None:
        """More sound."""
        self._sound += sound
        if self._streams and len(self._sound) >= STEP_BYTES:
            self._send(_feed, bytes(self._sound))
            self._sound.clear()

    async def finish(self) -> Heard:
        """What it was; RecogniserLost when the worker has died, is stuck or has failed."""
        worker = self._worker
        asked = self._send(_finish, bytes(self._sound))
        self._leave()
        if worker is None or asked is None:
            raise RecogniserLost("no recogniser is ready")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                text, confidence = await asyncio.wrap_future(asked)
        except (BrokenProcessPool, TimeoutError) as error:
            self._recogniser.lost(worker, error)
            raise RecogniserLost("the recogniser has died") from error
        except Exception as error:
            raise RecogniserLost("the recogniser has failed") from error
        return Heard(text, confidence)

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        if not self._done:
            self._send(_drop)
            self._leave()

    def _leave(self) -> None:
        if not self._done and self._worker is not None:
            self._worker.live -= 1
        self._done = True
        self._sound.clear()

    def _send(self, what: Any, *arguments: object) -> Future[Any] | None:
        """Hand work over without waiting; None when the worker is gone."""
        if self._worker is None:
            return None
        with suppress(RuntimeError):               # BrokenProcessPool, or it is being shut down
            handed = self._worker.pool.submit(what, self._number, *arguments)
            handed.add_done_callback(_tell)
            return handed
        self._recogniser.lost(self._worker, RuntimeError("gone"))
        return None


def _tell(handed: Future[Any]) -> None:
    """Log what went wrong in a worker that is still there."""
    error = None if handed.cancelled() else handed.exception()
    if error is not None and not isinstance(error, BrokenProcessPool):
        log.error("a recogniser failed", reason=f"{type(error).__name__}: {error}")
