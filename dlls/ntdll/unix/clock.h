/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clocks, for the other files of the Linux side. All in 100 ns units.
 */
#ifndef DECANT_NTDLL_UNIX_CLOCK_H
#define DECANT_NTDLL_UNIX_CLOCK_H

#include "unix.h"

#define TIME_ZONE_ID_UNKNOWN  0
#define TIME_ZONE_ID_STANDARD 1
#define TIME_ZONE_ID_DAYLIGHT 2

LONGLONG clock_system_time(void);   /* since 1601, UTC */
LONGLONG clock_since_boot(void);
LONGLONG clock_bias(ULONG *zone_id); /* UTC minus local time, now */
void clock_time_zone(RTL_DYNAMIC_TIME_ZONE_INFORMATION *info);

#endif
