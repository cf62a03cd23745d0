#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs benches. Each gives one table, JSON and an SVG plot, in build/bench-results.

All columns of a bench are measured in the same minutes, in turns: round by round each program is asked for
one group of rows (see bench.h), and ratios are taken within a round, so that a noisy machine is as noisy
for one as for the other. The bars are what Decant promises; the exit code is 1 where one does not hold.
docs/benchmarks.md says what the rows mean.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import hosts
import report
import start
from hosts import Host
from report import Bar

# Groups: (request, rounds, rounds with --quick). Columns of the Windows executable: (column, arguments,
# environment); natively: (column, arguments).
BENCHES = {
    "write-watch": {
        "about": "GetWriteWatch and ResetWriteWatch against the bare ioctl, the marker scheme, Wine",
        "unit": "µs",
        "native": [("floor", "floor"), ("engine", "engine"), ("markers", "markers")],
        "windows": [("unwatched", "unwatched", {}),
                    ("decant", "watched bare", {"DECANT_WRITE_WATCH": "pagemap"}),
                    ("mprotect", "watched", {"DECANT_WRITE_WATCH": "mprotect"})],
        "wine": "watched",
        "groups": [("allocate", 9, 2), ("first-touch", 9, 3), ("touch-again", 9, 3), ("get 1", 25, 7),
                   ("get-scattered 1", 25, 7), ("get 256", 13, 5), ("get-scattered 256", 13, 5),
                   ("get 4096", 5, 0), ("get-scattered 4096", 5, 0), ("read", 15, 3), ("threads", 9, 2)],
        "order": ["unwatched", "floor", "engine", "decant", "bare", "mprotect", "markers", "wine"],
        "compare": [("decant", "floor"), ("decant", "bare"), ("decant", "unwatched"), ("wine", "decant")],
        "bars": [Bar("get+reset", "decant", "bare", 1.10),
                 Bar("first touch", "decant", "unwatched", 1.15),
                 Bar("touch again after a reset", "decant", "floor", 1.05),
                 Bar("reserve 256 GiB", "decant", "unwatched", 2),
                 Bar("page tables", "decant", None, 16),
                 Bar("touch again and get+reset", "decant", "wine", 1 / 5)],
    },
    "call": {
        "about": "a call from Windows code to the Linux half",
        "unit": "ns",
        "native": [("linux", None)],
        "windows": [("decant", None, {})],
        "wine": None,
        "groups": [("call", 9, 3)],
        "order": ["linux", "decant", "wine"],
        "compare": [("decant", "linux"), ("wine", "decant")],
        "bars": [Bar("empty call", "decant", None, 30)],
    },
    "heap": {
        "about": "the process heap, HeapCreate, Local* and Global* against glibc's malloc",
        "unit": "ns",
        "native": [("malloc", None)],
        "windows": [("decant", None, {})],
        "wine": None,
        "groups": [*((f"kind {i}", 15, 3) for i in range(4)), *((f"size {i}", 15, 3) for i in range(5)),
                   *((f"threads {i}", 9, 3) for i in (1, 2, 4, 8))],
        "order": ["malloc", "decant", "wine"],
        "compare": [("decant", "malloc"), ("wine", "decant")],
        # None for moveable blocks: malloc has nothing of the kind.
        "bars": [Bar(rows, "decant", "malloc", 1.5) for rows in
                 ("process heap", "HeapCreate", "LocalAlloc", "1 ", "2 ", "4 ", "8 ")],
    },
    "sync": {
        "about": "address waits, events and locks against bare futexes and pthread's locks",
        "unit": "ns",
        "native": [("futex", None)],
        "windows": [("decant", None, {})],
        "wine": None,
        "groups": [("alone", 9, 3), *((f"turns {i}", 25, 5) for i in range(6)), ("pool", 9, 3)],
        "order": ["futex", "decant", "wine"],
        "compare": [("decant", "futex"), ("wine", "decant")],
        "bars": [Bar("wake, nobody waits", "decant", None, 15),
                 Bar("wait on an address, value differs", "decant", None, 15),
                 Bar("two threads, wait on an address", "decant", "futex", 1.10),
                 Bar("two threads, events", "decant", "futex", 1.3),
                 Bar("two processes, events", "decant", "futex", 1.3),
                 Bar("wait on a signalled event", "decant", "wine", 1 / 100)],
    },
    "start": {
        "about": "start to exit of an empty program",
        "unit": "ms",
        "compare": [("decant", "wine, warm"), ("wine, warm", "decant")],
        "bars": [Bar("start", "decant", None, 10), Bar("start", "decant", "wine, warm", 1 / 3),
                 Bar("start", "decant", "wine, cold", 1 / 100)],
    },
}


def programs(name, bench, build, wine, wine_environment):
    file = name.replace("-", "_")
    native = os.path.join(build, "unix/bench/bench_" + file)
    windows = os.path.join(build, "pe/bench", file + ".exe")
    decant = os.path.join(build, "dist/bin/decant")

    def arguments(text):
        return (text or "").split()

    found = [Host(column, [native, *arguments(text)]) for column, text in bench["native"]]
    found += [Host(column, [decant, windows, *arguments(text)], environment)
              for column, text, environment in bench["windows"]]
    if wine:
        found.append(Host("wine", [wine, windows, *arguments(bench["wine"])], wine_environment))
    return sorted(found, key=lambda host: bench["order"].index(host.name))


def run(name, bench, build, wine, wine_environment, quick):
    """The table and its columns."""
    table = hosts.Table()
    if name == "start":
        return table, start.measure(build, wine, wine_environment, table, quick)
    everyone = programs(name, bench, build, wine, wine_environment)
    try:
        hosts.measure(everyone, bench["groups"][:1], table, quick)
        if name == "write-watch":
            hosts.measure_page_tables(everyone, table)
        hosts.measure(everyone, bench["groups"][1:], table, quick)
    finally:
        for host in everyone:
            host.close()
    return table, [column for column in bench["order"] if table.has(column)]


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of: " + ", ".join(BENCHES))
    parser.add_argument("--build", default="build", help=argparse.SUPPRESS)
    parser.add_argument("--cache", default=".cache", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="few rounds, and not the 4 GiB rows")
    parser.add_argument("--no-wine", action="store_true", help="leave Wine's column out")
    parser.add_argument("--markdown", metavar="FILE",
                        help="write each bench's section of FILE (docs/benchmarks.md) anew")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHES]
    if unknown:
        parser.error(f"no bench {unknown[0]}; there are: {', '.join(BENCHES)}")
    build = os.path.abspath(arguments.build)
    results = os.path.join(build, "bench-results")
    os.makedirs(results, exist_ok=True)
    wine = None if arguments.no_wine else hosts.find_wine()
    if not wine and not arguments.no_wine:
        print("bench: Wine is not installed (Debian: wine64); its column is left out")
    prefix = os.path.join(os.path.abspath(arguments.cache), "wine-prefix")
    os.makedirs(os.path.dirname(prefix), exist_ok=True)
    wine_environment = {"WINEPREFIX": prefix, "WINEDEBUG": "-all"}
    all_hold = True
    with tempfile.TemporaryDirectory(prefix="decant-bench-") as session:
        os.environ["DECANT_SESSION"] = os.path.join(session, "session")
        try:
            for name in arguments.names or BENCHES:
                bench = BENCHES[name]
                print(f"{name}: {bench['about']}\n{report.machine()}\n", flush=True)
                table, columns = run(name, bench, build, wine, wine_environment, arguments.quick)
                if not table.rows:
                    continue
                compare = [(column, reference) for column, reference in bench["compare"]
                           if column in columns and reference in columns]
                report.print_table(table, columns, compare)
                verdicts = [verdict for bar in bench["bars"] for verdict in bar.judge(table)]
                print(f"\nMedians, {bench['unit']}; ratios with quartiles.")
                report.print_verdicts(verdicts, bench["unit"])
                all_hold &= all(verdict["holds"] for verdict in verdicts)
                base = os.path.join(results, name)
                report.write_json(base + ".json", name, bench["unit"], table, columns, verdicts)
                report.write_svg(base + ".svg", name, bench["unit"], table, columns)
                if arguments.markdown:
                    report.write_markdown(arguments.markdown, name, bench["unit"], table, columns,
                                          compare, verdicts, base + ".svg")
                print(f"Results: {os.path.relpath(base)}.json, {os.path.relpath(base)}.svg\n", flush=True)
        finally:
            server = hosts.wine_server(wine) if wine else None
            if server:
                subprocess.run([server, "-k"], env={**os.environ, **wine_environment}, check=False,
                               stderr=subprocess.DEVNULL)
    return 0 if all_hold else 1


if __name__ == "__main__":
    sys.exit(main())
