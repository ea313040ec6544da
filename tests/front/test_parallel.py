"""Processes of one run: none outlives the one that started it."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import Connection

from openfirst import parallel

SPAWN = multiprocessing.get_context("spawn")


def _waits_for_ever(open_end: Connection) -> None:
    threading.Thread(target=parallel._end_with_the_parent, daemon=True).start()
    threading.Event().wait()
    open_end.close()


def _is_killed_at_once(open_end: Connection) -> None:
    SPAWN.Process(target=_waits_for_ever, args=(open_end,)).start()
    os._exit(1)


def test_a_process_whose_parent_was_killed_ends() -> None:
    read, write = SPAWN.Pipe(duplex=False)
    parent = SPAWN.Process(target=_is_killed_at_once, args=(write,))
    parent.start()
    write.close()
    parent.join()
    # Nobody writes: there is something to be read, the end, once all who could write are gone.
    assert read.poll(60)
