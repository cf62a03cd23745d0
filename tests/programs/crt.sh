#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A C program that uses its runtime widely, on msvcrt and on ucrtbase.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"
. "$(dirname "$0")/runtime.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
cc=$(command -v x86_64-w64-mingw32-gcc) ||
    skip "no mingw C compiler (apt-get install gcc-mingw-w64-x86-64)"
cd "$DECANT_TEST_DIR"
ucrt_specs "$cc" ucrt.specs
"$cc" -O1 -Wno-format "$source/crt.c" -o msvcrt.exe
"$cc" -specs=ucrt.specs -D_UCRT -O1 -Wno-format "$source/crt.c" -o ucrt.exe
imports msvcrt.exe msvcrt.dll || fail "msvcrt.exe does not use msvcrt"
imports ucrt.exe api-ms-win-crt-stdio || fail "ucrt.exe does not use ucrtbase"

for program in msvcrt ucrt; do
    code=0
    timeout 60 "$DECANT" $program.exe 'a "quoted" one' '' 'back\slash\' >out.txt 2>err.txt || code=$?
    [ "$code" -eq 7 ] || fail "$program.exe ended with $code: $(cat out.txt err.txt)"
    tr -d '\r' <out.txt >got.txt
    printf 'wide 1\nchecks: 66, failures: 0\nat exit\n' | diff - got.txt || fail "$program.exe"
    [ "$(tr -d '\r' <err.txt)" = 'on stderr' ] || fail "$program.exe said $(cat err.txt)"
done
echo "C behaves on both runtimes"
