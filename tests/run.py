#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every test of Decant and closes with "N passed, N failed, N skipped".

Each test is a process of its own with a time limit, a fresh session folder and a log. Kinds:
  native/NAME       CMocka programs of the Linux half (build/unix/tests), and under ASan/UBSan
  conformance/NAME  Windows programs on the standalone host; those on write watch with each backend
                    forced, and with userfaultfd denied by seccomp as sandboxes do
  program/NAME      scripts in tests/programs that run real Windows programs
Exit code 77 means skipped; the reason is the last line of the output.
"""
import argparse
import concurrent.futures
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SKIPPED = 77


class Test:
    def __init__(self, name, command, environment=None, limit=120, exclusive=False):
        self.name = name
        self.command = [str(part) for part in command]
        self.environment = environment or {}
        self.limit = limit
        self.exclusive = exclusive
        self.outcome = None
        self.seconds = 0.0
        self.output = ""

    def run(self, log_folder):
        """Runs the test; sets outcome to "passed", "failed" or "skipped"."""
        scratch = tempfile.mkdtemp(prefix="decant-test-")
        environment = dict(os.environ, DECANT_SESSION=f"{scratch}/session", DECANT_TEST_DIR=scratch,
                           ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1",
                           **self.environment)
        started = time.monotonic()
        process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=environment, cwd=scratch,
                                   start_new_session=True)
        try:
            output, _ = process.communicate(timeout=self.limit)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"\ntimed out after {self.limit} s\n".encode()
            code = None
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self.seconds = time.monotonic() - started
        self.output = output.decode("utf-8", "replace")
        self.outcome = {0: "passed", SKIPPED: "skipped"}.get(code, "failed")
        if self.outcome == "failed" and code is not None:
            self.output += f"\nexit code {code}\n"
        (log_folder / (self.name.replace("/", "-") + ".log")).write_text(self.output)
        return self


def test_images(build):
    """Sound PE images for the fuzz to mutate."""
    places = [build / "pe/conformance", build / "dist/lib/decant/x86_64-windows",
              Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")]
    return ":".join(str(place) for place in places if place.is_dir())


def native_tests(build, stress, sanitize):
    trees = [("native", build / "unix" / "tests", build / "dist/bin/decantserver")]
    if sanitize:
        trees.append(("sanitized", build / "asan" / "tests", build / "asan/server/decantserver"))
    tests = []
    for kind, folder, server in trees:
        if not folder.is_dir():
            continue
        for program in sorted(folder.glob("test_*")):
            if not os.access(program, os.X_OK) or program.is_dir():
                continue
            environment = {"DECANT_SERVER": str(server), "DECANT_TEST_IMAGES": test_images(build)}
            if stress:
                environment["DECANT_STRESS"] = "1"
            tests.append(Test(f"{kind}/{program.name}", [program], environment,
                              3600 if stress else 180))
    return tests


# How the write-watch programs are run: what is forced, what is denied (tests/deny.c).
WRITE_WATCH_VARIANTS = [("pagemap", None), ("mprotect", None), (None, "userfaultfd=EPERM")]
OTHER_VARIANTS = [(None, None)]


def conformance_tests(build, stress):
    decant = build / "dist/bin/decant"
    tests = []
    for program in sorted((build / "pe/conformance").glob("*.exe")):
        is_stress = program.stem.endswith("_stress")
        if is_stress != stress:
            continue
        variants = WRITE_WATCH_VARIANTS if "write_watch" in program.stem else OTHER_VARIANTS
        for backend, denied in variants:
            if denied and stress:
                continue
            environment = {"DECANT_WRITE_WATCH": backend} if backend else {}
            deny = [build / "unix/tests/deny", denied] if denied else []
            suffix = f" ({backend or denied})" if backend or denied else ""
            tests.append(Test(f"conformance/{program.stem}{suffix}", [*deny, decant, program],
                              environment, 3600 if stress else 120))
    return tests


# The scripts that have more to do with DECANT_STRESS set.
STRESSED_PROGRAMS = ("fuzz", "kernel61")


def program_tests(build, cache, stress):
    tests = []
    for script in sorted((TOP / "tests/programs").glob("*.sh")):
        if stress and script.stem not in STRESSED_PROGRAMS:
            continue
        environment = {"DECANT": str(build / "dist/bin/decant"), "DIST": str(build / "dist"),
                       "BUILD": str(build), "CACHE": str(cache)}
        if stress:
            environment["DECANT_STRESS"] = "1"
        tests.append(Test(f"program/{script.stem}", ["bash", script], environment,
                          3600 if stress else 300, exclusive=True))
    return tests


def skip_reason(test):
    lines = [line for line in test.output.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason given"


def report(test, colour):
    mark = {"passed": ("32", "ok"), "failed": ("31", "FAIL"), "skipped": ("33", "skip")}
    code, word = mark[test.outcome]
    text = f"\033[{code}m{word:4}\033[0m" if colour else f"{word:4}"
    note = f"  ({skip_reason(test)})" if test.outcome == "skipped" else ""
    print(f"{text} {test.name:50} {test.seconds:6.2f} s{note}", flush=True)
    if test.outcome == "failed":
        lines = test.output.splitlines()
        for line in lines[-40:]:
            print(f"       | {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--stress", action="store_true")
    parser.add_argument("--no-sanitize", action="store_true")
    parser.add_argument("filter", nargs="?", default="")
    options = parser.parse_args()

    build = options.build.resolve()
    logs = build / "test-logs"
    logs.mkdir(parents=True, exist_ok=True)
    options.cache.mkdir(parents=True, exist_ok=True)
    tests = native_tests(build, options.stress, not options.no_sanitize)
    tests += conformance_tests(build, options.stress)
    tests += program_tests(build, options.cache.resolve(), options.stress)
    tests = [test for test in tests if re.search(options.filter, test.name)]
    if not tests:
        print(f"no test is called like \"{options.filter}\"", file=sys.stderr)
        return 1

    colour = sys.stdout.isatty()
    print(f"{len(tests)} tests on Linux {platform.release()}, {os.cpu_count()} CPUs; "
          f"logs in {logs}")
    workers = 1 if options.stress else max(1, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        shared = [test for test in tests if not test.exclusive]
        for done in concurrent.futures.as_completed([pool.submit(t.run, logs) for t in shared]):
            report(done.result(), colour)
    for test in tests:
        if test.exclusive:
            report(test.run(logs), colour)

    print("slowest: " + ", ".join(f"{t.name} {t.seconds:.1f} s" for t in
                                  sorted(tests, key=lambda t: -t.seconds)[:5]))
    count = {word: sum(t.outcome == word for t in tests) for word in ("passed", "failed", "skipped")}
    for test in tests:
        if test.outcome == "failed":
            print(f"failed: {test.name}")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
