"""The system calls that Python 3.11 has no name for, through the C library.

Every function raises OSError with the call's name, so that a refusal says which step was refused.
"""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
MNT_DETACH = 2

_PR_SET_NAME = 15
_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if _libc[name](*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by CLONE_NEW* `flags` for new ones; CLONE_NEWNET touches this thread only."""
    _call("unshare", ctypes.c_int(flags))


def setns(descriptor: int, flags: int) -> None:
    """Enter the namespace that `descriptor` is open on; CLONE_NEWNET touches this thread only."""
    _call("setns", ctypes.c_int(descriptor), ctypes.c_int(flags))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount `source` on `target`; the message of a refusal names the target."""
    try:
        _call(
            "mount",
            ctypes.c_char_p(source.encode()),
            ctypes.c_char_p(target.encode()),
            ctypes.c_char_p(kind.encode() or None),
            ctypes.c_ulong(flags),
            ctypes.c_char_p(options.encode() or None),
        )
    except OSError as refusal:
        raise OSError(refusal.errno, f"mount {kind or 'bind'} on {target}: {os.strerror(refusal.errno or 0)}") from None


def unmount(target: str) -> None:
    """Take the mount at `target` away, at once for new look-ups (open files keep it alive)."""
    _call("umount2", ctypes.c_char_p(target.encode()), ctypes.c_int(MNT_DETACH))


def set_process_name(name: str) -> None:
    """Name this process (15 bytes are kept) as `ps -o comm` shows it."""
    _call("prctl", ctypes.c_int(_PR_SET_NAME), ctypes.c_char_p(name.encode()), *(ctypes.c_ulong(0),) * 3)
