#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tsgo.exe (TypeScript's compiler, Go): checks types and compiles, on several threads.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch @typescript/native-preview-win32-x64 7.0.0-dev.20260707.2 lib/tsgo.exe) ||
    skip "tsgo.exe: the npm registry is not reachable"
cd "$DECANT_TEST_DIR"
printf 'export const wrong: number = "text";\n' >wrong.ts
code=0
timeout 90 "$DECANT" "$exe" --noEmit wrong.ts >wrong.log 2>&1 || code=$?
[ "$code" -eq 1 ] || [ "$code" -eq 2 ] || fail "a wrong type ended with $code: $(cat wrong.log)"
grep -q "wrong.ts(1,14): error TS2322" wrong.log || fail "a wrong type: $(cat wrong.log)"
printf 'interface Point { x: number }\nexport function twice(p: Point): number { return p.x * 2; }\n' >right.ts
timeout 90 "$DECANT" "$exe" --outDir out --target es2022 --module esnext right.ts >right.log 2>&1 ||
    fail "compiling: $(cat right.log)"
grep -q 'export function twice(p) { return p.x \* 2; }' out/right.js || fail "compiled to: $(cat out/right.js)"
echo "tsgo compiles"
