/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes malformed images out of sound ones, the same on Linux and on Windows: for the fuzz of the mapper
 * (tests/test_image_fuzz.c) and of the PE half's loader (tests/fuzz/loader_fuzz.c). Deterministic: one
 * number gives one mutant, so that a failure can be seen again. Offsets are those of Microsoft's "PE Format".
 */
#ifndef DECANT_TESTS_MUTATE_IMAGE_H
#define DECANT_TESTS_MUTATE_IMAGE_H

#include <stdint.h>
#include <string.h>

#define MUTATE_SECTION_BYTES 40u
#define MUTATE_DIRECTORIES   16u

/* A sound image's landmarks, as offsets into the file. */
struct mutate_map {
    uint32_t header, optional, sections, section_count, directories;
    uint32_t image_bytes;
    struct {
        uint32_t at, bytes; /* 0: the image has none */
    } directory[MUTATE_DIRECTORIES];
};

/* xorshift64* */
static inline uint64_t mutate_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static inline uint32_t mutate_below(uint64_t *state, uint32_t bound)
{
    return bound ? (uint32_t)(mutate_random(state) >> 33) % bound : 0;
}

static inline uint32_t mutate_get(const uint8_t *data, uint32_t bytes, uint32_t at)
{
    uint32_t value = 0;

    if (at < bytes && bytes - at >= sizeof(value))
        memcpy(&value, data + at, sizeof(value));
    return value;
}

static inline void mutate_set(uint8_t *data, uint32_t bytes, uint32_t at, uint32_t value,
                              uint32_t width)
{
    if (at < bytes && bytes - at >= width)
        memcpy(data + at, &value, width);
}

/* 0 when the file is not an x86-64 image with the usual headers. */
static inline int mutate_find(const uint8_t *data, uint32_t bytes, struct mutate_map *map)
{
    memset(map, 0, sizeof(*map));
    map->header = mutate_get(data, bytes, 0x3c);
    if (bytes < 0x400 || map->header > bytes - 0x200 ||
        mutate_get(data, bytes, map->header) != 0x4550)
        return 0;
    map->optional = map->header + 24;
    if ((mutate_get(data, bytes, map->optional) & 0xffff) != 0x20b)
        return 0;
    map->section_count = mutate_get(data, bytes, map->header + 6) & 0xffff;
    map->sections = map->optional + (mutate_get(data, bytes, map->header + 20) & 0xffff);
    map->directories = map->optional + 112;
    map->image_bytes = mutate_get(data, bytes, map->optional + 56);
    for (uint32_t i = 0; i < MUTATE_DIRECTORIES; i++) {
        uint32_t rva = mutate_get(data, bytes, map->directories + i * 8);
        uint32_t size = mutate_get(data, bytes, map->directories + i * 8 + 4);

        for (uint32_t k = 0; k < map->section_count; k++) {
            uint32_t header = map->sections + k * MUTATE_SECTION_BYTES;
            uint32_t start = mutate_get(data, bytes, header + 12);
            uint32_t raw_bytes = mutate_get(data, bytes, header + 16);

            if (!rva || rva < start || rva - start >= raw_bytes)
                continue;
            map->directory[i].at = mutate_get(data, bytes, header + 20) + (rva - start);
            map->directory[i].bytes = size < raw_bytes - (rva - start) ? size
                                                                       : raw_bytes - (rva - start);
        }
    }
    return map->section_count && map->section_count <= 96;
}

/* A number that code is likely to get wrong. */
static inline uint32_t mutate_number(uint64_t *state, const struct mutate_map *map, uint32_t bytes)
{
    static const uint32_t fixed[] = {0,      1,      2,      4,          7,          8,
                                     0x10,   0xff,   0x100,  0x200,      0xfff,      0x1000,
                                     0x1001, 0xffff, 0x10000, 0x7fff0000, 0x7fffffff, 0x80000000,
                                     0xfffff000, 0xfffffff0, 0xfffffff8, 0xffffffff};
    uint32_t offset = mutate_below(state, 33) - 16;

    switch (mutate_below(state, 6)) {
    case 0:
        return bytes + offset;
    case 1:
        return map->image_bytes + offset;
    case 2:
        return mutate_below(state, map->image_bytes);
    case 3:
        return (uint32_t)mutate_random(state);
    default:
        return fixed[mutate_below(state, sizeof(fixed) / sizeof(fixed[0]))];
    }
}

static inline uint32_t mutate_width(uint64_t *state)
{
    static const uint32_t widths[] = {1, 2, 4, 4};

    return widths[mutate_below(state, 4)];
}

/* One change. The file may get shorter. */
static inline void mutate_once(uint8_t *data, uint32_t *bytes, const struct mutate_map *map,
                               uint64_t *state)
{
    uint32_t number = mutate_number(state, map, *bytes), which, at, room;

    switch (mutate_below(state, 16)) {
    case 0: /* the headers, up to the directories */
    case 1:
        at = map->header + mutate_below(state, 24 + 112);
        mutate_set(data, *bytes, at & ~3u, number, mutate_width(state));
        break;
    case 2: /* a directory's place and size */
    case 3:
    case 4:
        at = map->directories + mutate_below(state, MUTATE_DIRECTORIES * 2) * 4;
        mutate_set(data, *bytes, at, number, 4);
        break;
    case 5: /* a section header */
    case 6:
        at = map->sections + mutate_below(state, map->section_count) * MUTATE_SECTION_BYTES + 8 +
             mutate_below(state, 8) * 4;
        mutate_set(data, *bytes, at, number, 4);
        break;
    case 7: /* the DOS header */
        mutate_set(data, *bytes, mutate_below(state, 2) ? 0x3c : mutate_below(state, 0x40), number,
                   mutate_width(state));
        break;
    case 8: /* shorter */
        if (!mutate_below(state, 3))
            *bytes = mutate_below(state, mutate_below(state, 2) ? *bytes : 0x600);
        break;
    case 9: /* anywhere */
        mutate_set(data, *bytes, mutate_below(state, *bytes), number, mutate_width(state));
        break;
    default: /* inside a directory that there is, its beginning above all */
        for (int tries = 0; tries < 8; tries++) {
            which = mutate_below(state, MUTATE_DIRECTORIES);
            room = map->directory[which].bytes;
            if (!map->directory[which].at || room < 4)
                continue;
            if (mutate_below(state, 2) && room > 64)
                room = 64;
            at = map->directory[which].at + (mutate_below(state, room) & ~3u);
            mutate_set(data, *bytes, at + mutate_below(state, 2) * mutate_below(state, 4), number,
                       mutate_width(state));
            break;
        }
    }
}

/* Turns the sound image into mutant `number`; returns its length, at most `bytes`. */
static inline uint32_t mutate_image(uint8_t *data, uint32_t bytes, const struct mutate_map *map,
                                    uint64_t number)
{
    uint64_t state = (number + 1) * 0x9e3779b97f4a7c15ull;
    uint32_t changes = 1 + mutate_below(&state, 6);

    while (changes--)
        mutate_once(data, &bytes, map, &state);
    return bytes;
}

#endif
