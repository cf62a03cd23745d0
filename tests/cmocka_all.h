/* SPDX-License-Identifier: LGPL-2.1-or-later
 * CMocka with what it needs before it.
 */
#ifndef DECANT_TESTS_CMOCKA_ALL_H
#define DECANT_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
