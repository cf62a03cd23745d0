#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names that only Linux can make: a Windows program finds, opens, renames, copies and deletes them, and Linux finds the
# names unchanged.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

source=$(cd "$(dirname "$0")/src" && pwd)
cd "$DECANT_TEST_DIR"
x86_64-w64-mingw32-gcc -O1 "$source/names.c" -o names.exe
mkdir folder
long=$(printf 'n%.0s' $(seq 255))
names=($'bad\xffbyte' $'\xc3' $'half \xe2\x82' 'colon:name' 'what?*' 'pipe|<>' 'quote"' 'trailing dot.' 'trailing blank '
    'back\slash' $'new\nline' $'stand-in \xef\x80\xba' 'ä' 'emoji 😀' $'surrogate \xed\xa0\x80' '...' "$long")
for name in "${names[@]}"; do printf 'text\n' >"folder/$name"; done
before=$(cd folder && printf '%s\0' * .* | LC_ALL=C sort -z | sha256sum)
out=$("$DECANT" names.exe "Z:${PWD//\//\\}\\folder" | tr -d '\r') || fail "going through: $out"
[ "$out" = "${#names[@]} files" ] || fail "saw $out of ${#names[@]}"
[ "$(cd folder && printf '%s\0' * .* | LC_ALL=C sort -z | sha256sum)" = "$before" ] || fail "names changed: $(ls folder)"
out=$("$DECANT" names.exe "Z:${PWD//\//\\}\\folder" delete | tr -d '\r') || fail "deleting: $out"
[ -z "$(ls -A folder)" ] || fail "left: $(ls -A folder)"

# A name in one case finds the file in another; of two that differ by case alone the exact one.
printf 'one\n' >folder/Mixed.txt
printf 'up\n' >folder/TWICE
printf 'low\n' >folder/twice
cat >type.c <<'C'
#include <stdio.h>
#include <windows.h>
int main(int argc, char **argv)
{
    char text[16] = "";
    DWORD got;
    HANDLE file = CreateFileA(argv[1], GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE || !ReadFile(file, text, sizeof(text) - 1, &got, NULL))
        return argc;
    printf("%s", text);
    return 0;
}
C
x86_64-w64-mingw32-gcc -O1 type.c -o type.exe
for row in 'mIXED.tXT one' 'TWICE up' 'twice low'; do
    [ "$("$DECANT" type.exe "folder\\${row% *}" | tr -d '\r')" = "${row#* }" ] || fail "$row"
done

# Symbolic links: removed themselves, never what they lead to.
mkdir -p tree/sub kept
printf 'kept\n' >kept/file
ln -s ../kept tree/folder-link
ln -s "$PWD/kept/file" tree/file-link
ln -s nowhere tree/sub/dangling
x86_64-w64-mingw32-gcc -O1 "$source/links.c" -o links.exe
out=$("$DECANT" links.exe | tr -d '\r' | LC_ALL=C sort) || fail "removing a tree: $out $(find tree)"
[ "$out" = "dangling -> nowhere
file-link -> Z:${PWD//\//\\}\\kept\\file
folder-link -> ..\\kept" ] || fail "links: $out"
[ ! -e tree ] && [ "$(cat kept/file)" = kept ] || fail "what a link leads to was removed"
echo "all names are as they were"
