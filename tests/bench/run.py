#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs benches: one table, one JSON file and one SVG plot each, in build/bench-results.

A bench is a native program (build/unix/bench/bench_NAME, which writes JSON rows) and, where there is one,
a Windows executable (build/pe/bench/NAME.exe, which prints one line of JSON), run on Decant and
on Wine where that is installed.
"""
import argparse
import html
import json
import os
import platform
import shutil
import subprocess
import sys

BENCHES = {
    "write-watch": {
        "about": "GetWriteWatch and ResetWriteWatch against the bare ioctl, markers, mprotect, Wine",
        "hosts": ["pagemap", "markers", "mprotect"],
        "switch": "DECANT_WRITE_WATCH",
        # row: (column, reference column, highest ratio)
        "bars": [
            ("get+reset", "decant", "floor", 1.10),
            ("first touch", "decant", "unwatched", 1.15),
            ("touch again", "decant", "floor", 1.05),
            ("reserve 256 GiB", "decant", "unwatched", 2.0),
        ],
    },
}


def find_wine():
    for name in ("wine64", "/usr/lib/wine/wine64", "wine"):
        path = shutil.which(name)
        if path:
            return path
    return None


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"Linux {platform.release()}, {model}, {os.cpu_count()} CPUs"


def run_native(build, name, extra, timeout):
    program = os.path.join(build, "unix/bench/bench_" + name.replace("-", "_"))
    if not os.path.exists(program):
        return []
    target = os.path.join(build, "bench-results", name + "-native.json")
    subprocess.run([program, "--json", target, *extra], check=False, timeout=timeout)
    with open(target, encoding="utf-8") as file:
        return json.load(file)["rows"]


def run_windows(build, cache, name, bench):
    """Rows of the Windows executable: {"row": …, host: value …}."""
    program = os.path.join(build, "pe/bench", name.replace("-", "_") + ".exe")
    decant = os.path.join(build, "dist/bin/decant")
    if not os.path.exists(program) or not os.path.exists(decant):
        return []
    hosts = [("decant " + value, [decant, program], {bench["switch"]: value})
             for value in bench.get("hosts", [])] or [("decant", [decant, program], {})]
    wine = find_wine()
    if wine:
        prefix = os.path.join(cache, "wine-prefix")
        os.makedirs(cache, exist_ok=True)
        hosts.append(("wine", [wine, program], {"WINEPREFIX": prefix, "WINEDEBUG": "-all"}))
    else:
        print("bench: Wine is not installed (Debian: wine64); its column is left out")
    rows = {}
    for host, command, environment in hosts:
        try:
            done = subprocess.run(command, env={**os.environ, **environment}, timeout=180,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
            values = json.loads(done.stdout)
        except (subprocess.SubprocessError, ValueError) as error:
            print(f"bench: {host}: {error}")
            continue
        for row, value in values.items():
            rows.setdefault(row, {"row": row})[host] = value
    return list(rows.values())


def print_rows(rows):
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if key != "row"]
    width = max(len(row["row"]) for row in rows)
    print(" " * width, *(f"{column:>16}" for column in columns))
    for row in rows:
        print(row["row"].ljust(width),
              *(f"{row[column]:16.1f}" if column in row else f"{'-':>16}" for column in columns))


def judge(rows, bars):
    good = True
    for start, column, reference, limit in bars:
        for row in rows:
            if row["row"].startswith(start) and row.get(reference, 0) > 0 and column in row:
                ratio = row[column] / row[reference]
                if ratio > limit:
                    good = False
                    print(f"above the bar: {row['row']}: {ratio:.2f} x {reference}, not {limit:.2f}")
    return good


def plot(rows, title, path):
    """Horizontal bars on a logarithmic scale, one group a row."""
    import math
    colours = ["#888888", "#2b6cb0", "#2f855a", "#b7791f", "#c53030", "#6b46c1"]
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if key != "row"]
    bar, left, right = 9, 300, 560
    top = max(value for row in rows for key, value in row.items() if key != "row")
    parts, y = [], 60
    for index, column in enumerate(columns):
        x = left + index * 130
        parts.append(f'<rect x="{x}" y="34" width="10" height="10" fill="{colours[index % 6]}"/>'
                     f'<text x="{x + 14}" y="43">{html.escape(column)}</text>')
    for row in rows:
        parts.append(f'<text x="{left - 8}" y="{y + bar}" text-anchor="end">'
                     f'{html.escape(row["row"])}</text>')
        for index, column in enumerate(columns):
            if column not in row:
                continue
            value = max(row[column], 0.1)
            width = right * math.log10(value / 0.1) / math.log10(max(top, 1) / 0.1)
            parts.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="{bar - 2}" '
                         f'fill="{colours[index % 6]}"/>'
                         f'<text x="{left + width + 4:.1f}" y="{y + bar - 2}" font-size="8">'
                         f'{row[column]:.1f}</text>')
            y += bar
        y += 8
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right + 80}" '
                   f'height="{y + 10}" font-family="sans-serif" font-size="11">'
                   f'<rect width="100%" height="100%" fill="white"/>'
                   f'<text x="8" y="20" font-size="14">{html.escape(title)}: microseconds, '
                   f'logarithmic</text>{"".join(parts)}</svg>\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--build", default="build")
    parser.add_argument("--cache", default=".cache")
    parser.add_argument("--quick", action="store_true", help="fewer samples")
    parser.add_argument("--large", action="store_true", help="4 GiB too")
    arguments = parser.parse_args()
    results = os.path.join(arguments.build, "bench-results")
    os.makedirs(results, exist_ok=True)
    good = True
    for name in arguments.names or BENCHES:
        if name not in BENCHES:
            parser.error(f"no bench {name}; there are: {', '.join(BENCHES)}")
        bench = BENCHES[name]
        print(f"{name}: {bench['about']}\n{machine()}\n", flush=True)
        extra = [f"--{flag}" for flag in ("quick", "large") if getattr(arguments, flag)]
        native = run_native(arguments.build, name, extra, 1800)
        windows = run_windows(arguments.build, os.path.abspath(arguments.cache), name, bench)
        if windows:
            print("\nThe same Windows executable, microseconds")
            print_rows(windows)
        good &= judge(native, bench["bars"])
        with open(os.path.join(results, name + ".json"), "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "unit": "us", "native": native, "windows": windows},
                      file, indent=1)
        for kind, rows in (("native", native), ("windows", windows)):
            if rows:
                plot(rows, f"{name}, {kind}", os.path.join(results, f"{name}-{kind}.svg"))
        print(f"\nResults: {results}/{name}.json, {name}-*.svg")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
