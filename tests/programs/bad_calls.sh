#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# System calls with random arguments end neither the program nor Decant.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
cc=$(command -v x86_64-w64-mingw32-gcc) ||
    skip "no mingw C compiler (apt-get install gcc-mingw-w64-x86-64)"
cd "$DECANT_TEST_DIR"
"$cc" -O1 "$source/bad_calls.c" -o bad_calls.exe
for seed in 1 3 7; do
    code=0
    timeout 60 "$DECANT" bad_calls.exe $seed >out.txt 2>err.txt || code=$?
    [ "$code" -eq 0 ] || fail "seed $seed, exit code $code: $(tail -1 out.txt) $(tail -3 err.txt)"
done
echo "$(tail -1 out.txt | tr -d '\r') three times"
