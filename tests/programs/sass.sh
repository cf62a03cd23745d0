#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Dart Sass (the Dart VM's runtime for compiled programs): style sheets by name, by folder and from a pipe, source maps, errors,
# and the embedded protocol on pipes.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch sass-embedded-win32-x64 1.105.0 dart-sass/src/dart.exe) || skip "dart.exe: the npm registry is not reachable"
snapshot=${exe%dart.exe}sass.snapshot
cd "$DECANT_TEST_DIR"
sass() { timeout 30 "$DECANT" "$exe" "$snapshot" "$@"; }

[ "$(sass --version)" = 1.105.0 ] || fail "sass --version: $(sass --version)"

mkdir -p sheets/parts
cat >sheets/page.scss <<'SCSS'
@use "sass:math";
@use "parts/box" as *;
$colour: #336699;
.page { color: $colour; &:hover { width: math.div(10px, 4); } @include box(2px); }
@each $n in 1, 2 { .n-#{$n} { content: "ä#{$n}"; } }
SCSS
echo '@mixin box($width) { border: $width solid; }' >sheets/parts/_box.scss
cat >expected.css <<'CSS'
.page{color:#369}.page:hover{width:2.5px}.page{border:2px solid}.n-1{content:"ä1"}.n-2{content:"ä2"}
CSS
sass --style=compressed --no-charset sheets/page.scss >out.css || fail "sass ended with $?"
diff expected.css <(tr -d '\r' <out.css) || fail "sass compiled something else"

sass sheets:made || fail "a folder: $?"
grep -q 'border: 2px solid' made/page.css || fail "no sheet was made of the folder"
grep -q '"sources":\["../sheets/page.scss","../sheets/parts/_box.scss"\]' made/page.css.map || fail "map: $(cat made/page.css.map)"
[ "$(echo 'a{b: 1+1}' | sass --style=compressed --stdin)" = 'a{b:2}' ] || fail "standard input"

code=0
echo 'a{b: c' | sass --stdin >out.txt 2>err.txt || code=$?
[ "$code" -eq 65 ] || fail "a wrong sheet ended with $code: $(cat err.txt)"
grep -q 'expected end of rule\|expected "}"' err.txt || fail "no word of the error: $(cat err.txt)"

# The embedded protocol: length, compilation 0, VersionRequest with id 5 (protobuf field 7); the answer has the version.
printf '\x05\x00\x3a\x02\x08\x05' | sass --embedded >answer.bin || fail "sass --embedded ended with $?"
grep -aq '1.105.0' answer.bin || fail "the embedded protocol: $(od -c answer.bin)"
echo "sass: sheets, folders, maps, errors, the embedded protocol"
