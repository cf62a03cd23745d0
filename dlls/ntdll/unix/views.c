/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Views and page runs. Views are kept sorted by address in one array: looking up is a binary search, and a
 * program has few enough of them that moving the array's tail on insertion costs nothing beside the
 * mmap that goes with it. A reserve has no runs, so its size does not matter.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "object.h"
#include "views.h"
#include "virtual_watch.h"

/* Where allocations go that name no address: above everything that 32-bit habits expect,
 * below everything that Linux itself maps (PIE programs at 0x55…, libraries and stacks at 0x7f…). */
#define ARENA_LOW  ((uintptr_t)0x100000000)
#define ARENA_HIGH ((uintptr_t)0x500000000000)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct view **views;
static size_t view_count, view_room;
static bool is_published;
static uintptr_t next_fit = ARENA_LOW;
uint64_t watched_views;

void virtual_lock(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, old);
    pthread_mutex_lock(&lock);
    if (is_published)
        atomic_fetch_add(&PROCESS_BLOCK->sequence, 1);
}

void virtual_unlock(const sigset_t *old)
{
    if (is_published) {
        PROCESS_BLOCK->views = views;
        PROCESS_BLOCK->view_count = view_count;
        PROCESS_BLOCK->peb = process.peb;
        PROCESS_BLOCK->watched_count = watched_views;
        atomic_fetch_add(&PROCESS_BLOCK->sequence, 1);
    }
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

int process_block_init(void)
{
    void *page = mmap(PROCESS_BLOCK, PAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (page == MAP_FAILED)
        return -errno;
    PROCESS_BLOCK->magic = PROCESS_BLOCK_MAGIC;
    PROCESS_BLOCK->view_bytes = sizeof(struct view);
    is_published = true;
    return 0;
}

/* --- Commit charge --- */

static size_t private_pages; /* committed in private views */

static void charge(const struct view *view, ssize_t pages)
{
    if (view->type == MEM_PRIVATE)
        private_pages += (size_t)pages;
}

uint64_t commit_limit(void)
{
    static uint64_t limit;
    struct sysinfo info;

    if (!limit && !sysinfo(&info))
        limit = (info.totalram * 4 + info.totalswap) * info.mem_unit;
    return limit;
}

bool commit_allows(size_t pages)
{
    return (private_pages + pages) << PAGE_SHIFT <= commit_limit();
}

/* --- Views --- */

/* Index of the first view that ends above the address. */
static size_t index_above(uintptr_t address)
{
    size_t low = 0, high = view_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if ((uintptr_t)views[middle]->base + views[middle]->bytes > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct view *view_at_or_above(const void *address)
{
    size_t index = index_above((uintptr_t)address);

    return index < view_count ? views[index] : NULL;
}

struct view *view_find(const void *address)
{
    struct view *view = view_at_or_above(address);

    return view && view->base <= (const char *)address ? view : NULL;
}

struct view *view_add(void *base, size_t bytes, ULONG type, ULONG protect, unsigned flags)
{
    struct view *view = calloc(1, sizeof(*view));
    size_t index = index_above((uintptr_t)base);

    if (!view)
        return NULL;
    if (view_count == view_room) {
        size_t room = view_room ? view_room * 2 : 256;
        struct view **grown = realloc(views, room * sizeof(*views));

        if (!grown) {
            free(view);
            return NULL;
        }
        views = grown;
        view_room = room;
    }
    memmove(views + index + 1, views + index, (view_count - index) * sizeof(*views));
    views[index] = view;
    view_count++;
    view->base = base;
    view->bytes = bytes;
    view->type = type;
    view->protect = protect;
    view->flags = flags;
    return view;
}

struct object *view_remove(struct view *view)
{
    struct object *section = view->section;
    size_t index = index_above((uintptr_t)view->base);

    charge(view, -(ssize_t)runs_committed(view, 0, view->bytes >> PAGE_SHIFT));
    view_count--;
    memmove(views + index, views + index + 1, (view_count - index) * sizeof(*views));
    free(view->runs);
    free(view->file_name);
    free(view);
    return section;
}

struct view *view_split(struct view *view, size_t offset)
{
    size_t cut = offset >> PAGE_SHIFT, total = view->bytes;
    struct view *second;
    bool done = true;

    view->bytes = offset; /* first, so that the second half finds its place behind it */
    second = view_add(view->base + offset, total - offset, view->type, view->protect, view->flags);
    for (size_t i = 0; second && done && i < view->run_count; i++) {
        const struct page_run *run = &view->runs[i];
        size_t first = run->first > cut ? run->first : cut, last = run->first + run->count;

        if (last > cut)
            done = runs_set(second, first - cut, last - first, run->protect);
    }
    if (!second || !done) {
        view->bytes = total;
        if (second)
            view_remove(second);
        return NULL;
    }
    runs_clear(view, cut, (total >> PAGE_SHIFT) - cut);
    if (view->section) {
        object_retain(view->section);
        second->section = view->section;
        second->section_offset = view->section_offset + offset;
        second->commit_map = view->commit_map;
        second->seen_generation = view->seen_generation;
    }
    if (view->watch)
        watch_share(view, second);
    if (view->file_name)
        second->file_name = strdup(view->file_name);
    return second;
}

/* --- Page runs --- */

/* Index of the first run that ends above the page. */
static size_t run_above(const struct view *view, size_t page)
{
    size_t low = 0, high = view->run_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (view->runs[middle].first + view->runs[middle].count > page)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

ULONG runs_get(const struct view *view, size_t page, size_t *end)
{
    size_t index = run_above(view, page);

    if (index == view->run_count) {
        *end = view->bytes >> PAGE_SHIFT;
        return 0;
    }
    if (view->runs[index].first > page) {
        *end = view->runs[index].first;
        return 0;
    }
    *end = view->runs[index].first + view->runs[index].count;
    return view->runs[index].protect;
}

bool runs_all_committed(const struct view *view, size_t first, size_t count)
{
    size_t end;

    for (size_t page = first; page < first + count; page = end)
        if (!runs_get(view, page, &end))
            return false;
    return true;
}

size_t runs_committed(const struct view *view, size_t first, size_t count)
{
    size_t total = 0, last = first + count;

    for (size_t i = run_above(view, first); i < view->run_count && view->runs[i].first < last; i++) {
        size_t begin = view->runs[i].first, end = begin + view->runs[i].count;

        total += (end < last ? end : last) - (begin > first ? begin : first);
    }
    return total;
}

/* Replaces what lies in [first, first + count) by one run, or by none (protect 0). */
static bool replace(struct view *view, size_t first, size_t count, ULONG protect)
{
    struct page_run head = {0}, tail = {0}, middle = {first, count, protect}, *old;
    size_t begin = run_above(view, first), end = begin, last = first + count, added = 0;
    struct page_run put[3];

    while (end < view->run_count && view->runs[end].first < last)
        end++;
    if (begin < end) {
        old = &view->runs[begin];
        if (old->first < first)
            head = (struct page_run){old->first, first - old->first, old->protect};
        old = &view->runs[end - 1];
        if (old->first + old->count > last)
            tail = (struct page_run){last, old->first + old->count - last, old->protect};
    }
    if (protect) {
        /* Neighbours of the same protection become one run with it. */
        if (head.count && head.protect == protect) {
            middle.first = head.first;
            middle.count += head.count;
            head.count = 0;
        } else if (!head.count && begin > 0 && view->runs[begin - 1].protect == protect &&
                   view->runs[begin - 1].first + view->runs[begin - 1].count == first) {
            begin--;
            middle.first = view->runs[begin].first;
            middle.count += view->runs[begin].count;
        }
        if (tail.count && tail.protect == protect) {
            middle.count += tail.count;
            tail.count = 0;
        } else if (!tail.count && end < view->run_count && view->runs[end].protect == protect &&
                   view->runs[end].first == last) {
            middle.count += view->runs[end].count;
            end++;
        }
    }
    if (head.count)
        put[added++] = head;
    if (protect)
        put[added++] = middle;
    if (tail.count)
        put[added++] = tail;
    if (view->run_count - (end - begin) + added > view->run_room) {
        size_t room = view->run_room ? view->run_room * 2 : 4;
        struct page_run *grown = realloc(view->runs, room * sizeof(*grown));

        if (!grown)
            return false;
        view->runs = grown;
        view->run_room = room;
    }
    memmove(view->runs + begin + added, view->runs + end,
            (view->run_count - end) * sizeof(*view->runs));
    memcpy(view->runs + begin, put, added * sizeof(*put));
    view->run_count = view->run_count - (end - begin) + added;
    return true;
}

bool runs_set(struct view *view, size_t first, size_t count, ULONG protect)
{
    size_t before = runs_committed(view, first, count);

    if (count && !replace(view, first, count, protect))
        return false;
    charge(view, (ssize_t)count - (ssize_t)before);
    return true;
}

bool runs_clear(struct view *view, size_t first, size_t count)
{
    size_t before = runs_committed(view, first, count);

    if (count && !replace(view, first, count, 0))
        return false;
    charge(view, -(ssize_t)before);
    return true;
}

/* --- Address space --- */

static void *try_map(uintptr_t address, size_t bytes)
{
    void *result = mmap((void *)address, bytes, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (result != MAP_FAILED && result != (void *)address) {
        munmap(result, bytes); /* a kernel before 4.17 takes the address as a hint */
        errno = EEXIST;
        return MAP_FAILED;
    }
    return result;
}

static uintptr_t align_up(uintptr_t value, size_t align)
{
    return (value + align - 1) & ~(uintptr_t)(align - 1);
}

/* What Linux has in [at, at + bytes): libraries, stacks, a sanitizer's terabytes of shadow. Feeling one's way
 * past the last takes seconds, so they are looked up. False where nothing is there (any more). */
static bool find_obstacle(uintptr_t at, size_t bytes, uintptr_t *start, uintptr_t *end)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    unsigned long long first, last;
    bool found = false;
    char line[512];

    while (maps && fgets(line, sizeof(line), maps)) {
        if (sscanf(line, "%llx-%llx ", &first, &last) != 2 || last <= at)
            continue;
        if (first >= at + bytes)
            break;
        if (!found)
            *start = first;
        *end = last;
        found = true;
    }
    if (maps)
        fclose(maps);
    return found;
}

/* The gaps between views, from `from` upwards. */
static NTSTATUS search_up(uintptr_t from, uintptr_t high, size_t bytes, size_t align, void **out)
{
    uintptr_t at = align_up(from, align), obstacle, obstacle_end;

    while (at < high && high - at >= bytes) {
        struct view *view = view_at_or_above((void *)at);
        void *result;

        if (view && (uintptr_t)view->base < at + bytes) {
            at = align_up((uintptr_t)view->base + view->bytes, align);
            continue;
        }
        result = try_map(at, bytes);
        if (result != MAP_FAILED) {
            *out = result;
            return STATUS_SUCCESS;
        }
        if (errno != EEXIST)
            return STATUS_NO_MEMORY;
        if (find_obstacle(at, bytes, &obstacle, &obstacle_end) && obstacle_end > at)
            at = align_up(obstacle_end, align);
        else
            at += align < 0x100000 ? 0x100000 : align;
    }
    return STATUS_NO_MEMORY;
}

static NTSTATUS search_down(uintptr_t low, uintptr_t high, size_t bytes, size_t align, void **out)
{
    uintptr_t at, obstacle, obstacle_end;

    if (high < bytes || high - bytes < low)
        return STATUS_NO_MEMORY;
    for (at = (high - bytes) & ~(uintptr_t)(align - 1); at >= low;) {
        struct view *view = view_at_or_above((void *)at);
        void *result;

        if (view && (uintptr_t)view->base < at + bytes) {
            if ((uintptr_t)view->base < low + bytes)
                return STATUS_NO_MEMORY;
            at = ((uintptr_t)view->base - bytes) & ~(uintptr_t)(align - 1);
            continue;
        }
        result = try_map(at, bytes);
        if (result != MAP_FAILED) {
            *out = result;
            return STATUS_SUCCESS;
        }
        if (errno != EEXIST)
            return STATUS_NO_MEMORY;
        if (find_obstacle(at, bytes, &obstacle, &obstacle_end)) {
            if (obstacle < low + bytes)
                break;
            at = (obstacle - bytes) & ~(uintptr_t)(align - 1);
            continue;
        }
        if (at < low + 0x100000)
            break;
        at -= align < 0x100000 ? 0x100000 : align;
    }
    return STATUS_NO_MEMORY;
}

NTSTATUS space_reserve(void *address, size_t bytes, uintptr_t low, uintptr_t high, size_t align,
                       bool top_down, void **out)
{
    NTSTATUS status;

    if (address) {
        struct view *view = view_at_or_above(address);

        if ((view && view->base < (char *)address + bytes) ||
            try_map((uintptr_t)address, bytes) == MAP_FAILED)
            return STATUS_CONFLICTING_ADDRESSES;
        *out = address;
        return STATUS_SUCCESS;
    }
    if (align < GRANULARITY)
        align = GRANULARITY;
    if (low || high) {
        if (low < USER_SPACE_LOW)
            low = USER_SPACE_LOW;
        if (!high || high > USER_SPACE_HIGH)
            high = USER_SPACE_HIGH;
        return top_down ? search_down(low, high, bytes, align, out)
                        : search_up(low, high, bytes, align, out);
    }
    if (top_down)
        return search_down(ARENA_LOW, ARENA_HIGH, bytes, align, out);
    status = search_up(next_fit, ARENA_HIGH, bytes, align, out);
    if (status)
        status = search_up(ARENA_LOW, ARENA_HIGH, bytes, align, out);
    /* Going on behind the last one keeps the search short; addresses are plentiful. */
    if (!status && (uintptr_t)*out >= next_fit)
        next_fit = (uintptr_t)*out + bytes;
    return status;
}

void space_release(void *address, size_t bytes)
{
    munmap(address, bytes);
    if ((uintptr_t)address + bytes == next_fit && (uintptr_t)address >= ARENA_LOW)
        next_fit = (uintptr_t)address;
}

/* --- Protections --- */

int protect_to_linux(ULONG protect)
{
    if (protect & PAGE_GUARD)
        return PROT_NONE;
    switch (protect & 0xff) {
    case PAGE_READONLY: return PROT_READ;
    case PAGE_READWRITE:
    case PAGE_WRITECOPY: return PROT_READ | PROT_WRITE;
    /* Windows executes only what is executable, and x86 cannot execute without reading. */
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ: return PROT_READ | PROT_EXEC;
    case PAGE_EXECUTE_READWRITE:
    case PAGE_EXECUTE_WRITECOPY: return PROT_READ | PROT_WRITE | PROT_EXEC;
    default: return PROT_NONE;
    }
}

void protect_drop_targets(ULONG *protect)
{
    if (*protect & (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY))
        *protect &= ~(ULONG)PAGE_TARGETS_INVALID;
}

bool protect_is_valid(ULONG protect, bool is_section)
{
    ULONG basic = protect & 0xff, modifiers = protect & ~(ULONG)0xff;

    if (modifiers & ~(ULONG)(PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE))
        return false;
    if (!basic || basic & (basic - 1))
        return false;
    if (basic == PAGE_NOACCESS && modifiers & (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE))
        return false;
    return is_section || (basic != PAGE_WRITECOPY && basic != PAGE_EXECUTE_WRITECOPY);
}

/* The sets are those of Wine's test_mapping, which passes on Windows: a copy of one's own may always be
 * made where one may read; writing what others see and executing need the right from the start. */
bool protect_fits_view(const struct view *view, ULONG protect)
{
    const ULONG read = PAGE_NOACCESS | PAGE_READONLY | PAGE_WRITECOPY;
    const ULONG execute = PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_WRITECOPY;
    ULONG allowed;

    switch (view->protect & 0xff) {
    case PAGE_READONLY:
    case PAGE_WRITECOPY: allowed = read; break;
    case PAGE_READWRITE: allowed = read | PAGE_READWRITE; break;
    case PAGE_EXECUTE: allowed = PAGE_NOACCESS | PAGE_EXECUTE; break;
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY: allowed = read | execute; break;
    case PAGE_EXECUTE_READWRITE:
        allowed = read | execute | PAGE_READWRITE | PAGE_EXECUTE_READWRITE;
        break;
    default: allowed = PAGE_NOACCESS; break;
    }
    return protect & 0xff & allowed;
}
