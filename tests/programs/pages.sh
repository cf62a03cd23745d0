#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# `decant pages` on a program that writes in known steps, on both write-watch backends; its errors.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
cc=$(command -v x86_64-w64-mingw32-gcc) ||
    skip "no mingw C compiler (apt-get install gcc-mingw-w64-x86-64)"
cd "$DECANT_TEST_DIR"
"$cc" -O1 "$source/page_writer.c" -o page_writer.exe

problem=$(terminal_problem)

for backend in pagemap mprotect; do
    mkdir $backend
    timeout 100 python3 "$source/pages_check.py" "$DECANT" page_writer.exe $backend $backend \
        "${problem:+no terminal}" ||
        fail "decant pages, backend $backend"
done

# refuse EXIT TEXT ARGUMENTS…: the command must end so, with that on stderr.
refuse() {
    local code=0 wanted=$1 text=$2
    shift 2
    timeout 20 "$DECANT" pages "$@" >out.txt 2>err.txt || code=$?
    [ "$code" -eq "$wanted" ] || fail "pages $*: exit code $code, not $wanted"
    grep -qFe "$text" err.txt || fail "pages $*: $(cat err.txt)"
}

sleep 60 &
plain=$!
trap 'kill $plain' EXIT
refuse 1 "there is no process 4194303" 4194303
refuse 1 "process $plain is not a program that Decant runs" $plain
refuse 125 "takes the number of one process" 0
refuse 125 "takes the number of one process"
refuse 125 "--interval takes" --interval 0 $plain
refuse 125 "unknown option --what" --what $plain
refuse 125 "--record needs a value" $plain --record

[ -z "$problem" ] || skip "all but the map in a terminal: $problem"
