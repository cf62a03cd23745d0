# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a bench says: a table, JSON, an SVG plot, a section of docs/benchmarks.md."""
import html
import json
import math
import os
import platform
import re
import shutil
import statistics

COLOURS = ["#777777", "#1f77b4", "#2ca02c", "#d62728", "#9467bd", "#e08214", "#17a2b8", "#8c564b"]


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as info:
        kib = int(next(line for line in info if line.startswith("MemTotal")).split()[1])
    return (f"Linux {platform.release()}, {model}, {os.cpu_count()} CPUs, "
            f"{round(kib / 1048576)} GiB of memory")


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def number(value):
    return f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"


def cells(table, columns, compare):
    """Per row: its name, the medians as text, and the ratios of `compare` with their quartiles."""
    for row in table.rows:
        texts = [number(statistics.median(values)) if (values := table.values(row, column)) else "-"
                 for column in columns]
        for column, reference in compare:
            ratios = table.ratios(row, column, reference)
            if ratios:
                low, middle, high = quartiles(ratios)
                texts.append(f"{middle:.2f} [{low:.2f}-{high:.2f}]" if len(ratios) > 1
                             else f"{middle:.2f}")
            else:
                texts.append("-")
        yield row, texts


def headings(columns, compare):
    return list(columns) + [f"{column} / {reference}" for column, reference in compare]


def print_table(table, columns, compare):
    rows = list(cells(table, columns, compare))
    heads = headings(columns, compare)
    width = max(len(row) for row, _ in rows)
    widths = [max(len(head), *(len(texts[i]) for _, texts in rows)) + 2
              for i, head in enumerate(heads)]
    print(" " * width + "".join(head.rjust(w) for head, w in zip(heads, widths)))
    for row, texts in rows:
        print(row.ljust(width) + "".join(text.rjust(w) for text, w in zip(texts, widths)))


class Bar:
    """Rows whose name begins so: the column at most `limit` times the reference, or at most `limit`."""

    def __init__(self, rows, column, reference, limit):
        self.rows, self.column, self.reference, self.limit = rows, column, reference, limit

    def judge(self, table):
        """A list of {row, value, limit, holds}; a reference that was not measured gives none."""
        verdicts = []
        for row in table.rows:
            values = ([] if not row.startswith(self.rows) else
                      table.ratios(row, self.column, self.reference) if self.reference else
                      table.values(row, self.column))
            if values:
                value = statistics.median(values)
                verdicts.append({"row": row, "column": self.column, "reference": self.reference,
                                 "value": round(value, 4), "limit": self.limit,
                                 "holds": value <= self.limit})
        return verdicts


def print_verdicts(verdicts, unit):
    broken = [verdict for verdict in verdicts if not verdict["holds"]]
    for verdict in broken:
        what = f"x {verdict['reference']}" if verdict["reference"] else unit
        print(f"above the bar: {verdict['row']}: {verdict['column']} {verdict['value']:.3g} {what}, "
              f"not {verdict['limit']:.3g}")
    print(f"{len(verdicts) - len(broken)} of {len(verdicts)} bars hold")


def write_json(path, name, unit, table, columns, verdicts):
    rows = []
    for row in table.rows:
        values = {column: list(table.rows[row][column].values()) for column in columns
                  if column in table.rows[row]}
        rows.append({"row": row, "median": {column: statistics.median(v) for column, v in values.items()},
                     "rounds": values})
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"bench": name, "machine": machine(), "unit": unit, "rows": rows,
                   "bars": verdicts}, file, indent=1)
        file.write("\n")


def write_svg(path, title, unit, table, columns):
    """One line a row, one dot a column, a logarithmic axis; a thin line spans the quartiles."""
    left, width, line, top = 360, 620, 19, 64
    medians = [statistics.median(table.values(row, column)) for row in table.rows
               for column in table.rows[row]]
    shown = [value for value in medians if value > 0]
    low, high = math.floor(math.log10(min(shown))), math.ceil(math.log10(max(shown)))
    high = max(high, low + 1)
    right = 4 * len(f"{10.0 ** high:,.10g}") + 12   # the last label's half, at this size of letters

    def place(value):
        return left + width * (math.log10(max(value, 10.0 ** low)) - low) / (high - low)

    height = top + line * len(table.rows) + 30
    parts = [f'<rect width="100%" height="100%" fill="white"/>'
             f'<text x="12" y="22" font-size="15">{html.escape(title)} ({unit}, logarithmic; '
             f'medians and quartiles)</text>']
    for i, column in enumerate(columns):
        x = 12 + i * 120
        parts.append(f'<circle cx="{x + 5}" cy="40" r="5" fill="{COLOURS[i % 8]}"/>'
                     f'<text x="{x + 15}" y="44">{html.escape(column)}</text>')
    for power in range(low, high + 1):
        x = place(10.0 ** power)
        parts.append(f'<path d="M{x:.1f} {top - 6}V{height - 22}" stroke="#ddd"/>'
                     f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle" fill="#555">'
                     f'{10.0 ** power:,.10g}</text>')
    for k, row in enumerate(table.rows):
        y = top + line * k + line / 2
        parts.append(f'<text x="{left - 10}" y="{y + 4:.1f}" text-anchor="end">{html.escape(row)}</text>'
                     f'<path d="M{left} {y:.1f}H{left + width}" stroke="#f0f0f0"/>')
        for i, column in enumerate(columns):
            values = table.values(row, column)
            if not values:
                continue
            first, middle, last = quartiles(values)
            parts.append(f'<path d="M{place(first):.1f} {y:.1f}H{place(last):.1f}" stroke-width="2" '
                         f'stroke="{COLOURS[i % 8]}"/>'
                         f'<circle cx="{place(middle):.1f}" cy="{y:.1f}" r="4.5" fill="{COLOURS[i % 8]}" '
                         f'fill-opacity="0.85"><title>{html.escape(row)}: {html.escape(column)} '
                         f'{number(middle)} {unit}</title></circle>')
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + right}" height="{height}" '
                   f'font-family="sans-serif" font-size="12">{"".join(parts)}</svg>\n')


def write_markdown(path, name, unit, table, columns, compare, verdicts, svg):
    """Replaces the section between the bench's two marks, or adds one at the end of the file."""
    picture = os.path.splitext(path)[0] + f"-{name}.svg"
    shutil.copy(svg, picture)
    heads = headings(columns, compare)
    lines = [f"Measured on {machine()}. Medians in {unit}; ratios are medians of the rounds' ratios, with "
             "their quartiles.", "", f"| row | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    lines += [f"| {row} | {' | '.join(texts)} |" for row, texts in cells(table, columns, compare)]
    lines += ["", f"![{name}]({os.path.basename(picture)})", ""]
    broken = [verdict for verdict in verdicts if not verdict["holds"]]
    lines.append(f"{len(verdicts) - len(broken)} of {len(verdicts)} bars hold."
                 + "".join(f" Above: {verdict['row']} ({verdict['value']:.3g}, bar "
                           f"{verdict['limit']:.3g})." for verdict in broken))
    section = f"<!-- bench {name} -->\n" + "\n".join(lines) + f"\n<!-- end {name} -->"
    text = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
    pattern = re.compile(f"<!-- bench {name} -->.*?<!-- end {name} -->", re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section, text)
    else:
        text += f"\n## {name}\n\n{section}\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
