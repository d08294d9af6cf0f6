"""What a machine is made of, for each architecture: the processor, the consoles, and what Debian calls it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SUFFIX = "-aarch64"


@dataclass(frozen=True)
class Hardware:
    debian: str
    """The architecture, as Debian names it."""
    root: str
    """The folder of its root file system."""
    program: str
    """Of qemu."""
    board: tuple[str, ...]
    accelerators: dict[str, tuple[str, ...]]
    words: str
    """What its kernels need on their command line."""
    console: str
    """The terminal of the kernel and its processes, which goes to a file."""
    job: str
    """The terminal of the job, which comes to standard output."""
    job_device: tuple[str, ...]
    modules: tuple[str, ...]
    """What a kernel may have as a module, and needs to get to the job."""

    def command(self, accelerator: str, processors: int, console: Path, words: str) -> list[str]:
        """Starts a machine. `words` are more of the kernel's command line."""
        line = f"root=/dev/vda console={self.console} job={self.job} panic=-1 {self.words} {words}"
        parts = [self.program, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        parts += [*self.board, *self.accelerators[accelerator], "-smp", str(processors), "-append", line]
        return [*parts, "-serial", f"file:{console}", *self.job_device]


X86_64 = Hardware(
    debian="amd64",
    root="root",
    program="qemu-system-x86_64",
    board=("-machine", "q35"),
    # Emulated, Linux 6.12 ends with a double fault when the processor has cmpxchg16b (qemu 7.2).
    accelerators={
        "kvm": ("-accel", "kvm", "-cpu", "host"),
        "tcg": ("-accel", "tcg,thread=multi", "-cpu", "max,-cx16"),
    },
    # On a busy host the kernel may find its emulated timer dead within the time that it waits, and panic.
    words="no_timer_check",
    console="ttyS0",
    job="ttyS1",
    job_device=("-serial", "stdio"),
    modules=("virtio_pci", "virtio_blk"),
)
AARCH64 = Hardware(
    debian="arm64",
    root=f"root{SUFFIX}",
    program="qemu-system-aarch64",
    board=("-machine", "virt"),
    # Pointer authentication by the architecture's own algorithm takes most of the time of an emulator.
    accelerators={"tcg": ("-accel", "tcg,thread=multi", "-cpu", "max,pauth-impdef=on")},
    words="",
    console="ttyAMA0",
    # The board has one serial port.
    job="hvc0",
    job_device=("-device", "virtio-serial-pci", "-device", "virtconsole,chardev=job", "-chardev", "stdio,id=job"),
    modules=("virtio_pci", "virtio_blk", "virtio_console"),
)


def hardware_of(kernel: str) -> Hardware:
    return AARCH64 if kernel.endswith(SUFFIX) else X86_64
