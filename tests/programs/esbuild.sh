#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# esbuild.exe (Go): its version, minifying from standard input, bundling some hundred files, building again when one changes.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch @esbuild/win32-x64 0.25.0 esbuild.exe) || skip "esbuild.exe: the npm registry is not reachable"
cd "$DECANT_TEST_DIR"
[ "$(timeout 60 "$DECANT" "$exe" --version | tr -d '\r')" = 0.25.0 ] || fail "--version"
out=$(printf 'let  first = 1 +  2;\nconsole.log( first )\n' | timeout 60 "$DECANT" "$exe" --minify)
[ "$out" = 'let first=3;console.log(first);' ] || fail "minified to: $out"

mkdir -p src/parts
for part in $(seq 300); do
    printf 'export const text%d = "part %d";\n' "$part" "$part" >"src/parts/part$part.js"
    printf 'import {text%d} from "./parts/part%d.js";\nconsole.log(text%d);\n' "$part" "$part" "$part"
done >src/main.js
timeout 60 "$DECANT" "$exe" src/main.js --bundle --sourcemap --outfile=out/out.js >log 2>&1 || fail "bundling: $(cat log)"
[ "$(grep -c '"part [0-9]*"' out/out.js)" -eq 300 ] || fail "bundled $(grep -c '"part' out/out.js) parts of 300"
grep -q 'parts/part300.js' out/out.js.map || fail "no source map"
printf 'let = ;\n' >bad.js
code=0
timeout 60 "$DECANT" "$exe" bad.js >bad.log 2>&1 || code=$?
[ "$code" -eq 1 ] || fail "a fault in the source ended with $code"

# Watching ends with standard input.
mkfifo input
timeout 60 "$DECANT" "$exe" src/main.js --bundle --watch --outfile=watched.js <input >watch.log 2>&1 &
watcher=$!
exec 9>input
await() { for _ in $(seq 300); do grep -q "$1" "$2" 2>/dev/null && return; sleep 0.1; done; fail "waited for $1: $(cat watch.log)"; }
await 'build finished' watch.log
printf 'export const text7 = "something else";\n' >src/parts/part7.js
await 'something else' watched.js
exec 9>&-
wait "$watcher" || fail "watching ended with $?"
echo "esbuild bundles and watches"
