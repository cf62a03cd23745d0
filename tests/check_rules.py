#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the house that a machine can check: exports are data and the built DLLs have exactly these; PE
code includes no Linux header and Linux code no windows.h; lists are sorted; every source names its licence.

    check_rules.py FOLDER-WITH-DLLS

Prints each violation; exit code 1 when there was one."""
import re
import struct
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
violations = []


def violate(path, text):
    violations.append(f"{Path(path).relative_to(TOP) if TOP in Path(path).parents else path}: {text}")


# --- Exports ---

def read_def(path):
    """{name: forward or None} of the exports, in the order of the file."""
    exports, in_exports = {}, False
    for line in path.read_text().splitlines():
        line = line.split(";")[0].strip()
        if line.upper().startswith(("LIBRARY", "EXPORTS")):
            in_exports = line.upper().startswith("EXPORTS")
            continue
        if not line or not in_exports:
            continue
        match = re.fullmatch(r'([^\s=]+)\s*(?:=\s*("?)([^\s"]+)\2)?((?:\s+\S+)*)', line)
        if not match:
            violate(path, f"cannot be read: {line}")
            continue
        target = match.group(3)
        if match.group(1) in exports:
            violate(path, f"{match.group(1)} is listed twice")
        exports[match.group(1)] = target if target and "." in target else None
    return exports


def read_exports(path):
    """{name: forward or None} of a built DLL."""
    image = path.read_bytes()

    def number(form, at):
        return struct.unpack_from("<" + form, image, at)[0]

    header = number("I", 0x3c)
    sections = header + 24 + number("H", header + 20)

    def offset(rva):
        for i in range(number("H", header + 6)):
            at = sections + 40 * i
            start = number("I", at + 12)
            if start <= rva < start + max(number("I", at + 8), number("I", at + 16)):
                return number("I", at + 20) + rva - start
        raise ValueError(f"{path}: no section has {rva:#x}")

    def text(rva):
        at = offset(rva)
        return image[at:image.index(b"\0", at)].decode()

    directory, size = number("I", header + 24 + 112), number("I", header + 24 + 116)
    if not directory:
        return {}
    at = offset(directory)
    functions, names, ordinals = (offset(number("I", at + field)) for field in (28, 32, 36))
    exports = {}
    for i in range(number("I", at + 24)):
        address = number("I", functions + 4 * number("H", ordinals + 2 * i))
        is_forward = directory <= address < directory + size
        exports[text(number("I", names + 4 * i))] = text(address) if is_forward else None
    return exports


def check_exports(folder):
    for definition in sorted(TOP.glob("dlls/*/*.def")):
        wanted = read_def(definition)
        names = list(wanted)
        for one, other in zip(names, names[1:]):
            if one > other:
                violate(definition, f"{other} stands behind {one}")
        dll = folder / f"{definition.stem}.dll"
        if not dll.exists():
            violate(definition, f"{dll} was not built")
            continue
        built = read_exports(dll)
        for name in sorted(set(wanted) - set(built)):
            violate(definition, f"{name} is not exported by the DLL")
        for name in sorted(set(built) - set(wanted)):
            violate(definition, f"the DLL exports {name}, which is not listed")
        for name in sorted(set(built) & set(wanted)):
            if wanted[name] != built[name]:
                violate(definition, f"{name} is {built[name] or 'a function'} in the DLL, "
                                    f"{wanted[name] or 'a function'} here")


def check_system_calls():
    path = TOP / "include/decant/syscalls.def"
    names = re.findall(r"^SYSCALL\((\w+),", path.read_text(), re.M)
    for one, other in zip(names, names[1:]):
        if one >= other:
            violate(path, f"{other} stands behind {one}")


# --- Sources ---

LINUX_HEADERS = re.compile(r"#\s*include\s*<(linux/|sys/|asm/|netinet/|arpa/|unistd\.h|pthread\.h|"
                           r"dirent\.h|fcntl\.h|poll\.h|dlfcn\.h|sched\.h|termios\.h|spawn\.h|pwd\.h)")
WINDOWS_HEADERS = re.compile(r"#\s*include\s*[<\"](windows\.h|winsock2?\.h)[>\"]")


def sources():
    for suffix in ("c", "h", "S", "py", "sh"):
        for path in sorted(TOP.rglob(f"*.{suffix}")):
            parts = path.relative_to(TOP).parts
            if not parts[0].startswith(("build", ".")):
                yield path, parts


def check_sources():
    for path, parts in sources():
        text = path.read_text(encoding="utf-8")
        if "SPDX-License-Identifier: LGPL-2.1-or-later" not in "\n".join(text.splitlines()[:3]):
            violate(path, "does not name its licence at its head")
        is_linux = parts[0] in ("loader", "server") or parts[:3] == ("dlls", "ntdll", "unix")
        is_pe = parts[0] in ("dlls", "conformance", "demo") and not is_linux
        for number, line in enumerate(text.splitlines(), 1):
            if is_pe and LINUX_HEADERS.match(line):
                violate(path, f"line {number}: PE code includes a Linux header")
            if is_linux and WINDOWS_HEADERS.match(line):
                violate(path, f"line {number}: Linux code includes a Windows header")
            if re.match(r"\s*#\s*if\s+0\b", line) or re.search(r"\b(TODO|FIXME|XXX)\b", line):
                if path != Path(__file__).resolve():
                    violate(path, f"line {number}: unfinished: {line.strip()[:60]}")


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip())
        return 2
    check_exports(Path(sys.argv[1]))
    check_system_calls()
    check_sources()
    print("\n".join(violations) or "the rules are kept")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
