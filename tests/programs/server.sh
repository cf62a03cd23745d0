#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The server as programs meet it: many starters at one time get one server, it is killed and comes again, it holds
# nobody's output open, it goes after its last program; and what a program says when it cannot have one.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

cd "$DECANT_TEST_DIR"
exe=$DIST/lib/decant/conformance/process_names.exe
export DECANT_SERVER_LINGER=2

servers() { # the ids of the servers of this session
    local file arguments
    for file in /proc/[0-9]*/cmdline; do
        { mapfile -d '' -t arguments <"$file"; } 2>/dev/null || continue
        if [ "${arguments[0]:-}" = decantserver ] && [ "${arguments[-1]}" = "$DECANT_SESSION" ]; then
            basename "${file%/cmdline}"
        fi
    done
}

one_server() {
    local found
    found=$(servers)
    [ "$(wc -w <<<"$found")" -eq 1 ] || fail "$1: these servers run: $found"
}

# Starters at one time.
for i in $(seq 12); do
    "$DECANT" "$exe" --list >"list$i" 2>&1 &
    programs[i]=$!
done
for i in $(seq 12); do
    wait "${programs[i]}" || fail "starter $i: $(cat "list$i")"
done
one_server "after twelve starters"

# A socket that a dead server left.
kill -9 "$(servers)"
"$DECANT" "$exe" >again.log 2>&1 || fail "after the server was killed: $(cat again.log)"
one_server "after a kill"

# Its descriptors are its own: the reader sees the end of the program's output at once.
start=$(date +%s%N)
"$DECANT" "$exe" --list 2>&1 | cat >/dev/null
kill -9 "$(servers)"
start=$(date +%s%N)
"$DECANT" "$exe" --list 2>&1 | cat >/dev/null
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -lt 1500 ] || fail "the output stayed open for $took ms"

# It goes by itself.
for i in $(seq 100); do
    [ -z "$(servers)" ] && break
    sleep 0.1
done
[ -z "$(servers)" ] || fail "the server stays"
[ ! -e "$DECANT_SESSION/server.sock" ] || fail "the socket stays"

# No server to be had: one line, 126.
refused() { # WHAT EXPECTED-TEXT COMMAND…
    local what=$1 text=$2 code=0
    shift 2
    "$@" >refused.log 2>&1 || code=$?
    [ "$code" -eq 126 ] || fail "$what: exit code $code: $(cat refused.log)"
    [ "$(wc -l <refused.log)" -eq 1 ] || fail "$what: not one line: $(cat refused.log)"
    grep -q "^decant: .*$text" refused.log || fail "$what: $(cat refused.log)"
}
cp -a "$DIST" installation
mv installation/bin/decantserver installation/bin/elsewhere
refused "no binary" "No such file" installation/bin/decant "$exe" --list
printf '#!/bin/sh\nexit 3\n' >installation/bin/decantserver
chmod +x installation/bin/decantserver
refused "a broken binary" "without a word" installation/bin/decant "$exe" --list
mkdir -m 700 real
ln -s real link
refused "a link" "is not a folder" env DECANT_SESSION="$PWD/link" "$DECANT" "$exe" --list
if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 700 foreign
    chown 65534 foreign
    refused "somebody else's folder" "belongs to user 65534" \
        env DECANT_SESSION="$PWD/foreign" "$DECANT" "$exe" --list
    # Room for C: and its folders, not for the server's lock.
    mkdir full
    if mount -t tmpfs -o size=4k,nr_inodes=1,mode=700 tmpfs full 2>/dev/null; then
        code=0
        env DECANT_SESSION="$PWD/full" "$DECANT" "$exe" --list >full.log 2>&1 || code=$?
        umount -l full # the server that could not start may still be on its way out
        [ "$code" -eq 126 ] || fail "a full disk: exit code $code: $(cat full.log)"
        grep -q "cannot start the server.*No space left" full.log || fail "a full disk: $(cat full.log)"
    fi
fi
