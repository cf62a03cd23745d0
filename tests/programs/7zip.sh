#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# 7za.exe compresses a tree of a few thousand files with several threads, tests and extracts it;
# its own messages and exit codes for a wrong password, a missing file and a full disk.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch 7zip-bin-win 2.2.0 x64/7za.exe) || skip "7za.exe: the npm registry is not reachable"
cd "$DECANT_TEST_DIR"

mkdir tree
for folder in $(seq 30); do
    mkdir -p "tree/folder $folder/inner"
    for file in $(seq 100); do
        printf 'file %d of folder %d\n%s\n' "$file" "$folder" "$(seq "$file" $((file + 40)))" \
            >"tree/folder $folder/inner/file$file.txt"
    done
done
head -c 3000000 /dev/urandom >tree/random.bin
printf 'umlaut\n' >"tree/äöü – €.txt"
: >tree/empty

"$DECANT" "$exe" a -mmt2 -bd archive.7z tree >add.log || fail "adding: $(tail -5 add.log)"
"$DECANT" "$exe" t -bd archive.7z >test.log || fail "testing: $(tail -5 test.log)"
grep -q 'Everything is Ok' test.log || fail "testing did not say Ok"
"$DECANT" "$exe" x -bd -oout archive.7z >extract.log || fail "extracting: $(tail -5 extract.log)"
diff -r tree out/tree || fail "the extracted tree differs"

"$DECANT" "$exe" a -bd -psecret -mhe locked.7z tree/empty tree/random.bin >/dev/null
code=0
"$DECANT" "$exe" t -bd -pwrong locked.7z >wrong.log 2>&1 || code=$?
[ "$code" -eq 2 ] || fail "a wrong password ended with $code, not 2"
grep -qi 'wrong password\|can not open encrypted' wrong.log || fail "no word of the password"

code=0
"$DECANT" "$exe" t -bd missing.7z >missing.log 2>&1 || code=$?
[ "$code" -eq 2 ] || fail "a missing archive ended with $code, not 2"
grep -qi 'cannot find' missing.log || fail "no word of the missing file: $(cat missing.log)"

if mkdir small && mount -t tmpfs -o size=1m tmpfs small 2>/dev/null; then
    code=0
    "$DECANT" "$exe" x -bd -osmall archive.7z >full.log 2>&1 || code=$?
    umount small
    [ "$code" -eq 2 ] || fail "a full disk ended with $code, not 2: $(tail -5 full.log)"
    grep -qi 'not enough space' full.log || fail "no word of the full disk: $(tail -5 full.log)"
else
    echo "note: no tmpfs can be mounted here; the full disk was not tried"
fi
echo "7za: all as it should be"
