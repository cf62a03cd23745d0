/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finding a watch without the virtual lock, whose holder blocks signals: two system calls, more than
 * the scan of a small region costs.
 *
 * The list is a sorted array that changes only under the virtual lock; `sequence` is odd meanwhile. A
 * look-up counts its pin up and then reads `sequence` again; whoever ends a watch changes `sequence` and
 * then reads the pins (both sequentially consistent). So either the look-up sees the change and gives up, or
 * the other sees the pin and waits. A look-up that gives up may have touched a watch that has ended or serves
 * another range by then: hence watches and arrays are never freed.
 */
#include <stdlib.h>
#include <string.h>

#include "watch_pin.h"

struct listed {
    _Atomic uintptr_t start, end;
    struct watch *_Atomic watch;
};

static struct watch *unused;
static struct listed *_Atomic list;
static _Atomic size_t list_count;
static size_t list_room;
static _Atomic uint64_t sequence;

struct watch *watch_new(void)
{
    struct watch *watch = unused;

    if (!watch)
        return calloc(1, sizeof(*watch));
    unused = watch->next;
    watch->region = NULL;
    watch->views = 0;
    watch->next = NULL;
    return watch; /* not its pins: a look-up may be about to take one back */
}

void watch_free(struct watch *watch)
{
    watch->next = unused;
    unused = watch;
}

/* Doubles the array. The old one stays, for look-ups that are in it: all of them together are as big as
 * the newest. */
static bool grow(void)
{
    size_t room = list_room ? 2 * list_room : 16;
    struct listed *bigger;

    if (list_count < list_room)
        return true;
    bigger = calloc(room, sizeof(*bigger));
    if (!bigger)
        return false;
    if (list_count)
        memcpy((void *)bigger, (void *)list, list_count * sizeof(*bigger));
    atomic_store(&list, bigger);
    list_room = room;
    return true;
}

static void copy(struct listed *to, struct listed *from)
{
    atomic_store_explicit(&to->start, from->start, memory_order_relaxed);
    atomic_store_explicit(&to->end, from->end, memory_order_relaxed);
    atomic_store_explicit(&to->watch, from->watch, memory_order_relaxed);
}

void watch_list(struct watch *watch, char *base, size_t bytes)
{
    size_t at = list_count;

    if (!grow())
        return;
    atomic_fetch_add(&sequence, 1);
    for (; at && list[at - 1].start > (uintptr_t)base; at--)
        copy(&list[at], &list[at - 1]);
    list[at].start = (uintptr_t)base;
    list[at].end = (uintptr_t)base + bytes;
    list[at].watch = watch;
    list_count++;
    watch->is_listed = true;
    atomic_fetch_add(&sequence, 1);
}

void watch_unlist(struct watch *watch)
{
    size_t at = 0;

    if (!watch->is_listed)
        return;
    atomic_fetch_add(&sequence, 1);
    while (list[at].watch != watch)
        at++;
    for (; at + 1 < list_count; at++)
        copy(&list[at], &list[at + 1]);
    list_count--;
    watch->is_listed = false;
    atomic_fetch_add(&sequence, 1);
}

struct watch *watch_pin_listed(const char *base, size_t bytes)
{
    uint64_t before = atomic_load_explicit(&sequence, memory_order_acquire);
    struct listed *array = atomic_load_explicit(&list, memory_order_relaxed);
    size_t low = 0, high = atomic_load_explicit(&list_count, memory_order_relaxed);
    struct watch *watch;

    /* Before it is clear that the two belong together, the array may be older and smaller than the count. */
    atomic_thread_fence(memory_order_acquire);
    if (before & 1 || !high || atomic_load(&sequence) != before)
        return NULL;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (atomic_load_explicit(&array[middle].start, memory_order_relaxed) <= (uintptr_t)base)
            low = middle;
        else
            high = middle;
    }
    if ((uintptr_t)base < atomic_load_explicit(&array[low].start, memory_order_relaxed) ||
        (uintptr_t)base + bytes > atomic_load_explicit(&array[low].end, memory_order_relaxed))
        return NULL;
    watch = atomic_load_explicit(&array[low].watch, memory_order_relaxed);
    atomic_fetch_add(&watch->pins, 1);
    if (atomic_load(&sequence) == before)
        return watch;
    atomic_fetch_sub(&watch->pins, 1);
    return NULL;
}
