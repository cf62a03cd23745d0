#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# C++ and structured exceptions of the MSVC ABI, through Wine's vcruntime140 and our __C_specific_handler.
# clang generates them; its tools link without Microsoft's SDK.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
for tool in clang lld-link x86_64-w64-mingw32-dlltool; do
    command -v $tool >/dev/null || skip "$tool is missing (apt-get install clang lld binutils-mingw-w64-x86-64)"
done
cd "$DECANT_TEST_DIR"

library() { # DLL NAME…: an import library
    local dll=$1
    shift
    printf '%s\n' "LIBRARY $dll" EXPORTS "$@" >"$dll.def"
    x86_64-w64-mingw32-dlltool -d "$dll.def" -l "$dll.lib"
}
library msvcrt.dll printf exit qsort
library kernel32.dll RaiseException CreateThread WaitForSingleObject
library vcruntime140.dll __CxxFrameHandler3 _CxxThrowException __C_specific_handler __std_terminate
library msvc_library.dll library_throw library_call

compile() { # FILE OPTIONS…
    clang --target=x86_64-pc-windows-msvc -O1 -fno-builtin -c "$source/$1" -o "${1%.*}.obj" "${@:2}"
}
compile msvc.cpp -fexceptions -fcxx-exceptions
compile msvc_library.cpp -fexceptions -fcxx-exceptions
compile msvc_seh.c
lld-link /dll /entry:start msvc_library.obj msvc_seh.obj msvcrt.dll.lib kernel32.dll.lib vcruntime140.dll.lib \
    /out:msvc_library.dll /implib:unused.lib
lld-link /entry:start /subsystem:console msvc.obj msvc_seh.obj msvcrt.dll.lib kernel32.dll.lib \
    vcruntime140.dll.lib msvc_library.dll.lib /out:msvc.exe

cat >expected.txt <<'TEXT'
~thrower nothing ~try 
~thrower ~try int 5
~thrower ~try Base& 7
~thrower ~try char* text
~thrower ~try Base* 9
~thrower ~try ...
~thrower copy 7
~thrower ~inner again 8
~thrower ~thrower ~second text in 5
still 5
~thrower ~thrower ~handler replaced 25
~compare through qsort 77
from the DLL 31
~callback caught by the DLL 32
sum 1499166
~thrower 
filter e0000001 finally 1 handled e0000001
filter c0000005 finally 1 outer c0000005
finally on return 3
filter e0000001 colliding collided e0000002, local 4
divide c0000094, local 4
resumed 5
TEXT
code=0
timeout 60 "$DECANT" msvc.exe >out.txt || code=$?
tr -d '\r' <out.txt | diff expected.txt - || fail "msvc.exe said something else (exit code $code)"
[ "$code" -eq 42 ] || fail "msvc.exe ended with $code"
echo "exceptions of the MSVC ABI behave"
