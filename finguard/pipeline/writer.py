"""Writes one batch in a thread of its own, so that the next one can be judged meanwhile."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from queue import SimpleQueue
from threading import Event, Thread

import msgspec

from finguard.domain.telemetry import Step as StepName
from finguard.errors import Service, ServiceUnavailable


class Step(msgspec.Struct, frozen=True):
    """Something to do, with the service that it is done at; done twice, it does nothing more."""

    name: StepName
    service: Service
    do: Callable[[], None]


class Writer:
    """Does steps in their order, one after the other, and never two batches at a time.

    Services answer while the interpreter waits; without a second thread it would wait for all of
    them idly. A service that does not answer at all blocks this thread alone: whoever asks how
    the writing goes is told so after a while, and can keep its membership alive.

    A step that fails stops the writing where it is. Asked again, the writer goes on with that step.
    """

    def __init__(self) -> None:
        self._steps: deque[Step] = deque()
        self._took: dict[StepName, float] = {}
        self._error: BaseException | None = None
        self._idle = Event()
        self._idle.set()
        self._orders: SimpleQueue[bool] = SimpleQueue()
        # A daemon, since a frozen service must not keep a process from ending.
        self._thread = Thread(target=self._serve, name="writer", daemon=True)

    def start(self, steps: Iterable[Step]) -> None:
        """Begin with a batch's steps; the batch before must be settled."""
        self._steps.extend(steps)
        self._took = {}
        self._go()

    def settle(self, *, patience_s: float) -> None:
        """Return once all steps are done.

        Raises:
            ServiceUnavailable: when a step raised it, or when none has ended in time; calling
                again goes on.
            BaseException: whatever else a step raised; the remaining steps are forgotten.
        """
        if self._idle.is_set() and self._steps and self._error is None:
            self._go()
        self._wait(patience_s)
        error, self._error = self._error, None
        if error is None:
            return
        if not isinstance(error, ServiceUnavailable):
            self._steps.clear()
        raise error

    def abandon(self, *, patience_s: float) -> None:
        """Forget what is left to do.

        Raises:
            ServiceUnavailable: when a step has not ended in time; nothing may begin before it has.
        """
        self._wait(patience_s, forget=True)
        self._error = None

    @property
    def took(self) -> Mapping[StepName, float]:
        """How long each step of the latest batch took that is done, in seconds."""
        return self._took

    def close(self) -> None:
        """Let the thread end, once it has nothing more to do."""
        self._orders.put(False)

    def _wait(self, patience_s: float, *, forget: bool = False) -> None:
        current = self._next()
        if forget:
            self._steps.clear()
        if not self._idle.wait(patience_s):
            service = current.service if current is not None else "unknown"
            raise ServiceUnavailable(f"{service} does not answer", service=service)

    def _go(self) -> None:
        if not self._thread.is_alive():
            self._thread.start()
        self._idle.clear()
        self._orders.put(True)

    def _serve(self) -> None:
        while self._orders.get():
            try:
                self._work()
            except BaseException as error:  # noqa: BLE001 - it is raised again where it matters
                self._error = error
            finally:
                self._idle.set()

    def _work(self) -> None:
        while (step := self._next()) is not None:
            begun_s = time.monotonic()
            step.do()
            self._took[step.name] = time.monotonic() - begun_s
            # Nothing is left to remove if the rest was abandoned meanwhile.
            if self._next() is step:
                self._steps.popleft()

    def _next(self) -> Step | None:
        try:
            return self._steps[0]
        except IndexError:
            return None
