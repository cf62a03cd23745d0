# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs console.exe on a pseudo terminal and in pipes: what a person would type, and what is seen.

Usage: console.py DECANT console.exe
"""
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import fcntl

DECANT, PROGRAM = sys.argv[1:3]
LIMIT = 20
failures = 0


def check(condition, what, seen):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL: {what}: saw {seen!r}")


class Terminal:
    """The program on a terminal of 100 by 40."""

    def __init__(self, mode):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave

        def own_terminal():
            os.setsid()
            # A test that runs in the background has them ignored, which a program keeps.
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([DECANT, PROGRAM, mode], stdin=slave, stdout=slave,
                                        stderr=slave, preexec_fn=own_terminal)
        self.seen = b""

    def await_text(self, text):
        end = time.monotonic() + LIMIT
        while text not in self.seen and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.master, 4096)
                except OSError:
                    break
            elif self.process.poll() is not None:
                break
        return text in self.seen

    def type(self, text):
        os.write(self.master, text)

    def finish(self):
        """The exit code and all that was seen."""
        code = None
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        while select.select([self.master], [], [], 0.05)[0]:
            try:
                self.seen += os.read(self.master, 4096)
            except OSError:
                break
        # The program's CR LF, to which the terminal adds its own CR.
        self.seen = self.seen.replace(b"\r\r\n", b"\r\n")
        return code, self.seen

    def attributes_are_back(self):
        return termios.tcgetattr(self.slave) == self.before


def run(mode, *typed, expected, code=0, absent=None, ready=b"ready"):
    """Types each text once the one before (or "ready") has been answered."""
    terminal = Terminal(mode)
    for text, answer in typed:
        check(terminal.await_text(ready), f"{mode}: waiting for {ready!r}", terminal.seen)
        if callable(text):
            text(terminal)
        else:
            terminal.type(text)
        ready = answer
    got, seen = terminal.finish()
    for text in expected:
        check(text in seen, f"{mode}: expected {text!r}", seen)
    if absent:
        check(absent not in seen, f"{mode}: {absent!r} must not be seen", seen)
    check(got == code, f"{mode}: ended with {got}, expected {code}", seen)
    check(terminal.attributes_are_back(), f"{mode}: the terminal was left changed", b"")


def piped(mode, text=b""):
    done = subprocess.run([DECANT, PROGRAM, mode], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LIMIT)
    return done.returncode, done.stdout


def main():
    run("modes", expected=[b"in 1 error 0 line 1 echo 1; out 1; types 2 2"])
    code, seen = piped("modes")
    check(code == 0 and b"in 0 error 6 line 0 echo 0; out 0; types 3 3" in seen, "modes of pipes", seen)
    run("size", expected=[b"size 100x40 window 100x40"])
    code, seen = piped("size")
    check(code == 1, "the size of a pipe", seen)
    # Lines end with CR LF; the terminal echoes; characters beyond ASCII and the BMP come through.
    run("line", ("aä€😀\n".encode(), b"read"), expected=[b"read 61 e4 20ac d83d de00 d a"])
    run("file", (b"abcde\n", b"got 65 d a"), (b"\x04", b"end"),
        expected=[b"got 61 62 63 64\r\n", b"got 65 d a\r\n", b"end"])
    code, seen = piped("file", b"abcde")
    check(code == 0 and b"got 61 62 63 64\r\ngot 65\r\nend" in seen, "piped input", seen)
    run("silent", (b"secret\n", b"secret of"), expected=[b"secret of 8"], absent=b"secret\r\n")
    # Keys as they are pressed, no Enter: a letter, Ctrl-A, an arrow, Ctrl-C without its meaning.
    run("keys", (b"x", b"key 58"), (b"\x01", b"key 41"), (b"\x1b[A", b"key 26"), (b"\x03", b"key 43"),
        expected=[b"key 58 char 78 state 0", b"key 41 char 1 state 8", b"key 26 char 0", b"key 43 char 3 state 8"])
    run("getch", (b"q", b"getch"), expected=[b"getch 71"])
    run("write", expected=["ä€😀\r\nä€\r\nä╔═\r\nä\r\n".encode()])
    run("colour", expected=[b"\x1b[0;91mred\x1b[0m"])
    code, seen = piped("colour")
    check(seen == b"red", "colours in a pipe", seen)
    # Control events.
    run("control", (b"\x03", b"event 0 by second"),
        expected=[b"event 0 by second", b"event 1 by first"])
    run("unhandled", (b"\x03", b"not handled"), expected=[b"not handled 0"], code=-signal.SIGINT)
    run("ignore", (b"\x03", b"alive"), expected=[b"alive"])
    run("close", (lambda terminal: terminal.process.send_signal(signal.SIGTERM), b"event 2"),
        expected=[b"event 2"], code=-signal.SIGTERM)
    # A reader that goes away ends the writer, by its own doing.
    started = time.monotonic()
    writer = subprocess.Popen([DECANT, PROGRAM, "flood"], stdout=subprocess.PIPE)
    writer.stdout.readline()
    writer.stdout.close()
    check(writer.wait(LIMIT) == 9 and time.monotonic() - started < LIMIT, "a broken pipe",
          writer.returncode)
    print(f"{failures} failures" if failures else "the console is as it should be")
    return 1 if failures else 0


sys.exit(main())
