#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The marks for Wine in the conformance programs: on the Wine that they were recorded with (Debian 12's 8.0)
# nothing is unexpected, neither a new failure nor a todo that succeeds. The programs that take long on Wine
# are left to `decant conformance --wine`, and one whose child Wine does not always start.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

wine=$(command -v wine64 || command -v wine || command -v /usr/lib/wine/wine64) ||
    skip "no Wine (apt-get install wine64)"
version=$("$wine" --version 2>/dev/null) || skip "$wine does not start"
case $version in
wine-8.0 | wine-8.0\ *) ;;
*) skip "$version is not the Wine that the marks were recorded with (8.0)" ;;
esac
cc=$(command -v x86_64-w64-mingw32-gcc) || skip "no mingw C compiler (gcc-mingw-w64-x86-64)"
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$DECANT_TEST_DIR"
export TMPDIR=$PWD

# Beside the programs the marks themselves: what this Wine must count. All in one prefix, which takes the time.
cp -r "$DIST/lib/decant/conformance" suite
"$cc" -w -D__USE_MINGW_ANSI_STDIO=1 "$top/tests/programs/src/marks.c" -o suite/marks.exe

slow='console_basic|exception_vectored|heap_rules|loader_exit|process_(death|lifetime|mutex|remote_memory|toolhelp)'
slow+='|synch_|thread_(context|life)|time_|_stress'
programs=$("$DECANT" conformance --folder suite --list | grep -Ev "$slow" | paste -sd '|')
code=0
"$DECANT" conformance --wine --json --limit 60 --folder suite "^($programs)\$" >report.json || code=$?
[ -z "$(ls -d decant-wine-* 2>/dev/null)" ] || fail "the prefix was left"
python3 - "$code" "$top/docs/conformance.md" <<'PY'
import json
import re
import sys

report = json.load(open("report.json"))
host, = report["hosts"]
marks = next(row for row in report["programs"] if row["program"] == "marks")
report["programs"].remove(marks)
# test_todo 3, test_after 1, test_wine 2; test_succeeded, test_after and test_fixed fail.
assert (marks["outcome"], marks["todo"], marks["failed"]) == ("failed", 6, 3), marks
for row in report["programs"]:
    if row["outcome"] != "passed":
        print(f"{row['program']}: {row['outcome']}, exit code {row['exit_code']}", *row["failures"], sep="\n  ")
assert sys.argv[1] == "1" and host["unexpected"] == marks["failed"], f"exit code {sys.argv[1]}, {host}"
assert host["expectations"] > 15000 and host["todo"] > 200, host
# The page names every program that disagrees, and no other of these.
cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", open(sys.argv[2]).read(), re.M)
named = set(re.findall(r"\w+", " ".join(cells)))
ran = {row["program"] for row in report["programs"]}
marked = {row["program"] for row in report["programs"] if row["todo"]}
assert marked <= named, f"not in the table of docs/conformance.md: {sorted(marked - named)}"
assert named & ran <= marked, f"disagree no more: {sorted(named & ran - marked)}"
print(f"{host['version']}: {len(ran)} programs, {host['todo'] - marks['todo']} known disagreements, none beside these")
PY
