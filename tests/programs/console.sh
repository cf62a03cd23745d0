#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A console program on a pseudo terminal: lines, keys, sizes, code pages, colours, Ctrl-C; and in pipes.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
command -v python3 >/dev/null || skip "no python3"
problem=$(terminal_problem)
[ -z "$problem" ] || skip "$problem"
cd "$DECANT_TEST_DIR"
x86_64-w64-mingw32-gcc -O1 -D__USE_MINGW_ANSI_STDIO=0 "$source/console.c" -o console.exe
python3 "$source/console.py" "$DECANT" console.exe || fail "see above"
