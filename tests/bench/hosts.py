# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of a bench, kept running and asked in turns (see bench.h)."""
import json
import os
import select
import shutil
import subprocess
import time


def find_wine():
    for name in ("wine64", "/usr/lib/wine/wine64", "wine"):
        path = shutil.which(name)
        if path:
            return path
    return None


def wine_server(wine):
    for path in (os.path.join(os.path.dirname(os.path.realpath(wine)), "wineserver"), "wineserver",
                 "/usr/lib/wine/wineserver"):
        if shutil.which(path):
            return path
    return None


class Host:
    """One column: a program that is started when it is first asked, and again after it died."""

    def __init__(self, name, command, environment=None, limit=180):
        self.name = name
        self.command = command
        self.environment = {**os.environ, **(environment or {})}
        self.limit = limit
        self.process = None
        self.failed = set()     # requests that ended it or took too long

    def ask(self, request):
        """The answer, {row: value}; empty where there is none."""
        if request in self.failed:
            return {}
        if not self.process:
            self.process = subprocess.Popen(self.command, env=self.environment,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.process.stdin.write(request.encode() + b"\n")
            self.process.stdin.flush()
            line = self._read_line()
            return json.loads(line)
        except (OSError, ValueError, TimeoutError) as error:
            print(f"bench: {self.name}: {request}: {error or 'the program ended'}", flush=True)
            self.failed.add(request)
            self.close(kill=True)
            return {}

    def _read_line(self):
        line, end = b"", time.monotonic() + self.limit
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"no answer within {self.limit} s")
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                raise OSError("the program ended")
            line += part
        return line

    def page_tables_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmPTE:"):
                    return int(line.split()[1])
        raise OSError("no VmPTE")

    def close(self, kill=False):
        if not self.process:
            return
        if kill:
            self.process.kill()
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None


class Table:
    """Values by row, column and round: rounds are compared with each other, not with other minutes."""

    def __init__(self):
        self.rows = {}

    def add(self, row, column, number, value):
        self.rows.setdefault(row, {}).setdefault(column, {})[number] = value

    def has(self, column):
        return any(column in columns for columns in self.rows.values())

    def values(self, row, column):
        return list(self.rows[row].get(column, {}).values())

    def ratios(self, row, column, reference):
        ours, theirs = self.rows[row].get(column, {}), self.rows[row].get(reference, {})
        return [ours[k] / theirs[k] for k in ours if theirs.get(k, 0) > 0]


def measure(hosts, groups, table, quick):
    """Asks each host for each group in turns; who is first changes from round to round."""
    for request, rounds, quick_rounds in groups:
        for number in range(quick_rounds if quick else rounds):
            for i in range(len(hosts)):
                host = hosts[(i + number) % len(hosts)]
                for name, value in host.ask(request).items():
                    row, _, column = name.partition("|")
                    table.add(row, column or host.name, number, value)


def measure_page_tables(hosts, table):
    """KiB by which a process's page tables grow when it reserves much."""
    for host in hosts:
        if not host.process:
            continue
        try:
            before = host.page_tables_kib()
            host.ask("reserve")
            if host.process:
                table.add("page tables of a 256 GiB reserve (KiB)", host.name, 0,
                          host.page_tables_kib() - before)
                host.ask("unreserve")
        except OSError as error:
            print(f"bench: {host.name}: {error}")
