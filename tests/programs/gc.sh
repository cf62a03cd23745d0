#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Boehm's garbage collector learns from GetWriteWatch which pages of its heap were written since it last looked. Its own
# tests, collecting incrementally, with both write-watch backends. In the build "checked" the collector sums up each
# page itself and says which ones changed without having been reported; the build "unmapping" gives unused memory back
# and commits it again. Native threads only: winpthreads reuses a detached thread's data before that thread is through
# with it, which the pthreads build of these tests meets now and then.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

cc=x86_64-w64-mingw32-gcc
command -v $cc >/dev/null || skip "no mingw C compiler (apt-get install gcc-mingw-w64-x86-64)"
command -v apt-get >/dev/null || skip "the collector's source is fetched with apt-get"
source=$(fetch_source libgc) || skip "$source"

# build NAME "TESTS" FLAGS…: the collector and these of its tests.
build() {
    local folder=$programs.new/$1 name more
    local flags=(-O1 -I"$source/include" -I"$source" -DGC_NOT_DLL -DGC_THREADS -DGC_BUILTIN_ATOMIC -DPARALLEL_MARK
        -DTHREAD_LOCAL_ALLOC -DALL_INTERIOR_POINTERS -DENABLE_DISCLAIM -DGC_ATOMIC_UNCOLLECTABLE -DGC_GCJ_SUPPORT
        -DJAVA_FINALIZATION "${@:3}")
    mkdir -p "$folder"
    $cc "${flags[@]}" -c "$source/extra/gc.c" -o "$folder/gc.o" || return
    for name in $2; do
        more=()
        [ "$name" != staticrootstest ] || more=("$source/tests/staticrootslib.c")
        $cc "${flags[@]}" -static "$source/tests/$name.c" "${more[@]}" "$folder/gc.o" -o "$folder/$name.exe" ||
            return
    done
    rm "$folder/gc.o"
}

build_all() {
    local tests="test middle realloc_test staticrootstest disclaim_test smash_test"
    build checked "$tests" -DGC_ASSERTIONS -DCHECKSUMS &
    tests="test huge_test leak_test thread_leak_test subthread_create initsecondarythread"
    build unmapping "$tests" -DUSE_MMAP -DUSE_MUNMAP -DNTHREADS=3 && wait $!
}

programs=$CACHE/gc/$({ cat "$0"; $cc --version; echo "$source"; } | cksum | cut -d' ' -f1)
if [ ! -d "$programs" ]; then
    rm -rf "$CACHE/gc"
    mkdir -p "$programs.new"
    build_all >build.log 2>&1 || fail "the collector cannot be built: $(grep -m 5 error build.log || tail -5 build.log)"
    mv "$programs.new" "$programs"
fi

# run PROGRAM: it must succeed, and its log must not tell of a page that was missed or a call that failed.
run() {
    local name=${1#"$programs/"} code=0
    rm -f gc.log
    timeout 60 "$DECANT" "$1" >out.txt 2>&1 || code=$?
    [ $code -eq 0 ] || fail "$name, $DECANT_WRITE_WATCH, ended with $code: $(tail -3 out.txt) $(tail -3 gc.log)"
    [ -s gc.log ] || fail "$name, $DECANT_WRITE_WATCH: the collector wrote no log"
    ! grep -aE 'dirty bit error|LOST SOME|Falling back|unexpectedly failed' gc.log >wrong.txt ||
        fail "$name, $DECANT_WRITE_WATCH: $(sort wrong.txt | uniq -c | head -5)"
}

export GC_ENABLE_INCREMENTAL=1 GC_PRINT_STATS=1 GC_LOG_FILE=gc.log
for DECANT_WRITE_WATCH in pagemap mprotect; do
    export DECANT_WRITE_WATCH
    for program in "$programs"/*/*.exe; do
        run "$program"
        [[ $program = */test.exe ]] || continue
        for line in '^Using GetWriteWatch' '^Marked from [1-9][0-9]* dirty pages' '^Collector appears to work'; do
            grep -aq "$line" gc.log || fail "$program, $DECANT_WRITE_WATCH: no line \"$line\": $(tail -3 gc.log)"
        done
        [[ $program = */unmapping/* ]] || grep -aq '^Checked [1-9][0-9]* clean and [1-9][0-9]* dirty pages' gc.log ||
            fail "$program, $DECANT_WRITE_WATCH: never both clean and dirty pages"
    done
done
echo "$(find "$programs" -name '*.exe' | wc -l) tests of the collector with each backend"
