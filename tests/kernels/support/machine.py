"""A virtual machine with one kernel: runs a job, yields the output of the job line by line, and is ended by its pid."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from pathlib import Path

from hardware import hardware_of

# A kernel that runs at all prints its first words in a fraction of this.
KVM_SECONDS = 10.0
KVM_WORDS = "Run /init as init process"
STOP_SECONDS = 5.0
POLL_SECONDS = 0.1
MEGABYTES = 1024
CONSOLE_LINES = 25
LINE_CHARACTERS = 200
# Linux 7.2 changes its own code at boot while the other processor runs it, which qemu 7.2 does not emulate: it panics.
ALONE = {("newest", "tcg")}


class MachineFailed(Exception):
    """It did not boot, or did not come to the end of its job."""


def last_lines(console: Path) -> list[str]:
    """The end of the output of a kernel and its processes."""
    try:
        text = console.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line[:LINE_CHARACTERS] for line in text.splitlines()[-CONSOLE_LINES:] if line.strip()]


def command(
    images: Path,
    kernel: str,
    accelerator: str,
    console: Path,
    job: Path | None = None,
    root: Path | None = None,
    words: str = "",
) -> list[str]:
    """Starts a machine whose job speaks on standard output. `words` are more of the kernel's command line."""
    hardware = hardware_of(kernel)
    processors = 1 if (kernel, accelerator) in ALONE else 2
    parts = hardware.command(accelerator, processors, console, f"{'quiet' if job else ''} {words}")
    parts += ["-m", str(MEGABYTES)]
    parts += ["-kernel", str(images / kernel / "vmlinuz"), "-initrd", str(images / kernel / "initrd")]
    root = root or images / hardware.root / "root.ext4"
    for name, file, how in (("root", root, "snapshot=on"), ("job", job, "readonly=on")) if job else ():
        parts += ["-drive", f"file={file},format=raw,if=none,id={name},{how}"]
        parts += ["-device", f"virtio-blk-pci,drive={name}"]
    return parts


class Machine:
    """Runs as soon as it is created. The disk remains unchanged: writes are lost with the machine."""

    def __init__(self, kernel: str, console: Path, start: list[str]) -> None:
        """`start`: the `command` of this kernel with this console."""
        self.console, self.kernel = console, kernel
        self._errors = console.with_suffix(".qemu").open("w+b")
        self._process = subprocess.Popen(
            start,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def line(self, deadline: float) -> str | None:
        """The next line of the job; None at its end."""
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise MachineFailed("it took too long") from None
        return None if line is None else line.decode("utf-8", "replace").rstrip("\r\n")

    def complaint(self) -> list[str]:
        """Output of qemu itself."""
        self._errors.seek(0)
        text = self._errors.read(4000).decode("utf-8", "replace")
        return [line[:LINE_CHARACTERS] for line in text.splitlines()[:CONSOLE_LINES]]

    def has_said(self, words: str, seconds: float) -> bool:
        """Whether its console has these words in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.console.exists() and words in self.console.read_text(encoding="utf-8", errors="replace"):
                return True
            if self._process.poll() is not None:
                return False
            time.sleep(POLL_SECONDS)
        return False


def kvm_refusal(images: Path, kernel: str, folder: Path) -> str:
    """Reason why KVM does not run a kernel here; empty if it does. The device proves nothing: nested ones may not work."""
    if "kvm" not in hardware_of(kernel).accelerators:
        return f"{kernel} is for another processor"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "no /dev/kvm"
    console = folder / "kvm.console"
    with Machine(kernel, console, command(images, kernel, "kvm", console)) as machine:
        if machine.has_said(KVM_WORDS, KVM_SECONDS):
            return ""
        said = machine.complaint()
        return said[0] if said else f"/dev/kvm is there, and a kernel said nothing in {KVM_SECONDS:.0f} s"


def choose(wanted: str, images: Path, kernel: str, folder: Path) -> str:
    """The accelerator: the wanted one, or for `auto` KVM where it works."""
    if wanted != "auto":
        return wanted
    refusal = kvm_refusal(images, kernel, folder)
    print(f"emulated: {refusal}" if refusal else "by KVM", flush=True)
    return "tcg" if refusal else "kvm"
