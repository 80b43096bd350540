"""The terminal beside a run: its progress bar, and the signal that stops it."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import click

from ingest.settings import Settings
from ingest.source import count


@contextmanager
def progress_bar(settings: Settings) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left on a terminal, nothing elsewhere; the total is counted on the side."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    bar: Any = click.progressbar(length=1, show_pos=True, item_show_func=_rate(), file=sys.stderr)
    ended = threading.Event()

    def set_length() -> None:
        total = count(settings.sources, skip=(settings.home, settings.spool), stop=ended)
        bar.length = max(total, 1)

    counter = threading.Thread(target=set_length, daemon=True)
    counter.start()
    try:
        with bar:
            yield lambda files: bar.update(files, bar.pos + files)
    finally:
        ended.set()
        counter.join()


def say(message: str) -> None:
    """A line for whoever watches, in place of the bar's; the bar draws itself again below."""
    click.echo(f"\r\x1b[2K{message}" if sys.stderr.isatty() else message, err=True)


def _rate() -> Callable[[int | None], str | None]:
    """Files a second since the start, beside the bar."""
    started = time.monotonic()

    def show(done: int | None) -> str | None:
        return f"{done / (time.monotonic() - started):.1f}/s" if done else None

    return show


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """A service manager's stop is a Ctrl-C."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
