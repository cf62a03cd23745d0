#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# rg.exe (Rust, MSVC runtime) searches a tree with several threads: matches, counts, files, standard input, exit codes.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

exe=$(fetch @vscode/ripgrep-win32-x64 1.18.0 bin/rg.exe) || skip "rg.exe: the npm registry is not reachable"
cd "$DECANT_TEST_DIR"

# expect CODE TEXT ARGUMENTS…: rg ends with the code and prints the text.
expect() {
    local expected=$1 text=$2 code=0 out
    shift 2
    out=$(timeout 60 "$DECANT" "$exe" "$@" 2>&1 | tr -d '\r'; exit "${PIPESTATUS[0]}") || code=$?
    [ "$code" -eq "$expected" ] || fail "rg $* ended with $code, not $expected: $out"
    [ -z "$text" ] || [ "$out" = "$text" ] || fail "rg $* printed: $out"
}

mkdir -p tree/sub
printf 'hello world\nsecond line\n' >tree/a.txt
printf 'HELLO again\nhello, ümlaut\n' >tree/sub/b.md
printf 'hello\n' >"$(printf 'tree/bad\377name.txt')" # no UTF-8: found and read all the same
printf '*.log\n' >tree/.ignore
printf 'hello\n' >tree/c.log
for folder in $(seq 20); do
    mkdir "tree/many$folder"
    for file in $(seq 20); do seq "$file" 60 >"tree/many$folder/$file.num"; done
done
expect 0 'tree\a.txt:1:hello world
tree\sub\b.md:1:HELLO again
tree\sub\b.md:2:hello, ümlaut' -in --sort path -g '!bad*' hello tree
expect 0 'hello' -N -I -g 'bad*' hello tree
expect 0 'tree\sub\b.md:hello, ümlaut' 'ümlaut$' tree
expect 1 '' nothing-like-this tree
expect 2 '' '(' tree
expect 2 '' hello no-such-folder
count=$(timeout 60 "$DECANT" "$exe" -l -j4 '^60$' tree | wc -l)
[ "$count" -eq 400 ] || fail "found $count files of 400"
[ "$(printf 'x\nhello\n' | timeout 60 "$DECANT" "$exe" -n hello | tr -d '\r')" = 2:hello ] || fail "standard input"
echo "ripgrep finds"
