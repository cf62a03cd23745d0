#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# No more memory (RLIMIT_AS) is an error of each call, and no end of the program.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
cc=$(command -v x86_64-w64-mingw32-gcc) ||
    skip "no mingw C compiler (apt-get install gcc-mingw-w64-x86-64)"
cd "$DECANT_TEST_DIR"
"$cc" -O1 "$source/exhaust.c" -o exhaust.exe
for limit in 1000000 4000000; do
    (ulimit -v "$limit" && timeout 60 "$DECANT" exhaust.exe) >out.txt 2>&1 ||
        fail "within $limit KiB: exit code $?: $(cat out.txt)"
    grep -q 'and on it goes' out.txt || fail "within $limit KiB: $(cat out.txt)"
done
