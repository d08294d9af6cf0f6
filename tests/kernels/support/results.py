"""Follows the jobs of several machines at once, and prints each case as it ends and a table at the end."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from machine import Machine, MachineFailed, last_lines

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)


class Ended(BaseException):
    """A signal asked this program to end, or its time is over."""


def end_on_signals() -> None:
    """Each of SIGNALS leaves all `with` blocks, which end the machines. `signal.alarm` bounds a run."""
    for each in SIGNALS:
        signal.signal(each, end)


def end(number: int, _: FrameType | None) -> None:
    """Nothing may interrupt the end."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Ended("it took too long" if number == signal.SIGALRM else signal.Signals(number).name)


@dataclass
class Result:
    kernel: str
    release: str = "?"
    landlock: int | None = None
    booted: float = 0.0
    took: float = 0.0
    passed: int = 0
    failed: int = 0
    lines: list[str] = field(default_factory=list)


Unlike = Callable[[Result], list[str]]
"""Differences of a machine that has booted from what it has to be."""


def run_all(kernels: Iterable[str], start: Callable[[str], Machine], seconds: float, unlike: Unlike) -> list[Result]:
    """Runs all at once; each machine ends as soon as its job has ended."""
    results = [Result(kernel) for kernel in kernels]
    deadline = time.monotonic() + seconds
    with contextlib.ExitStack() as stack:
        threads = []
        for result in results:
            machine = stack.enter_context(start(result.kernel))
            threads.append(threading.Thread(target=follow, args=(machine, result, deadline, unlike), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join()
    return results


def follow(machine: Machine, result: Result, deadline: float, unlike: Unlike) -> None:
    start = time.monotonic()
    has_ended = False
    try:
        while (line := machine.line(deadline)) is not None:
            said = json.loads(line) if line.startswith("{") else {"other": line}
            if "release" in said:
                result.booted = time.monotonic() - start
                result.release, result.landlock = said["release"], said["landlock"]
                check(result, "it is the kernel that it has to be", 0.0, unlike(result))
            elif "case" in said:
                check(result, said["case"], said["seconds"], said["lines"])
            elif "about" in said:
                print(f"{'':5} {result.kernel:12} {said['about']}", flush=True)
            elif "end" in said:
                has_ended = True
    except (MachineFailed, ValueError) as error:
        check(result, "the machine", 0.0, [str(error)])
    result.took = time.monotonic() - start
    if not has_ended:
        said = [*machine.complaint(), *last_lines(machine.console)]
        check(result, "the cases end", result.took, ["the console ends so:", *said])


def check(result: Result, name: str, seconds: float, lines: list[str]) -> None:
    result.passed, result.failed = result.passed + (not lines), result.failed + bool(lines)
    text = f"{'FAIL' if lines else 'ok':5} {result.kernel:12} {name:66} {seconds:6.1f} s"
    print("\n".join([text, *(f"        {line}" for line in lines)]), flush=True)


def summary(results: list[Result], accelerator: str, folder: Path, keep: bool) -> int:
    """Prints the table, and removes the consoles unless they are of use. Returns the exit code."""
    passed, failed = sum(each.passed for each in results), sum(each.failed for each in results)
    print(f"\n{'kernel':28} {'landlock':>8} {'booted':>8} {'all':>8} {'passed':>7} {'failed':>7}   {accelerator}")
    for each in results:
        numbers = f"{each.booted:6.1f} s {each.took:6.1f} s {each.passed:7} {each.failed:7}"
        print(f"{each.release:28} {'none' if not each.landlock else each.landlock:>8} {numbers}")
    if failed or keep:
        print(f"the consoles are in {folder}")
    else:
        shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
