#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds the tree twice, in two folders with names of different length, from sources without git metadata, at
# different times, and compares every file of the two installations byte for byte.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
jobs=${JOBS:-$(nproc)}
export CMAKE_C_COMPILER_LAUNCHER='' # a cache would compare a build with itself

copy_sources() {
    mkdir -p "$1"
    if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
        git -C "$top" ls-files -z --cached --others --exclude-standard |
            tar -C "$top" --null --files-from=- --ignore-failed-read -cf - | tar -C "$1" -xf -
    else
        tar -C "$top" --exclude=./build --exclude=./.cache -cf - . | tar -C "$1" -xf -
    fi
}

build() { # SOURCES
    local half
    for half in unix pe; do
        (cd "$1" && cmake --preset "$half" -DDECANT_TESTS=ON >"$scratch/log" 2>&1 &&
            cmake --build --preset "$half" -j "$jobs" >"$scratch/log" 2>&1 &&
            cmake --install "build/$half" --prefix "$1-dist" >"$scratch/log" 2>&1) ||
            { tail -30 "$scratch/log"; echo "FAIL: the $half half does not build from bare sources"; exit 1; }
    done
}

first=$scratch/a
second=$scratch/another-folder/with-a-longer-name
copy_sources "$first"
copy_sources "$second"
build "$first"
find "$second" -type f -exec touch -d '2001-02-03 04:05:06' {} +
build "$second"

failed=0
(cd "$first-dist" && find . -type f | sort) >"$scratch/files"
(cd "$second-dist" && find . -type f | sort) | diff "$scratch/files" - || failed=1
while read -r file; do
    cmp "$first-dist/$file" "$second-dist/$file" || failed=1
done <"$scratch/files"
[ $failed -eq 0 ] || { echo "FAIL: the two builds differ"; exit 1; }
echo "$(wc -l <"$scratch/files") files, all the same in both builds"
