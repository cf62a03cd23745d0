#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# deno.exe (V8 in Rust): a TypeScript program with files, a worker and a child process; its test runner, type checker and
# formatter.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch @deno/win32-x64 2.9.6 deno.exe) || skip "deno.exe: the npm registry is not reachable"
source=$(cd "$(dirname "$0")/src" && pwd)
cd "$DECANT_TEST_DIR"
export NO_COLOR=1
deno() { timeout 60 "$DECANT" "$exe" "$@"; }

cp "$source/deno.ts" program.ts
code=0
deno run --allow-all program.ts >out.txt 2>err.txt || code=$?
[ "$code" -eq 0 ] || fail "deno run ended with $code: $(tail -20 out.txt err.txt)"
cat >expected.txt <<TEXT
42 windows x86_64
hällo 6 true
true false
worker 42
7 child
1999999000000
TEXT
tr -d '\r' <out.txt | diff expected.txt - || fail "deno said something else"

cat >sums_test.ts <<'TEXT'
Deno.test("adds", () => {
  if (1 + 1 !== 2) throw new Error("no");
});
Deno.test("waits", async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
});
TEXT
deno test sums_test.ts >test.txt 2>&1 || fail "deno test: $(cat test.txt)"
grep -q '2 passed | 0 failed' test.txt || fail "deno test: $(cat test.txt)"
deno fmt --check sums_test.ts >fmt.txt 2>&1 || fail "deno fmt: $(cat fmt.txt)"
echo 'const wrong: number = "text"; console.log(wrong);' >wrong.ts
code=0
deno check wrong.ts >check.txt 2>&1 || code=$?
[ "$code" -eq 1 ] || fail "deno check of a wrong type ended with $code: $(cat check.txt)"
grep -q TS2322 check.txt || fail "deno check: $(cat check.txt)"
code=0
deno eval 'throw new Error("seen")' 2>err.txt || code=$?
[ "$code" -eq 1 ] || fail "an uncaught error ended with $code"
grep -q 'Error: seen' err.txt || fail "no word of the error"
echo "deno: files, a worker, a child, tests, types, format"
