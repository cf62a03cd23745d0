#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The Tilt demo: plays the game once undisturbed and once with the cheat at work.
# Usage: tilt.sh DIST, where DIST holds bin/decant. Exit code 0 when the game behaved.
set -euo pipefail

dist=$1
decant=$dist/bin/decant
demo=$dist/lib/decant/demo
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo "--- A fair game"
"$decant" "$demo/tilt_game.exe" --frames 20 --frame-ms 20 || { echo "the fair game tilted" >&2; exit 1; }

echo
echo "--- The same game, and a cheat in another process"
"$decant" "$demo/tilt_game.exe" --frames 600 --frame-ms 20 --arena "$folder/pid" &
game=$!
for _ in $(seq 500); do
    [ -s "$folder/pid" ] && break
    sleep 0.02
done
[ -s "$folder/pid" ] || { echo "the game did not start" >&2; kill "$game"; exit 1; }
sleep 0.2
"$decant" "$demo/tilt_cheat.exe" --pid "$(tr -d '\r\n' <"$folder/pid")" | sed 's/^/cheat: /'
code=0
wait "$game" || code=$?
[ "$code" -eq 3 ] || { echo "the game did not notice (exit code $code)" >&2; exit 1; }
echo
echo "The game noticed."
