"""The system calls that a container does not get: Docker's default profile, as a filter in BPF.

Docker documents what its profile keeps from containers and why (docs.docker.com, "Seccomp security profiles for
Docker", table "Significant syscalls blocked by the default profile"; moby's default.json for the mount interface of
Linux 5.2 and for io_uring). Read 2026-11. Theirs is a list of what is allowed; this one is of what is refused, since a
container here also has no capability that most of them would need. Numbers: Linux's unistd_64.h and asm-generic.
Programs of another architecture (32 bits, x32) get ENOSYS.
"""

from __future__ import annotations

import errno
import platform
import struct
from pathlib import Path
from typing import TypeAlias

_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "get_kernel_syms": (177, None),
    "get_mempolicy": (239, 236),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "mbind": (237, 235),
    "migrate_pages": (256, 238),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pivot_root": (155, 41),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "set_mempolicy": (238, 237),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "_sysctl": (156, None),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "vhangup": (153, 58),
}
"""By name: its numbers on x86-64 and on arm64."""

_CLONE = (56, 220)
_CLONE3 = (435, 435)
_NAMESPACES = 0x7E020000
"""The flags of clone() that make namespaces; clone3() hides its flags in memory, so it is not there at all."""

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32 = 0x40000000

# linux/bpf_common.h, linux/seccomp.h: struct seccomp_data is nr, arch, instruction pointer, six arguments.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000

_Line: TypeAlias = tuple[int, int, int, int]


def profile(machine: str = platform.machine()) -> bytes:
    """Give the filter as the kernel takes it (`struct sock_filter[]`); b"" for a machine that it is not written for."""
    if machine not in _ARCHITECTURES:
        return b""
    column, architecture = _ARCHITECTURES[machine]
    refused = sorted(number for each in _REFUSED.values() if (number := each[column]) is not None)
    missing = _RETURN, 0, 0, _ERRNO | errno.ENOSYS
    denied = _RETURN, 0, 0, _ERRNO | errno.EPERM
    lines: list[_Line] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        missing,
        (_LOAD, 0, 0, _NUMBER),
        *([(_AT_LEAST, 0, 1, _X32), missing] if machine == "x86_64" else []),
        (_EQUAL, 0, 1, _CLONE3[column]),
        missing,
    ]
    for number in refused:
        lines += [(_EQUAL, 0, 1, number), denied]
    lines += [
        (_EQUAL, 0, 2, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 1, 0, _NAMESPACES),
        (_RETURN, 0, 0, _ALLOW),
        denied,
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def supported() -> bool:
    """Say whether this kernel takes filters that answer with an error."""
    try:
        return "errno" in Path("/proc/sys/kernel/seccomp/actions_avail").read_text().split()
    except OSError:
        return False
