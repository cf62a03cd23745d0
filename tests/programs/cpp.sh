#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A small mingw C++ program, built as most are: exceptions across a DLL, threads, iostreams,
# std::filesystem. runtime.sh goes further.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
cxx=$(command -v x86_64-w64-mingw32-g++-posix || command -v x86_64-w64-mingw32-g++) ||
    skip "no mingw C++ compiler (apt-get install g++-mingw-w64-x86-64)"
cd "$DECANT_TEST_DIR"

"$cxx" -std=c++17 -O1 -shared "$source/thrower.cpp" -o thrower.dll
"$cxx" -std=c++17 -O1 "$source/program.cpp" thrower.dll -o program.exe
for dll in libstdc++-6.dll libgcc_s_seh-1.dll libwinpthread-1.dll; do
    file=$("$cxx" -print-file-name=$dll)
    [ -f "$file" ] || file=/usr/x86_64-w64-mingw32/lib/$dll
    cp "$file" .
done

code=0
"$DECANT" program.exe >out.txt || code=$?
[ "$code" -eq 3 ] || fail "program.exe ended with $code: $(cat out.txt)"
tr -d '\r' <out.txt >got.txt
cat >expected.txt <<'TEXT'
destroyed
destroyed
destroyed
caught the bottom
caught thrown in a DLL: 7
4000 5
42
3 entries, 5 bytes
10
hello 4
TEXT
diff expected.txt got.txt || fail "program.exe said something else"

echo "C++ behaves"
