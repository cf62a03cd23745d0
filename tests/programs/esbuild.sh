#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# esbuild.exe (Go): its version, and minifying from standard input.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch @esbuild/win32-x64 0.25.0 esbuild.exe) || skip "esbuild.exe: the npm registry is not reachable"
[ "$(timeout 60 "$DECANT" "$exe" --version | tr -d '\r')" = 0.25.0 ] || fail "--version"
out=$(printf 'let  first = 1 +  2;\nconsole.log( first )\n' | timeout 60 "$DECANT" "$exe" --minify)
[ "$out" = 'let first=3;console.log(first);' ] || fail "minified to: $out"
echo "esbuild works from standard input"
