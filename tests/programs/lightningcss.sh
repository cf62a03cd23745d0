#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# lightningcss.exe (Rust): minifies a style sheet and what it imports, writes a source map, reports what is missing.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch lightningcss-cli-win32-x64-msvc 1.33.0 lightningcss.exe) ||
    skip "lightningcss.exe: the npm registry is not reachable"
cd "$DECANT_TEST_DIR"
mkdir parts
printf '@import "./parts/b.css";\na { color : #ff0000 }\n' >a.css
printf '.b { margin : 0px 0px }\n' >parts/b.css
timeout 60 "$DECANT" "$exe" --minify --bundle --sourcemap -o out.css a.css || fail "bundling"
[ "$(head -1 out.css)" = '.b{margin:0}a{color:red}' ] || fail "bundled to: $(cat out.css)"
grep -q 'parts/b.css"' out.css.map || fail "the map: $(cat out.css.map)"
code=0
timeout 60 "$DECANT" "$exe" missing.css >missing.log 2>&1 || code=$?
[ "$code" -eq 1 ] || fail "a missing file ended with $code"
grep -q 'cannot find the file' missing.log || fail "a missing file: $(cat missing.log)"
echo "lightningcss minifies"
