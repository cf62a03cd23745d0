#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Sandboxes: what write watch chooses when userfaultfd or the scan is denied, that the user can find out
# why, and that a scan which fails in the middle of a program loses no write; what happens when nothing is left; other
# system calls that are missing.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
deny=$BUILD/unix/tests/deny
program=$BUILD/pe/conformance/memory_write_watch.exe
threads=$BUILD/pe/conformance/memory_write_watch_threads.exe
unset DECANT_WRITE_WATCH

"$deny" userfaultfd=EPERM true || skip "no seccomp filters here: $("$deny" userfaultfd=EPERM true 2>&1)"

expect() { # TEXT in the output of the last command
    grep -qF -- "$1" <<<"$output" || fail "$case: no \"$1\" in: $output"
}

while IFS='|' read -r case trace doctor; do
    output=$(DECANT_TRACE=writewatch "$deny" "$case" "$DECANT" "$program" 2>&1) || fail "$case: $output"
    expect "backend mprotect; pagemap: $trace"
    output=$("$deny" "$case" "$DECANT" doctor 2>&1) || true
    expect "$doctor"
    grep -q "chosen .*mprotect" <<<"$output" || fail "$case: doctor chooses: $output"
done <<'CASES'
userfaultfd=EPERM|Operation not permitted|userfaultfd is denied
userfaultfd=ENOSYS|Function not implemented|there is no userfaultfd
scan=EPERM|Operation not permitted|PAGEMAP_SCAN is denied
CASES

# The scans fail from one point on, while threads write: the program notices nothing, the user is told once.
for scans in 50 3000; do
    case="scan-after=$scans"
    output=$(DECANT_TRACE=writewatch "$deny" "$case" "$DECANT" "$threads" 2>&1) || fail "$case: $output"
    expect "backend pagemap"
    expect "by write-protection from now on"
    [ "$(grep -c "all pages count as written" <<<"$output")" = 1 ] || fail "$case: told more than once: $output"
done

# A backend that is asked for and does not work: the program hears so as on a Windows without write watch, and goes on.
cc=$(command -v x86_64-w64-mingw32-gcc) ||
    skip "no mingw C compiler (apt-get install gcc-mingw-w64-x86-64)"
"$cc" -O1 "$source/no_watch.c" -o "$DECANT_TEST_DIR/no_watch.exe"
while IFS='|' read -r backend case why; do
    export DECANT_WRITE_WATCH=$backend
    output=$("$deny" "$case" "$DECANT" "$DECANT_TEST_DIR/no_watch.exe" 2>&1) ||
        fail "$backend, $case: check $? of no_watch.c: $output"
    expect "DECANT_WRITE_WATCH=$backend does not work here ($backend: $why)"
    expect "without the variable another backend is chosen (decant doctor)"
    [ "$(wc -l <<<"$output")" = 1 ] || fail "$backend, $case: told more than once: $output"
    ! output=$("$deny" "$case" "$DECANT" doctor 2>&1) || fail "$backend, $case: doctor finds all well: $output"
    expect "$backend (DECANT_WRITE_WATCH) does not work here"
    expect "unset DECANT_WRITE_WATCH"
    unset DECANT_WRITE_WATCH
done <<'CASES'
pagemap|userfaultfd=EPERM|Operation not permitted
markers|userfaultfd=ENOSYS|Function not implemented
pagemap|scan=EPERM|Operation not permitted
CASES

# What there is no doing without: the user is told which call is missing, where it is first needed.
while IFS='|' read -r case name tests text; do
    output=$("$deny" "$case" "$DECANT" "$BUILD/pe/conformance/$name.exe" $tests 2>&1) && fail "$case: $name passes"
    expect "$text; without it"
    ! output=$("$deny" "$case" "$DECANT" doctor 2>&1) || fail "$case: doctor finds all well: $output"
    grep -q "MISSING *${case%=*} .*without it" <<<"$output" || fail "$case: doctor says: $output"
done <<'CASES'
memfd_create=EPERM|heap_basic||memfd_create: Operation not permitted
memfd_create=ENOSYS|heap_basic||memfd_create: Function not implemented
pidfd_open=EPERM|process_lifetime||pidfd_open: Operation not permitted
process_vm_readv=ENOSYS|process_remote_memory|test_edges|process_vm_readv: Function not implemented
CASES
# What another process's memory is, it tells itself.
case=process_vm_readv=EPERM
output=$("$deny" "$case" "$DECANT" "$BUILD/pe/conformance/process_remote_memory.exe" test_section_state 2>&1) ||
    fail "$case: $output"

# Without futex_waitv waits still end when they should, and do not spin meanwhile: a second of processor time is all there is
# for more than three seconds of waiting.
"$cc" -O1 "$source/idle.c" -o "$DECANT_TEST_DIR/idle.exe" -lsynchronization
while IFS='|' read -r case doctor; do
    output=$(ulimit -t 1; DECANT_TRACE=sync "$deny" "$case" "$DECANT" "$DECANT_TEST_DIR/idle.exe" 2>&1) ||
        fail "$case: check $? of idle.c: ${output: -2000}"
    expect "no futex_waitv: waits look every millisecond"
    output=$("$deny" "$case" "$DECANT" doctor 2>&1) || true
    expect "$doctor"
    for name in synch_objects thread_apc; do
        output=$("$deny" "$case" "$DECANT" "$BUILD/pe/conformance/$name.exe" 2>&1) || fail "$case: $name: $output"
    done
done <<'CASES'
futex_waitv=EPERM|denied by a sandbox: waits look every millisecond
futex_waitv=ENOSYS|this kernel has none: waits look every millisecond
CASES
