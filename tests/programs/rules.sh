#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests/check_rules.py checks: exports, includes, sorted lists, licences.
exec python3 "$(dirname "$0")/../check_rules.py" "$DIST/lib/decant/x86_64-windows"
