#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The Tilt demo: plays the game once undisturbed, then with a cheat that finds it by its process id, and with one that
# finds it by its name.
# Usage: tilt.sh DIST, where DIST holds bin/decant. Exit code 0 when the game behaved.
set -euo pipefail

dist=$1
decant=$dist/bin/decant
demo=$dist/lib/decant/demo
folder=$(mktemp -d)
game=
# Neither the folder nor a game stays behind, however this ends.
trap '[ -z "$game" ] || kill "$game" 2>/dev/null || true; rm -rf "$folder"' EXIT

fail() { echo "$*" >&2; exit 1; }

# A name of its own, so that the cheat cannot find another game.
name=tilt_game_$$.exe
cp "$demo/tilt_game.exe" "$folder/$name"

# play_against --name NAME | --pid "" [VALUES]: starts the game and then the cheat; the game must notice. The
# process id is filled in when it is known.
play_against() {
    local code=0 which=$1 value=$2
    shift 2
    rm -f "$folder/pid"
    "$decant" "$folder/$name" --frames 600 --frame-ms 20 --arena "$folder/pid" &
    game=$!
    for _ in $(seq 500); do
        [ -s "$folder/pid" ] && break
        sleep 0.02
    done
    [ -s "$folder/pid" ] || fail "the game did not start"
    sleep 0.2
    "$decant" "$demo/tilt_cheat.exe" "$which" "${value:-$(tr -d '\r\n' <"$folder/pid")}" "$@" | sed 's/^/cheat: /'
    wait "$game" || code=$?
    game=
    [ "$code" -eq 3 ] || fail "the game did not notice (exit code $code)"
    echo "The game noticed."
}

echo "--- A fair game"
"$decant" "$folder/$name" --frames 20 --frame-ms 20 || fail "the fair game tilted"

echo
echo "--- The same game, and a cheat in another process"
printf '(a column is a page: . untouched, w written by the game, X by somebody else)\n'
play_against --name "$name"

echo
echo "--- Another game; this cheat knows the process id, and wants to live for ever"
play_against --pid "" --health 9999
