#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# biome.exe (Rust, MSVC runtime): formats a file in place, and reports a fault with its exit code.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch @biomejs/cli-win32-x64 2.0.0 biome.exe) || skip "biome.exe: the npm registry is not reachable"
cd "$DECANT_TEST_DIR"
printf 'const  x = {a:1,b:2 }\n' >a.js
code=0
timeout 60 "$DECANT" "$exe" format a.js >check.log 2>&1 || code=$?
[ "$code" -eq 1 ] || fail "checking ended with $code: $(tail -5 check.log)"
timeout 60 "$DECANT" "$exe" format --write a.js >write.log 2>&1 || fail "writing: $(tail -5 write.log)"
[ "$(cat a.js)" = 'const x = { a: 1, b: 2 };' ] || fail "formatted to: $(cat a.js)"
echo "biome formats"
