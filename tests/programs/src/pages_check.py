# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs page_writer.exe step by step under `decant pages` and compares what it records with what was
written; for pages.sh. Arguments: decant, page_writer.exe, the write-watch backend, a folder for files, and anything
but "" where there are no pseudo terminals."""
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
import fcntl
import struct

decant, program, backend, folder, no_terminal = sys.argv[1:]
record, html = os.path.join(folder, "record"), os.path.join(folder, "page.html")


def looks():
    """The record so far, whole lines only."""
    with open(record, encoding="utf-8") as file:
        return [json.loads(line) for line in file.read().split("\n")[:-1]]


def until(condition, what):
    for _ in range(1000):
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    sys.exit(f"{backend}: waited in vain for {what}")


def pages(runs):
    return {page for first, count in runs for page in range(first, first + count)}


class Writer:
    def __init__(self):
        self.process = subprocess.Popen([decant, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, "DECANT_WRITE_WATCH": backend})

    def step(self):
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()
        lines = []
        while not lines or not lines[-1].startswith("done"):
            lines.append(self.process.stdout.readline().decode().strip())
            if not lines[-1]:
                sys.exit(f"{backend}: page_writer.exe ended")
        return lines


def next_look():
    """The look after the one that may be under way; and the states of the regions, replayed."""
    seen = len(looks())
    until(lambda: len(looks()) >= seen + 2, "two more looks")
    state = {}
    for item in looks()[1:]:
        if "look" not in item:
            continue
        present = {}
        for region in item["regions"]:
            written = state.get(region["base"], set())
            fresh, reset = pages(region["new_runs"]), pages(region["cleared_runs"])
            if len(fresh) != region["new"] or len(reset) != region["cleared"] or fresh & written or reset - written:
                sys.exit(f"{backend}: look {item['look']} contradicts itself: {region}")
            present[region["base"]] = written - reset | fresh
            if len(present[region["base"]]) != region["written"]:
                sys.exit(f"{backend}: look {item['look']}: {region['written']} written do not add up")
        state = present
    return state


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{backend}: {what}: missing {sorted(expected - got)}, too many {sorted(got - expected)}")


writer = Writer()
small, large = (hex(int(text, 16)) for text in writer.step()[0].split())
pid = writer.process.pid
watcher = subprocess.Popen([decant, "pages", "--quiet", "--interval", "0.05", "--record", record, "--html", html,
                            str(pid)])
until(lambda: os.path.exists(record) and len(looks()) > 1, "the first look")
many = set(range(0, 8192, 64))
state = next_look()
check("fresh", state[small] | state[large], set())
writer.step()
state = next_look()
check("small, step 1", state[small], {3, *range(10, 20)})
check("large, step 1", state[large], many)
writer.step()
check("small, step 2", next_look()[small], set(range(10, 21)))
resets = sum(region["resets"] for look in looks() if "look" in look for region in look["regions"])
if resets != 1:
    sys.exit(f"{backend}: {resets} resets by the program, it made one")
writer.step()
check("small, read", next_look()[small], set(range(10, 21)))
writer.step()
check("small, decommitted", next_look()[small], {10, 11, 12})
writer.step()
state = next_look()
check("small, all", state[small], set(range(64)))
if large in state:
    sys.exit(f"{backend}: the released allocation is still there")


def check_terminal():
    """The map takes the screen, follows its size, and gives it back at Ctrl-C."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    shown = subprocess.Popen([decant, "pages", "--interval", "60", str(pid)], stdin=slave, stdout=slave,
                             stderr=slave, env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
    os.close(slave)

    def read_until(wanted, last=b"\033[J"):
        """To the end of a drawing that holds it."""
        text = b""
        end = time.monotonic() + 20
        while wanted not in text or last not in text:
            if time.monotonic() > end:
                sys.exit(f"{backend}: no {wanted!r} in {text!r}")
            text += os.read(master, 65536)
        return text

    text = read_until(b"64 written")
    if b"\033[?1049h" not in text or "\u2588".encode() not in text:
        sys.exit(f"{backend}: no map: {text!r}")
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 30, 0, 0))
    shown.send_signal(signal.SIGWINCH)
    read_until(b"64 written")
    shown.send_signal(signal.SIGINT)
    read_until(b"\033[?25h", b"\033[?1049l")
    if shown.wait(20):
        sys.exit(f"{backend}: Ctrl-C ends it with {shown.returncode}")


if not no_terminal:
    check_terminal()

# The program ends: so does the watcher, with whole files.
writer.process.stdin.write(b"go\n")
writer.process.stdin.flush()
if writer.process.wait(20) or watcher.wait(20):
    sys.exit(f"{backend}: exit codes {writer.process.returncode}, {watcher.returncode}")
if looks()[-1] != {"end": "the program ended"}:
    sys.exit(f"{backend}: the record ends with {looks()[-1]}")
with open(html, encoding="utf-8") as file:
    page = file.read()
data = json.loads(page[page.index("const DATA = ") + 13:page.index("];\n") + 1])
if data != looks() or not page.rstrip().endswith("</html>"):
    sys.exit(f"{backend}: the page does not hold the record")
if "http:" in page or "https:" in page or " src=" in page or "@import" in page:
    sys.exit(f"{backend}: the page needs something from outside")
