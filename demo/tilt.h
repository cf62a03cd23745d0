/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the game's memory looks like. The cheat knows it as cheats do: somebody looked.
 */
#ifndef TILT_H
#define TILT_H

#include <windows.h>

#define TILT_PAGE   4096
#define TILT_MAGIC  0x544c4954474c4142ull /* "BALGTILT" */

/* One page per field, so that the page that was written tells which field it was. */
enum tilt_field {
    TILT_IDENTITY, /* magic and address of the arena: never written after the start */
    TILT_SCORE,
    TILT_BALLS,
    TILT_MULTIPLIER,
    TILT_BALL_X,
    TILT_BALL_Y,
    TILT_BUMPERS,
    TILT_HEALTH,
    TILT_FIELDS
};

struct tilt_identity {
    unsigned long long magic;
    void *arena;
};

static inline volatile LONG *tilt_value(void *arena, enum tilt_field field)
{
    return (volatile LONG *)((char *)arena + (SIZE_T)field * TILT_PAGE);
}

#endif
