/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which pages of a SEC_RESERVE section are committed.
 *
 * Committing a page in one view commits it in the section: every other view, in every process, has it from then
 * on with the protection that it was mapped with (Wine's test_MapViewOfFile, which passes on Windows). So the
 * section's descriptor holds, behind the section's own bytes, a map with one bit a page that all processes
 * map. A committer sets bits and then raises the generation; bits are never cleared, since a section's pages
 * cannot be decommitted. Who finds a generation that it does not know takes the bits over. That happens
 * when a page of the view is asked for or touched, and at once for the committer's own process (system calls
 * that get a buffer in another view would fail otherwise).
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "section.h"
#include "views.h"

struct commit_map {
    _Atomic uint64_t generation;
    _Atomic uint64_t bits[];    /* bit (page % 64) of word page / 64 */
};

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_OFFSET) >> PAGE_SHIFT;
}

uint64_t commit_map_bytes(uint64_t section_bytes)
{
    uint64_t bytes = sizeof(struct commit_map) + (pages_of(section_bytes) + 63) / 64 * 8;

    return (bytes + PAGE_OFFSET) & ~(uint64_t)PAGE_OFFSET;
}

struct commit_map *commit_map_open(int fd, uint64_t section_bytes)
{
    uint64_t at = pages_of(section_bytes) << PAGE_SHIFT, bytes = commit_map_bytes(section_bytes);
    struct stat st;
    void *map;

    /* It may come from another process: a shorter one would be SIGBUS. */
    if (fstat(fd, &st) || at + bytes < at || (uint64_t)st.st_size < at + bytes)
        return NULL;
    map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)at);
    return map == MAP_FAILED ? NULL : map;
}

void commit_map_close(struct commit_map *map, uint64_t section_bytes)
{
    if (map)
        munmap(map, commit_map_bytes(section_bytes));
}

/* The stretch of committed pages in [page, end) of the section; false: there is none. */
static bool next_committed(struct commit_map *map, uint64_t page, uint64_t end, uint64_t *first,
                           uint64_t *last)
{
    bool is_inside = false;

    while (page < end) {
        uint64_t word = atomic_load_explicit(&map->bits[page / 64], memory_order_relaxed);
        bool is_set;

        if (page % 64 == 0 && end - page >= 64 && word == (is_inside ? ~0ull : 0)) {
            page += 64;
            continue;
        }
        is_set = word >> page % 64 & 1;
        if (is_set && !is_inside) {
            is_inside = true;
            *first = page;
        } else if (!is_set && is_inside) {
            break;
        }
        page++;
    }
    *last = page;
    return is_inside;
}

bool section_catch_up(struct view *view)
{
    uint64_t start, at, end, first = 0, last, generation;
    bool has_changed = false;

    if (!(view->flags & VIEW_LAZY))
        return false;
    /* The generation before the bits: what is set after it was read is found the next time. */
    generation = atomic_load(&view->commit_map->generation);
    if (generation == view->seen_generation)
        return false;
    start = view->section_offset >> PAGE_SHIFT;
    end = start + (view->bytes >> PAGE_SHIFT);
    for (at = start; next_committed(view->commit_map, at, end, &first, &last); at = last) {
        size_t page = (size_t)(first - start), stop = (size_t)(last - start), next;

        for (; page < stop; page = next) {
            if (runs_get(view, page, &next))
                continue; /* committed here already, with a protection of its own */
            if (next > stop)
                next = stop;
            if (mprotect(view->base + (page << PAGE_SHIFT), (next - page) << PAGE_SHIFT,
                         protect_to_linux(view->protect)) ||
                !runs_set(view, page, next - page, view->protect))
                return has_changed; /* tried again at the next touch */
            has_changed = true;
        }
    }
    view->seen_generation = generation;
    return has_changed;
}

void section_commit(struct view *view, char *base, size_t bytes)
{
    struct commit_map *map = view->commit_map;
    uint64_t page = (view->section_offset + (uint64_t)(base - view->base)) >> PAGE_SHIFT;
    uint64_t end = page + (bytes >> PAGE_SHIFT);

    while (page < end) {
        uint64_t count = 64 - page % 64, mask;

        if (count > end - page)
            count = end - page;
        mask = (count == 64 ? ~0ull : (1ull << count) - 1) << page % 64;
        atomic_fetch_or_explicit(&map->bits[page / 64], mask, memory_order_relaxed);
        page += count;
    }
    atomic_fetch_add(&map->generation, 1); /* orders the bits before it */
    for (struct view *other = view_at_or_above(NULL); other;
         other = view_at_or_above(other->base + other->bytes))
        if (other != view && other->section == view->section)
            section_catch_up(other);
}
