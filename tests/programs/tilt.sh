#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The Tilt demo: a fair game runs to its end, a cheat is noticed, on both write-watch backends.
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

for backend in pagemap mprotect; do
    export DECANT_WRITE_WATCH=$backend
    "$(dirname "$0")/../../demo/tilt.sh" "$DIST" || fail "the demo, backend $backend"
done
