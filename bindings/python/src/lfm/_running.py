"""Long calls that Ctrl-C ends: the call runs on a thread of its own while the main thread waits."""
from __future__ import annotations

import threading
from typing import Any, Callable, List, Optional

from ._errors import CancelledError
from ._library import Handle, create, lib


_LOOK = 0.1  # seconds


class _Run:
    """One call on a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._begun = self._abandoned = False
        self._error: Optional[BaseException] = None
        self._result: Any = None
        self.done = threading.Event()

    def run(self) -> None:
        with self._lock:
            if self._abandoned:
                return
            self._begun = True
        try:
            self._result = self._call()
        except BaseException as error:  # handed over to the thread that waits
            self._error = error
        finally:
            self.done.set()

    def abandon(self) -> bool:
        """Keep the call from beginning; False when it has begun already."""
        with self._lock:
            self._abandoned = not self._begun
            return self._abandoned

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result


def new_cancel() -> Handle:
    """A flag that ends calls."""
    return create('cancel', lib.lfm_cancel_create, None)


def run_interruptibly(call: Callable[[], Any], cancel: Handle) -> Any:
    """Run a call that was given the flag `cancel`. An exception in the main thread (Ctrl-C) sets the flag,
    waits until the call has ended, and then goes its way. On other threads, where no such exception comes,
    just call."""
    if threading.current_thread() is not threading.main_thread():
        return call()
    run = _Run(call)
    interrupts: List[BaseException] = []
    try:
        threading.Thread(target=run.run, daemon=True, name='lfm').start()
        # A signal that another thread receives does not wake this one: look up now and then.
        while not run.done.wait(_LOOK):
            pass
    except BaseException as interrupt:
        interrupts.append(interrupt)
        lib.lfm_cancel_set(cancel.pointer)
        while not run.abandon() and not run.done.is_set():
            try:
                run.done.wait(_LOOK)
            except BaseException:  # impatience: the call still uses the caller's memory
                pass
    if not interrupts:
        return run.result()
    try:
        raise interrupts[0]
    finally:
        interrupts.clear()  # no cycle through the traceback


__all__ = ['CancelledError', 'new_cancel', 'run_interruptibly']
