#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The end of a program by an exception that nobody handles: one line on stderr (the code by name, the
# address as module+offset, the thread), and the exception's code as exit code.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
cc=$(command -v x86_64-w64-mingw32-gcc) ||
    skip "no mingw C compiler (apt-get install gcc-mingw-w64-x86-64)"
cd "$DECANT_TEST_DIR"
"$cc" -O1 "$source/crash.c" -o crash.exe

# check NAME EXIT PATTERN: runs crash.exe NAME; its stderr must be one line that is PATTERN.
check() {
    local code=0
    timeout 60 "$DECANT" crash.exe "$1" >out.txt 2>err.txt || code=$?
    [ "$code" -eq "$2" ] || fail "$1: exit code $code, not $2: $(cat err.txt)"
    [ "$(wc -l <err.txt)" -eq 1 ] || fail "$1: not one line: $(cat err.txt)"
    grep -Eqx "decant: unhandled exception $3 in thread [0-9]+" err.txt || fail "$1: $(cat err.txt)"
}

symbol=$(x86_64-w64-mingw32-nm crash.exe | sed -n 's/ T crash_write$//p')
base=$(x86_64-w64-mingw32-objdump -p crash.exe | sed -n 's/^ImageBase[[:space:]]*//p')
check write 5 'access violation \(0xc0000005\) \(writing to 0x28\) at crash\.exe\+0x[0-9a-f]+'
offset=$(sed -E 's/.*crash\.exe\+0x([0-9a-f]+).*/\1/' err.txt)
[ $((0x$offset + 0x$base - 0x$symbol)) -ge 0 ] && [ $((0x$offset + 0x$base - 0x$symbol)) -lt 32 ] ||
    fail "write: offset $offset is not inside crash_write at $symbol"
check divide $((0x94)) 'integer division by zero \(0xc0000094\) at crash\.exe\+0x[0-9a-f]+'
check jump 5 'access violation \(0xc0000005\) \(executing 0x28\) at 0x28'
check raise $((0x77)) '0xe0000077 at kernelbase\.dll\+0x[0-9a-f]+'
check overflow $((0xfd)) 'stack overflow \(0xc00000fd\) at crash\.exe\+0x[0-9a-f]+'
check stack 5 'access violation \(0xc0000005\) .*at crash\.exe\+0x[0-9a-f]+'
check thread 5 'access violation \(0xc0000005\) \(writing to 0x28\) at crash\.exe\+0x[0-9a-f]+'
id=$(tr -d '\r' <out.txt | sed -n 's/^thread //p')
grep -q "in thread $id\$" err.txt || fail "thread: $id is not named: $(cat err.txt)"

# A mapped file that is cut while the program reads it: the CPU raises SIGBUS.
head -c 16384 /dev/zero >mapped
mkfifo go
code=0
timeout 60 "$DECANT" crash.exe truncated mapped <go >out.txt 2>err.txt & pid=$!
exec 3>go
for _ in $(seq 300); do
    grep -q mapped out.txt && break
    sleep 0.1
done
truncate -s 100 mapped
echo >&3
exec 3>&-
wait "$pid" || code=$?
[ "$code" -eq 6 ] || fail "truncated: exit code $code: $(cat out.txt err.txt)"
grep -Eqx 'decant: unhandled exception in page error \(0xc0000006\) \(reading 0x[0-9a-f]+\) at .* in thread [0-9]+' err.txt ||
    fail "truncated: $(cat err.txt)"
echo "unhandled exceptions are told in one line"
