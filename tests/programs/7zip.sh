#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# 7za.exe compresses a tree of a few thousand files with several threads, tests and extracts it: bytes, names, times, empty
# folders, long paths; several formats, volumes, updating and deleting, standard input and output; its own messages
# and exit codes for a wrong password, a missing file and a full disk.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch 7zip-bin-win 2.2.0 x64/7za.exe) || skip "7za.exe: the npm registry is not reachable"
cd "$DECANT_TEST_DIR"

# run LOG ARGUMENTS…: 7za must succeed.
run() {
    local log=$1
    shift
    "$DECANT" "$exe" "$@" -bd >"$log" </dev/null || fail "7za $*: $(tail -5 "$log")"
}

# fails CODE PATTERN ARGUMENTS…: 7za must end with this code and say this.
fails() {
    local expected=$1 pattern=$2 code=0
    shift 2
    "$DECANT" "$exe" "$@" -bd >fails.log 2>&1 </dev/null || code=$?
    [ "$code" -eq "$expected" ] || fail "7za $* ended with $code, not $expected: $(tail -5 fails.log)"
    grep -qi "$pattern" fails.log || fail "7za $*: no word of \"$pattern\": $(tail -5 fails.log)"
}

# Names, sizes and whole seconds of the last write.
list() { (cd "$1" && find . -type f -printf '%p %s %T@\n' | sed 's/\.[0-9]*$//' | LC_ALL=C sort); }

mkdir tree
for folder in $(seq 30); do
    mkdir -p "tree/folder $folder/inner"
    for file in $(seq 100); do
        printf 'file %d of folder %d\n%s\n' "$file" "$folder" "${BASHPID}$(printf '%0*d' "$file" 7)" \
            >"tree/folder $folder/inner/file$file.txt"
    done
done
head -c 3000000 /dev/urandom >tree/random.bin
printf 'umlaut\n' >"tree/äöü – €.txt"
printf 'beyond\n' >"tree/emoji 😀.txt"
: >tree/empty
mkdir "tree/empty folder"
# A path of more than 260 characters; old and odd times.
deep=tree/deep
for part in $(seq 6); do deep=$deep/$(printf 'x%.0s' $(seq 60))$part; done
mkdir -p "$deep"
printf 'deep\n' >"$deep/file"
touch -d '1999-12-31 23:59:58' "tree/äöü – €.txt"
touch -d '2023-06-15 12:34:57.123456700' tree/random.bin

run add.log a -mmt2 archive.7z tree
run test.log t archive.7z
grep -q 'Everything is Ok' test.log || fail "testing did not say Ok"
run extract.log x -oout archive.7z
diff -r tree out/tree || fail "the extracted tree differs"
diff <(list tree) <(list out/tree) || fail "times differ"
[ -d "out/tree/empty folder" ] || fail "the empty folder is not there"

# Other formats, of a part of the tree.
mkdir part
cp -p "tree/äöü – €.txt" tree/empty "tree/folder 1/inner/file1.txt" part
cp -pr "tree/folder 2" part
for format in zip tar; do
    run "$format.log" a "part.$format" part
    run "$format.log" x "-o$format" "part.$format"
    diff -r part "$format/part" || fail "$format: the extracted tree differs"
done
for format in gzip xz; do
    run "$format.log" a "-t$format" "random.$format" tree/random.bin
    run "$format.log" e -so "random.$format" # the log is the data
    cmp tree/random.bin "$format.log" || fail "$format: the data differs"
done
gzip -dc random.gzip | cmp - tree/random.bin || fail "gzip does not read 7za's archive"

# Standard input and output, volumes.
"$DECANT" "$exe" a -bd -sistreamed stream.7z <tree/random.bin >stream.log || fail "-si: $(tail -5 stream.log)"
"$DECANT" "$exe" x -bd -so stream.7z 2>/dev/null | cmp - tree/random.bin || fail "-so: the data differs"
run volumes.log a -v700k -mx1 volumes.7z tree/random.bin
[ "$(ls volumes.7z.* | wc -l)" -ge 4 ] || fail "volumes: $(ls volumes.7z.*)"
run volumes.log x -ovolumes volumes.7z.001
cmp tree/random.bin volumes/tree/random.bin || fail "volumes: the data differs"

# Updating takes what is newer, deleting takes it out.
printf 'changed\n' >part/empty
touch -d '+1 hour' part/empty
run update.log u part.zip part
[ "$("$DECANT" "$exe" e -bd -so part.zip part/empty 2>/dev/null)" = changed ] || fail "update: $(tail -5 update.log)"
run delete.log d part.zip part/empty
run delete.log l part.zip
! grep -q 'part.empty' delete.log || fail "a deleted file is listed"

run locked.log a -psecret -mhe locked.7z tree/empty tree/random.bin
fails 2 'wrong password\|can not open encrypted' t -pwrong locked.7z
run locked.log t -psecret locked.7z
fails 2 'cannot find' t missing.7z
fails 1 'cannot find' a partial.7z tree/empty tree/no-such-file
head -c 100000 archive.7z >cut.7z
fails 2 'unexpected end\|can not open' t cut.7z
# Names that differ by case alone are one to Windows, and 7za says so.
mkdir case
touch case/name case/NAME
fails 2 'duplicate filename' a case.7z case
fails 7 'unsupported command' q archive.7z

if mkdir small && mount -t tmpfs -o size=1m tmpfs small 2>/dev/null; then
    code=0
    "$DECANT" "$exe" x -bd -osmall archive.7z >full.log 2>&1 </dev/null || code=$?
    umount small
    [ "$code" -eq 2 ] || fail "a full disk ended with $code, not 2: $(tail -5 full.log)"
    grep -qi 'not enough space' full.log || fail "no word of the full disk: $(tail -5 full.log)"
else
    echo "note: no tmpfs can be mounted here; the full disk was not tried"
fi
echo "7za: all as it should be"
