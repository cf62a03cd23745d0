# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bench `start`: from start to exit of an empty program, by hyperfine."""
import json
import os
import shutil
import subprocess
import tempfile

import hosts


def hyperfine(command, environment, runs, prepare=None):
    """Milliseconds, the median of a few runs; None: it failed."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        call = ["hyperfine", "-N", "--style", "none", "--runs", str(runs), "--export-json", out.name]
        call += ["--prepare", prepare] if prepare else ["--warmup", "2"]
        done = subprocess.run([*call, command], env={**os.environ, **environment}, check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=600)
        if done.returncode:
            print(f"bench: {command}: {done.stderr.decode(errors='replace').strip()}")
            return None
        return json.load(out)["results"][0]["median"] * 1e3


def measure(build, wine, wine_environment, table, quick):
    if not shutil.which("hyperfine"):
        print("bench: start needs hyperfine (Debian: hyperfine)")
        return []
    program = os.path.join(build, "pe/bench/empty.exe")
    commands = {"native": (os.path.join(build, "unix/bench/bench_empty"), {}, 20),
                "decant": (f"{build}/dist/bin/decant {program}", {}, 20)}
    server = hosts.wine_server(wine) if wine else None
    if wine:
        subprocess.run([wine, program], env={**os.environ, **wine_environment}, check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        commands["wine, warm"] = (f"{wine} {program}", wine_environment, 10)
    keeper = None
    if server:
        # A server that stays: without it Wine's ends some seconds after the last program.
        keeper = subprocess.Popen([server, "-f", "-p"], env={**os.environ, **wine_environment},
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    row = "start to exit of an empty program"
    for number in range(2 if quick else 7):
        for column, (command, environment, runs) in commands.items():
            value = hyperfine(command, environment, runs)
            if value:
                table.add(row, column, number, value)
    if server:
        for number in range(1 if quick else 3):
            value = hyperfine(f"{wine} {program}", wine_environment, 2, f"{server} -k -w")
            if value:
                table.add(row, "wine, cold", number, value)
        keeper.terminate()
        keeper.wait()
    return [*commands, "wine, cold"] if server else list(commands)
