#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fuzzes the loader end to end: mutants of DLLs are loaded and used by a program, mutants of a program are
started. Allowed is an error in one line, or a fault in the mutant's own code; not a fault in the
loader, a signal that ends decant, or a hang. DECANT_STRESS=1: many more. Reads DECANT, BUILD of the
environment (tests/run.py)."""
import os
import re
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ["BUILD"])
DECANT = os.environ["DECANT"]
STRESS = bool(os.environ.get("DECANT_STRESS"))
DLLS = ["leaf", "mid", "top", "has_tls", "has_resources", "cycle_a", "base_a"]
DLL_MUTANTS = 20000 if STRESS else 400    # of each
EXE_MUTANTS = 5000 if STRESS else 200
LIMIT = 60                                # seconds for a batch of DLLs, or one program

FUZZ = BUILD / "pe/fuzz/loader_fuzz.exe"
WRITER = BUILD / "unix/tests/test_image_fuzz"
OWN_FAULT = 3                             # loader_fuzz.exe: the mutant's own code faulted
ABORTED = 3                               # a C program that called abort


class Failed(Exception):
    pass


def decant(arguments):
    """Runs decant; returns the exit code and the output's lines. A signal or a hang fails the test."""
    try:
        done = subprocess.run([DECANT, *map(str, arguments)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"hangs: {' '.join(map(str, arguments))}") from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode < 0:
        raise Failed(f"signal {-done.returncode} ended decant {' '.join(map(str, arguments))}: "
                     f"{lines[-3:]}")
    return done.returncode, lines


def fuzz_dll(name):
    """Goes on behind each mutant whose own code faulted."""
    image = BUILD / f"pe/conformance/loader_{name}.dll"
    at, end, own_faults = 0, DLL_MUTANTS, 0
    while at < end:
        code, lines = decant([FUZZ, f"Z:{image}", at, end - at])
        following = [line for line in lines if re.fullmatch(r"next \d+", line)]
        if code == OWN_FAULT and following:
            at = int(following[-1].split()[1])
            own_faults += 1
        elif code == 0:
            break
        else:
            raise Failed(f"{image.name} from {at}: exit code {code}: {lines[-3:]}")
    print(f"{image.name}: {DLL_MUTANTS} mutants, {own_faults} faults of their own code")


def entry_point(path):
    """AddressOfEntryPoint, wherever the headers say that the headers are; None beyond the file."""
    image = Path(path).read_bytes()
    at = int.from_bytes(image[0x3c:0x40], "little") + 40
    return image[at:at + 4] or None


def fuzz_programs():
    outcomes, entry = {}, entry_point(FUZZ)
    for number in range(EXE_MUTANTS):
        subprocess.run([WRITER, "--write", FUZZ, str(number), "mutant.exe"], check=True)
        code, lines = decant(["mutant.exe"])
        # A call of what does not exist is told by name before the exception is.
        told = [line for line in lines
                if line.startswith("decant: ") and "the program called" not in line]
        # 2 is what the sound program answers without arguments. Its C runtime looks at its image too, and aborts. Code
        # that begins elsewhere ends with what it happens to return.
        is_own_abort = code == ABORTED and "Mingw-w64 runtime failure:" in lines
        may_be_silent = code == 0 or entry_point("mutant.exe") != entry
        if len(told) != (0 if code == 2 or is_own_abort else 1) and not (may_be_silent and not told):
            raise Failed(f"program mutant {number}: {len(told)} lines about it: {lines[:5]}")
        outcomes[code] = outcomes.get(code, 0) + 1
    print(f"{EXE_MUTANTS} programs by exit code: {dict(sorted(outcomes.items()))}")
    if not outcomes.get(126) or not outcomes.get(2):
        raise Failed("the mutations are too weak or too strong: no sound or no refused program")


def main():
    if not FUZZ.exists() or not WRITER.exists():
        print("loader_fuzz.exe and test_image_fuzz are not built")
        return 77
    try:
        for name in DLLS:
            fuzz_dll(name)
        fuzz_programs()
    except Failed as failure:
        print(f"FAIL: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
