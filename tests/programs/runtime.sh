#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A C++20 program that uses its runtime widely, and a DLL that it throws into and out of: on msvcrt with shared
# libstdc++ and libgcc, on ucrtbase with both linked in.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"
. "$(dirname "$0")/runtime.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
cxx=$(command -v x86_64-w64-mingw32-g++-posix || command -v x86_64-w64-mingw32-g++) ||
    skip "no mingw C++ compiler (apt-get install g++-mingw-w64-x86-64)"
cd "$DECANT_TEST_DIR"

# One object for all: libstdc++ is built for msvcrt's types, which ucrtbase's differ from in name only.
"$cxx" -std=c++20 -c "$source/runtime.cpp" -o program.o
"$cxx" -std=c++20 -O1 -c "$source/runtime_library.cpp" -o library.o
mkdir shared ucrt
ucrt_specs "$cxx" ucrt.specs
# winpthread, built for msvcrt, calls _setjmp; ucrtbase has it under another name.
printf '.globl _setjmp\n_setjmp: jmp *__imp___intrinsic_setjmp(%%rip)\n' |
    x86_64-w64-mingw32-as -o setjmp.o

link() { # FOLDER LINK-OPTIONS…
    local folder=$1
    shift
    "$cxx" -shared library.o -o "$folder/runtime_library.dll" "$@" -Wl,--out-implib,"$folder/library.a"
    "$cxx" program.o "$folder/library.a" -o "$folder/runtime.exe" "$@" -s
}
link shared
link ucrt -static -specs=ucrt.specs setjmp.o
for dll in libstdc++-6.dll libgcc_s_seh-1.dll libwinpthread-1.dll; do
    file=$("$cxx" -print-file-name=$dll)
    [ -f "$file" ] || file=/usr/x86_64-w64-mingw32/lib/$dll
    cp "$file" shared
done
imports shared/runtime.exe libstdc++ || fail "shared/runtime.exe does not use libstdc++-6.dll"
imports shared/runtime.exe msvcrt.dll || fail "shared/runtime.exe does not use msvcrt"
imports ucrt/runtime.exe api-ms-win-crt-stdio || fail "ucrt/runtime.exe does not use ucrtbase"

printf 'wide output\nchecks: 1 failures: 0\nat exit\nglobal destroyed\n' >expected.txt
for kind in shared ucrt; do
    code=0
    timeout 100 "$DECANT" $kind/runtime.exe 'an "argument"' >out.txt 2>&1 || code=$?
    [ "$code" -eq 7 ] || fail "$kind ended with $code: $(cat out.txt)"
    tr -d '\r' <out.txt | diff expected.txt - || fail "$kind said something else"
done
echo "C++ behaves on both runtimes"
