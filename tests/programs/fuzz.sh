#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mutated DLLs and programs go through the loader; see tests/fuzz/fuzz.py.
exec python3 "$(dirname "$0")/../fuzz/fuzz.py"
