#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# mingw C++ programs: exceptions across a DLL, threads, iostreams, std::filesystem; and C on both C
# runtimes, msvcrt and ucrtbase.
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

# The same C program on both runtimes.
cat >c.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    char *copy = malloc(100);
    strcpy(copy, argc > 1 ? argv[1] : "none");
    printf("%s %.3f %lld %-6s|%x\n", copy, 3.14159, 1234567890123LL, "ab", 255);
    free(copy);
    return strlen(argv[1]);
}
C
x86_64-w64-mingw32-gcc -O1 c.c -o msvcrt.exe
# ucrtbase by its import library: the start code is mingw's own either way.
printf '%s\n' 'LIBRARY ucrtbase.dll' EXPORTS puts malloc free strlen exit >u.def
x86_64-w64-mingw32-dlltool -d u.def -l libu.a
cat >u.c <<'C'
int puts(const char *text);
void *malloc(unsigned long long bytes);
void exit(int code);
unsigned long long strlen(const char *text);
void start(void)
{
    char *text = malloc(8);
    for (int i = 0; i < 7; i++)
        text[i] = "ucrt ok"[i];
    text[7] = 0;
    puts(text);
    exit((int)strlen(text));
}
C
x86_64-w64-mingw32-gcc -O1 -fno-builtin -nostdlib -Wl,-e,start u.c libu.a -o ucrt.exe
code=0
"$DECANT" msvcrt.exe 'a "quoted" one' | tr -d '\r' >c.txt || code=${PIPESTATUS[0]}
[ "$(cat c.txt)" = 'a "quoted" one 3.142 1234567890123 ab    |ff' ] || fail "msvcrt: $(cat c.txt)"
code=0
out=$("$DECANT" ucrt.exe) || code=$?
[ "$code" -eq 7 ] && [ "$(printf %s "$out" | tr -d '\r')" = "ucrt ok" ] || fail "ucrt: $out, $code"
echo "C and C++ behave"
