/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tilt: a pinball table that knows when it is cheated. Its state lies in MEM_WRITE_WATCH memory, one page
 * per field. Each frame the game plays, which takes microseconds, and notes which fields it writes itself; then
 * GetWriteWatch tells (and resets) which pages were written. For the rest of the frame it writes nothing, and asks
 * once more at its end. A page that was written and that the game did not write was written by somebody
 * else: TILT.
 *
 * Usage: tilt_game [--frames N] [--frame-ms N] [--quiet] [--arena FILE]
 * Exit code 0: played to the end; 3: TILT; 2: wrong usage; 1: the system refused something.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tilt.h"

static const char *const field_names[TILT_FIELDS] = {
    "identity", "score", "balls", "multiplier", "ball x", "ball y", "bumpers", "health",
};

static struct {
    unsigned frames;
    unsigned frame_ms;
    int quiet;
    const char *arena_file;
} options = {60, 50, 0, NULL};

static char *arena;
static unsigned own_writes; /* bit per field, this frame */

static void write_field(enum tilt_field field, LONG value)
{
    own_writes |= 1u << field;
    *tilt_value(arena, field) = value;
}

static LONG read_field(enum tilt_field field)
{
    return *tilt_value(arena, field);
}

/* The game: the ball bounces, bumpers score. Deterministic, so a run can be compared. */
static void play(unsigned frame)
{
    LONG x = read_field(TILT_BALL_X), y = read_field(TILT_BALL_Y);

    x = (x * 31 + (LONG)frame * 7 + 11) % 64;
    y = (y + 5) % 40;
    write_field(TILT_BALL_X, x);
    write_field(TILT_BALL_Y, y);
    if (!((x + y) % 3)) {
        write_field(TILT_BUMPERS, read_field(TILT_BUMPERS) ^ (1 << (x % 8)));
        write_field(TILT_SCORE, read_field(TILT_SCORE) + 10 * read_field(TILT_MULTIPLIER));
    }
    if (frame % 16 == 15)
        write_field(TILT_MULTIPLIER, read_field(TILT_MULTIPLIER) % 5 + 1);
    if (y < 5)
        write_field(TILT_HEALTH, read_field(TILT_HEALTH) - 1);
}

static int start(void)
{
    struct tilt_identity *identity;
    FILE *file;

    arena = VirtualAlloc(NULL, TILT_FIELDS * TILT_PAGE, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
                         PAGE_READWRITE);
    if (!arena) {
        fprintf(stderr, "tilt_game: VirtualAlloc(MEM_WRITE_WATCH) failed with error %lu\n",
                GetLastError());
        return 1;
    }
    identity = (struct tilt_identity *)arena;
    identity->magic = TILT_MAGIC;
    identity->arena = arena;
    *tilt_value(arena, TILT_BALLS) = 3;
    *tilt_value(arena, TILT_MULTIPLIER) = 1;
    *tilt_value(arena, TILT_HEALTH) = 100;
    if (ResetWriteWatch(arena, TILT_FIELDS * TILT_PAGE)) {
        fprintf(stderr, "tilt_game: ResetWriteWatch failed with error %lu\n", GetLastError());
        return 1;
    }
    if (options.arena_file) {
        file = fopen(options.arena_file, "w");
        if (!file) {
            fprintf(stderr, "tilt_game: cannot write %s\n", options.arena_file);
            return 1;
        }
        fprintf(file, "%lu\n", GetCurrentProcessId());
        fclose(file);
    }
    return 0;
}

/* One letter per page: . untouched, w written by the game, X written by somebody else. */
static void print_frame(unsigned frame, unsigned written, unsigned foreign)
{
    char map[TILT_FIELDS + 1];

    for (int field = 0; field < TILT_FIELDS; field++)
        map[field] = foreign & (1u << field) ? 'X' : written & (1u << field) ? 'w' : '.';
    map[TILT_FIELDS] = 0;
    printf("frame %4u  pages [%s]  score %6ld  health %3ld\n", frame, map, read_field(TILT_SCORE),
           read_field(TILT_HEALTH));
    fflush(stdout);
}

/* Which pages were written since the last call: a bit each. */
static int take_writes(unsigned *written)
{
    void *pages[TILT_FIELDS];
    ULONG_PTR count = TILT_FIELDS;
    DWORD granularity;

    if (GetWriteWatch(WRITE_WATCH_FLAG_RESET, arena, TILT_FIELDS * TILT_PAGE, pages, &count,
                      &granularity)) {
        fprintf(stderr, "tilt_game: GetWriteWatch failed with error %lu\n", GetLastError());
        return 1;
    }
    *written = 0;
    for (ULONG_PTR i = 0; i < count; i++)
        *written |= 1u << (((char *)pages[i] - arena) / TILT_PAGE);
    return 0;
}

static int run(void)
{
    for (unsigned frame = 0; frame < options.frames; frame++) {
        unsigned written, later, foreign;

        own_writes = 0;
        play(frame);
        if (take_writes(&written))
            return 1;
        if (options.frame_ms)
            Sleep(options.frame_ms);
        if (take_writes(&later))
            return 1;
        foreign = (written & ~own_writes) | later;
        written |= later;
        if (!options.quiet || foreign)
            print_frame(frame, written, foreign);
        if (!foreign)
            continue;
        for (int field = 0; field < TILT_FIELDS; field++)
            if (foreign & (1u << field))
                printf("TILT: page %p (%s) was written, and not by the game; it now holds %ld\n",
                       arena + field * TILT_PAGE, field_names[field], read_field(field));
        return 3;
    }
    printf("The end: score %ld, health %ld, %u frames, no tilt.\n", read_field(TILT_SCORE),
           read_field(TILT_HEALTH), options.frames);
    return 0;
}

static int usage(FILE *stream)
{
    fputs("Usage: tilt_game [--frames N] [--frame-ms N] [--quiet] [--arena FILE]\n"
          "Plays N frames (60) of N ms (50). FILE is written with the process id once the game\n"
          "runs, so that scripts need not wait blindly.\n"
          "Exit code: 0 played to the end, 3 TILT, 2 wrong usage, 1 error.\n",
          stream);
    return stream == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--frames") && i + 1 < argc)
            options.frames = (unsigned)atoi(argv[++i]);
        else if (!strcmp(argv[i], "--frame-ms") && i + 1 < argc)
            options.frame_ms = (unsigned)atoi(argv[++i]);
        else if (!strcmp(argv[i], "--quiet"))
            options.quiet = 1;
        else if (!strcmp(argv[i], "--arena") && i + 1 < argc)
            options.arena_file = argv[++i];
        else
            return usage(strcmp(argv[i], "--help") ? stderr : stdout);
    }
    return start() ? 1 : run();
}
