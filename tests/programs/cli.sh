#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The decant command as a user meets it: every error is one line on stderr with its documented exit code; options,
# arguments, the installed tree, doctor, conformance reports.
set -uo pipefail
. "$(dirname "$0")/fetch.sh.inc"

cc=$(command -v x86_64-w64-mingw32-gcc) || skip "no mingw C compiler (gcc-mingw-w64-x86-64)"
source=$(cd "$(dirname "$0")/src" && pwd)
cd "$DECANT_TEST_DIR"
failures=0

complain() { echo "FAIL: $*"; failures=$((failures + 1)); }

# expect CODE REGEX ARGUMENTS…: decant's exit code, and its only line on stderr.
expect() {
    local code=$1 regex=$2 got=0 lines
    shift 2
    timeout 60 "${under[@]}" "$DECANT" "$@" </dev/null >out.txt 2>err.txt || got=$?
    lines=$(wc -l <err.txt)
    [ "$got" -eq "$code" ] || complain "$*: exit code $got, not $code: $(head -3 err.txt)"
    [ "$lines" -eq 1 ] || complain "$*: $lines lines on stderr, not 1: $(head -5 err.txt)"
    grep -Eq -- "$regex" err.txt || complain "$*: \"$(head -2 err.txt)\" is not \"$regex\""
}
under=(env)

# patch FILE OFFSET HEX: overwrites bytes; an offset pe+N counts from the PE header.
patch() {
    python3 - "$@" <<'PY'
import sys
path, offset, data = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
image = bytearray(open(path, "rb").read())
at = int.from_bytes(image[0x3c:0x40], "little") + int(offset[3:], 0) if offset.startswith("pe+") \
    else int(offset, 0)
image[at:at + len(data)] = data
open(path, "wb").write(image)
PY
}

"$cc" -O1 "$source/arguments.c" -o arguments.exe -lshell32 || exit 1
cat >exit.c <<'C'
#include <stdlib.h>
int main(int argc, char **argv) { return argc > 1 ? (int)strtoul(argv[1], 0, 0) : 0; }
C
"$cc" -O1 exit.c -o exit.exe
cat >crash.c <<'C'
#include <windows.h>
int main(int argc, char **argv)
{
    if (argc > 1 && *argv[1] == 'd') { volatile int zero = 0; return 100 / zero; }
    if (argc > 1 && *argv[1] == 'r') RaiseException(0xe0001234, 0, 0, NULL);
    *(volatile int *)0x10 = 1;
    return 0;
}
C
"$cc" -O0 crash.c -o crash.exe
cat >names.c <<'C'
#include <windows.h>
int main(void) { return !CreateEventA(NULL, FALSE, FALSE, "decant names"); }
C
"$cc" names.c -o names.exe
printf 'LIBRARY none.dll\nEXPORTS\nnone\n' >none.def
x86_64-w64-mingw32-dlltool -d none.def -l libnone.a
printf 'int none(void); int main(void) { return none(); }\n' >needs.c
"$cc" needs.c -o needs.exe libnone.a
printf '__declspec(dllimport) int none(void); __declspec(dllexport) int middle(void) { return none(); }\n' >middle.c
"$cc" -shared middle.c -o middle.dll libnone.a
printf '__declspec(dllimport) int middle(void); int main(void) { return middle(); }\n' >deep.c
"$cc" deep.c middle.dll -o deep.exe
printf 'LIBRARY kernel32.dll\nEXPORTS\nNoSuchFunction\n' >lacks.def
x86_64-w64-mingw32-dlltool -d lacks.def -l liblacks.a
printf 'int NoSuchFunction(void); int main(void) { return NoSuchFunction(); }\n' >lacks.c
"$cc" lacks.c -o lacks.exe liblacks.a

# --- What cannot be started ---
expect 127 '^decant: none\.exe: No such file' none.exe
expect 127 '^decant: no/none\.exe: No such file' no/none.exe
mkdir folder
expect 126 '^decant: folder: this is a folder' folder
printf '#!/bin/sh\nexit 0\n' >script.exe
expect 126 '^decant: script\.exe: not a Windows program \(no MZ header\)' script.exe
: >empty.exe
expect 126 '^decant: empty\.exe: not a Windows program' empty.exe
expect 126 '^decant: /dev/null: not a file' /dev/null
mkfifo fifo
expect 126 '^decant: fifo: not a file' fifo
{ printf MZ; head -c 200 /dev/zero; } >dos.exe
expect 126 '^decant: dos\.exe: a DOS or 16-bit' dos.exe
cp exit.exe i386.exe && patch i386.exe pe+4 4c01 && patch i386.exe pe+24 0b01
expect 126 '^decant: i386\.exe: this is a 32-bit x86 program' i386.exe
cp exit.exe arm64.exe && patch arm64.exe pe+4 64aa
expect 126 '^decant: arm64\.exe: this is an ARM64 program' arm64.exe
cp exit.exe arm.exe && patch arm.exe pe+4 c401
expect 126 '^decant: arm\.exe: this is a 32-bit ARM program' arm.exe
cp exit.exe riscv.exe && patch riscv.exe pe+4 6450
expect 126 '^decant: riscv\.exe: .*machine 0x5064' riscv.exe
# A .NET program: the CLR header's directory is the 15th; AnyCPU ones are 32-bit images.
cp exit.exe net64.exe && patch net64.exe "pe+$((24 + 112 + 14 * 8))" 0020000048000000
expect 126 '^decant: net64\.exe: this is a \.NET program' net64.exe
cp exit.exe net.exe && patch net.exe pe+4 4c01 && patch net.exe pe+24 0b01 &&
    patch net.exe "pe+$((24 + 96 - 4))" 10000000 &&
    patch net.exe "pe+$((24 + 96 + 14 * 8))" 0020000048000000
expect 126 '^decant: net\.exe: this is a \.NET program' net.exe
expect 126 '^decant: middle\.dll: this is a DLL' middle.dll
size=$(stat -c %s exit.exe)
for bytes in 3 64 100 200 400 1000 $((size / 2)); do
    head -c "$bytes" exit.exe >short.exe
    expect 126 '^decant: short\.exe: (the program.s image is truncated or malformed|a DOS or 16-bit)' short.exe
done
malformed() { # NAME OFFSET HEX
    cp exit.exe "$1.exe" && patch "$1.exe" "$2" "$3"
    expect 126 "^decant: .*$1\.exe: the program's image is (truncated or )?malformed" "$1.exe"
}
malformed sections pe+6 ffff
malformed optional pe+20 1000
malformed alignment pe+56 01000000
malformed size pe+80 00100000
malformed entry pe+40 ffffff7f
malformed section "pe+$((24 + 240 + 12))" 01000000
malformed raw "pe+$((24 + 240 + 20))" 00ffff7f
malformed imports "pe+$((24 + 112 + 8))" f0ffff7f
malformed tls "pe+$((24 + 112 + 9 * 8))" f0ffff7f
cp exit.exe relocations.exe && patch relocations.exe pe+48 0000000000000100 &&
    patch relocations.exe "pe+$((24 + 112 + 5 * 8))" 0010000000100000
expect 126 "^decant: relocations\.exe: the program's image is truncated or malformed" relocations.exe
expect 126 '^decant: none\.dll is missing: needs\.exe imports it; looked for in .*libwine' needs.exe
expect 126 '^decant: none\.dll is missing: middle\.dll imports it' deep.exe
printf 'no image' >none.dll
expect 126 '^decant: none\.dll, which needs\.exe imports, is malformed or not an x86-64 DLL' needs.exe
rm none.dll
if under=(setpriv --bounding-set=-dac_override,-dac_read_search) && "${under[@]}" true 2>/dev/null ||
    { under=(env) && [ "$(id -u)" -ne 0 ]; }; then
    cp exit.exe unreadable.exe && chmod 000 unreadable.exe
    expect 126 '^decant: unreadable\.exe: Permission denied' unreadable.exe
    mkdir closed && cp exit.exe closed && chmod 000 closed
    expect 126 '^decant: closed/exit\.exe: Permission denied' closed/exit.exe
    chmod 700 closed
fi
under=(env)

# --- What ends with an exception: one line, the code's low byte ---
expect 5 '^decant: unhandled exception access violation \(0xc0000005\) \(writing to 0x10\) at crash\.exe\+0x[0-9a-f]+ in thread [0-9]+$' crash.exe
expect 148 '^decant: unhandled exception integer divi.* \(0xc0000094\) at crash\.exe\+0x[0-9a-f]+ in thread [0-9]+$' crash.exe d
expect 52 '^decant: unhandled exception 0xe0001234 at kernelbase\.dll\+0x[0-9a-f]+ in thread [0-9]+$' crash.exe r
code=0
"$DECANT" lacks.exe 2>err.txt || code=$?
grep -q '^decant: the program called NoSuchFunction of kernel32.dll, which Decant does not have$' err.txt &&
    [ "$code" -eq 1 ] || complain "a missing function: $code, $(cat err.txt)"

# --- The session's folder ---
mkdir real && ln -s real link
under=(env DECANT_SESSION="$PWD/link")
expect 126 '^decant: session folder .*/link is not a folder' exit.exe
: >file
under=(env DECANT_SESSION="$PWD/file")
expect 126 '^decant: session folder .*/file is not a folder' exit.exe
under=(env DECANT_SESSION=relative)
expect 126 '^decant: DECANT_SESSION: "relative" is not an absolute path' exit.exe
under=(env DECANT_SESSION="$PWD/no/such/folder")
expect 126 '^decant: cannot create the session folder .*No such file' exit.exe
if [ "$(id -u)" -eq 0 ]; then
    mkdir theirs && chown 65534 theirs
    under=(env DECANT_SESSION="$PWD/theirs")
    expect 126 '^decant: session folder .*/theirs belongs to user 65534, not to you' exit.exe
fi
mkdir disk
if mount -t tmpfs -o nr_inodes=3 tmpfs disk 2>/dev/null; then
    mkdir -m 700 disk/session
    : >disk/fill
    under=(env DECANT_SESSION="$PWD/disk/new")
    expect 126 '^decant: cannot create the session folder .*No space left' exit.exe
    under=(env DECANT_SESSION="$PWD/disk/session")
    expect 126 '^decant: cannot start the server: .*No space left' names.exe
    umount disk
    mount -t tmpfs -o ro tmpfs disk
    under=(env DECANT_SESSION="$PWD/disk/session")
    expect 126 '^decant: cannot create the session folder .*Read-only' exit.exe
    umount disk
else
    echo "note: no tmpfs can be mounted here; full and read-only disks were not tried"
fi
under=(env DECANT_WRITE_WATCH=nonsense)
expect 125 '^decant: DECANT_WRITE_WATCH: .*nonsense.*pagemap' exit.exe
under=(env)

# Without Wine's DLLs: says which package has them.
if unshare -m true 2>/dev/null; then
    code=0
    # shellcheck disable=SC2016 # expanded inside
    unshare -m bash -c 'for folder in /usr/lib/x86_64-linux-gnu/wine /usr/lib/wine; do
            [ ! -d "$folder" ] || mount -t tmpfs tmpfs "$folder"; done
        "$DECANT" exit.exe' 2>err.txt || code=$?
    [ "$code" -eq 126 ] && [ "$(wc -l <err.txt)" -eq 1 ] && grep -q 'msvcrt\.dll is missing.*libwine' err.txt ||
        complain "without Wine: $code, $(cat err.txt)"
fi

# --- Options ---
"$DECANT" --help >help.txt && grep -q '^Usage: decant ' help.txt || complain "--help"
"$DECANT" --version | grep -Eq '^decant [0-9]+\.[0-9]+\.[0-9]+$' || complain "--version"
expect 125 '^decant: unknown option --frobnicate' --frobnicate
code=0
"$DECANT" >out.txt 2>err.txt || code=$?
[ "$code" -eq 125 ] && grep -q '^Usage' err.txt || complain "no arguments: $code"
cp exit.exe doctor
"$DECANT" -- doctor 7
[ $? -eq 7 ] || complain "a program named like a subcommand, behind --"
"$DECANT" ./doctor 8
[ $? -eq 8 ] || complain "a program named like a subcommand, with ./"
for code in 0 1 42 255; do
    "$DECANT" exit.exe $code
    [ $? -eq $code ] || complain "exit code $code"
done
"$DECANT" exit.exe 0x100
[ $? -eq 1 ] || complain "exit code 0x100, whose low byte is 0, looks like success"

# --- Arguments arrive as they were given ---
check_arguments() {
    printf '%s\n' "$@" >given.txt
    "$DECANT" arguments.exe "$@" | tr -d '\r' >got.txt || complain "arguments.exe failed"
    cmp -s given.txt got.txt || complain "arguments: $(diff given.txt got.txt | head -4)"
}
check_arguments plain 'two words' '' '"quoted"' 'a "b" c' '\' '\\' 'a\' 'a b\' 'a\"b' '\\"' 'a\\ b' '\\server\share' \
    "it's" 'tab	tab' '--help' '-x' '--' 'doctor' '%PATH%' '^&|<>' 'ä€𝄞' '*' '?.exe' 'C:\x y\z' 'new
line'
check_arguments 'only one argument that is quite long and has "several" \"kinds\\" of things\ '
invalid=$(printf 'not\xff\xfeutf8.txt')
printf content >"$invalid"
"$DECANT" arguments.exe --read "$invalid" >got.txt && [ "$(cat got.txt)" = content ] ||
    complain "a file whose name is not valid UTF-8 cannot be opened by its argument"

# --- The tree can be moved ---
mkdir -p elsewhere/bin
cp -a "$DIST" "elsewhere/moved tree"
ln -s "../moved tree/bin/decant" elsewhere/bin/decant
elsewhere/bin/decant exit.exe 9
[ $? -eq 9 ] || complain "the moved tree, through a link"
(cd elsewhere/bin && PATH=$PWD:$PATH && decant ../../exit.exe 10)
[ $? -eq 10 ] || complain "the moved tree, through PATH"

# --- doctor ---
"$DECANT" doctor >doctor.txt
code=$?
[ $code -le 1 ] && grep -q '^  chosen .*write-watch backend' doctor.txt && grep -q '/tmp\|session' doctor.txt ||
    complain "doctor: $code, $(head -3 doctor.txt)"
"$DECANT" doctor --json >doctor.json
[ $? -eq $code ] || complain "doctor --json answers another code than doctor"
python3 - <<'PY' || complain "doctor --json: not as documented"
import json
report = json.load(open("doctor.json"))
assert report["version"] and report["kernel"] and report["session"], report
assert report["write_watch"] in ("pagemap", "markers", "mprotect"), report
checks = report["checks"]
assert len(checks) > 8 and all({"group", "what", "state", "detail"} <= set(c) for c in checks)
assert {c["state"] for c in checks} <= {"ok", "missing", "note", "chosen"}
assert report["problems"] == sum(c["state"] == "missing" for c in checks)
PY
code=0
"$DECANT" doctor --nonsense >/dev/null 2>&1 || code=$?
[ "$code" -eq 125 ] || complain "doctor --nonsense: $code"

# --- conformance: reports and exit codes ---
mkdir suite && cp "$BUILD/pe/conformance/heap_basic.exe" suite/good.exe
cat >fails.c <<'C'
#include <stdio.h>
int main(void)
{
    puts("FAIL: line 1: <angle> & \"quote\" \001 control \xff");
    puts("area: 3 tests executed (1 marked as todo, 1 failures), 1 skipped.");
    return 1;
}
C
"$cc" fails.c -o suite/bad.exe
cp crash.exe suite/crash.exe
code=0
"$DECANT" conformance --tap --folder suite --junit r.xml --html r.html >r.tap 2>err.txt || code=$?
[ "$code" -eq 1 ] || complain "conformance with failures: $code"
grep -q '^TAP version 13' r.tap && grep -q '^1\.\.3' r.tap && grep -q '^not ok 1 - bad' r.tap &&
    grep -q '^not ok 2 - crash .*crashed' r.tap && grep -q '^ok 3 - good' r.tap ||
    complain "TAP: $(head -5 r.tap)"
code=0
"$DECANT" conformance --folder suite >r.txt || code=$?
[ "$code" -eq 1 ] && grep -Eq '^bad +1 +1 +1 ' r.txt && grep -Eq '^crash .* crashed$' r.txt &&
    grep -q '^decant [0-9.]*: 1149 expectations, 1 known disagreements (todo), 2 unexpected$' r.txt ||
    complain "the table: exit code $code, $(cat r.txt)"
code=0
"$DECANT" conformance --json --folder suite >r.json || code=$?
python3 - $code <<'PY' || complain "JSON: not as documented"
import json, sys
report = json.load(open("r.json", encoding="utf-8"))
host, = report["hosts"]
assert sys.argv[1] == "1" and host["name"] == "standalone" and host["version"].startswith("decant ")
assert (host["expectations"], host["todo"], host["unexpected"], host["skipped"]) == (1149, 1, 2, 1), host
rows = {row["program"]: row for row in report["programs"]}
bad = rows["bad"]
assert (bad["passed"], bad["todo"], bad["failed"], bad["skipped"]) == (1, 1, 1, 1), bad
assert bad["failures"] == [": line 1: <angle> & \"quote\" \x01 control \xff"], bad
assert rows["crash"]["outcome"] == "crashed" and rows["good"]["outcome"] == "passed"
PY
python3 - <<'PY' || complain "JUnit: not as documented"
import xml.etree.ElementTree as tree
suite = tree.parse("r.xml").getroot().find("testsuite")
assert suite.get("tests") == "3" and suite.get("failures") == "2", suite.attrib
cases = {case.get("name"): case for case in suite}
assert set(cases) == {"bad", "crash", "good"}
assert cases["good"].find("failure") is None
text = cases["bad"].find("failure").text
assert "<angle> & \"quote\" ? control" in text, text
PY
python3 - <<'PY' || complain "HTML: does not parse"
from html.parser import HTMLParser
text = open("r.html", encoding="utf-8").read()
HTMLParser().feed(text)
assert "&lt;angle&gt;" in text and "good" in text and "crashed" in text
PY
"$DECANT" conformance --folder suite '^good$' >/dev/null || complain "conformance: a good program fails"
# What a program leaves behind is not waited for; one that hangs is ended, with its exit code.
mkdir ends && "$cc" "$source/unended.c" -o ends/leaves.exe && cp ends/leaves.exe ends/hangs.exe
code=0
"$DECANT" conformance --limit 8 --folder ends >r.txt || code=$?
[ "$code" -eq 1 ] && grep -Eq '^leaves +1 +0 +0 +[0-5]\.[0-9]$' r.txt && grep -Eq '^hangs .* timed out$' r.txt ||
    complain "what does not end: exit code $code, $(cat r.txt)"
# The marks: what is counted, and when a todo that succeeds is a failure.
mkdir marks && "$cc" -w -D__USE_MINGW_ANSI_STDIO=1 "$source/marks.c" -o marks/marks.exe
# counts TODOS FAILURES TEST
counts() {
    local line
    line=$("$DECANT" marks/marks.exe "$3" | tail -1)
    [[ $line == *"($1 marked as todo, $2 failures)"* ]] || complain "marks, $3: $line"
}
counts 0 0 test_plain
counts 3 0 test_todo
counts 0 1 test_succeeded
counts 1 1 test_after
counts 0 0 test_nothing
counts 0 0 test_wine
counts 0 0 test_fixed
expect 126 '^decant: conformance: suite: no program fits' conformance --folder suite nosuch
expect 126 '^decant: conformance: none: No such file' conformance --folder none
expect 125 '^decant: conformance: "\(" is not a regular' conformance --folder suite '('
expect 125 '^decant: conformance: no host "mars"' conformance --host mars
expect 126 '^decant: conformance: no-wine-here: no such command' conformance --wine=no-wine-here
[ "$("$DECANT" conformance --folder suite --list | tr '\n' ' ')" = "bad crash good " ] ||
    complain "conformance --list"

[ $failures -eq 0 ] || exit 1
echo "the command behaves"
