/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which function table entry describes an address: those of images, sorted in their exception
 * directory, and those that programs add for code they generate.
 *
 * Image look-ups take no lock: an exception is dispatched whatever other threads hold, and C++ code
 * throws often. The images stand in a sorted array guarded by a sequence number, odd while the loader
 * (under its lock) changes it; a reader that saw a change reads again.
 */
#include "ldr.h"
#include "unwind.h"

#define MAX_IMAGES 1024

struct image {
    ULONG64 start, end;
    const RUNTIME_FUNCTION *functions;
    ULONG count;
};

static struct image images[MAX_IMAGES];
static ULONG image_count;
static LONG image_sequence;

static void find_directory(void *base, struct image *image)
{
    const IMAGE_DOS_HEADER *dos = base;
    const IMAGE_NT_HEADERS64 *nt = (void *)((char *)base + dos->e_lfanew);
    const IMAGE_DATA_DIRECTORY *directory =
        &nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXCEPTION];
    ULONG bytes = nt->OptionalHeader.SizeOfImage;

    image->start = (ULONG64)base;
    image->end = image->start + bytes;
    image->functions = NULL;
    image->count = 0;
    if (nt->OptionalHeader.NumberOfRvaAndSizes > IMAGE_DIRECTORY_ENTRY_EXCEPTION &&
        directory->VirtualAddress && directory->VirtualAddress < bytes &&
        directory->Size <= bytes - directory->VirtualAddress &&
        is_readable((char *)base + directory->VirtualAddress, directory->Size)) {
        image->functions = (void *)((char *)base + directory->VirtualAddress);
        image->count = directory->Size / sizeof(RUNTIME_FUNCTION);
    }
}

/* Under the loader lock. */
void function_table_add_image(void *base)
{
    struct image image;
    ULONG i;

    find_directory(base, &image);
    if (image_count == MAX_IMAGES)
        return;
    InterlockedIncrement(&image_sequence);
    for (i = image_count; i && images[i - 1].start > image.start; i--)
        images[i] = images[i - 1];
    images[i] = image;
    image_count++;
    InterlockedIncrement(&image_sequence);
}

void function_table_remove_image(void *base)
{
    InterlockedIncrement(&image_sequence);
    for (ULONG i = 0; i < image_count; i++) {
        if (images[i].start != (ULONG64)base)
            continue;
        memmove(&images[i], &images[i + 1], (image_count - i - 1) * sizeof(images[0]));
        image_count--;
        break;
    }
    InterlockedIncrement(&image_sequence);
}

static bool find_image(ULONG64 pc, struct image *out)
{
    for (;;) {
        LONG sequence = __atomic_load_n(&image_sequence, __ATOMIC_ACQUIRE);
        ULONG low = 0, high = image_count;
        bool found = false;

        while (low < high) {
            ULONG middle = (low + high) / 2;

            if (pc < images[middle].start) {
                high = middle;
            } else if (pc >= images[middle].end) {
                low = middle + 1;
            } else {
                *out = images[middle];
                found = true;
                break;
            }
        }
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!(sequence & 1) && sequence == __atomic_load_n(&image_sequence, __ATOMIC_RELAXED)) {
            if (found || image_count < MAX_IMAGES)
                return found;
            break;
        }
        YieldProcessor();
    }
    /* More images than places: the loader knows them all. */
    void *base;

    if (!RtlPcToFileHeader((void *)pc, &base))
        return false;
    find_directory(base, out);
    return true;
}

static const RUNTIME_FUNCTION *search(const RUNTIME_FUNCTION *functions, ULONG count, ULONG rva)
{
    ULONG low = 0, high = count;

    while (low < high) {
        ULONG middle = (low + high) / 2;

        if (rva < functions[middle].BeginAddress)
            high = middle;
        else if (rva >= functions[middle].EndAddress)
            low = middle + 1;
        else
            return &functions[middle];
    }
    return NULL;
}

/* --- Tables for generated code --- */

enum table_kind { TABLE_STATIC, TABLE_CALLBACK, TABLE_GROWABLE };

struct dynamic_table {
    LIST_ENTRY link;
    enum table_kind kind;
    ULONG64 identifier; /* what RtlDeleteFunctionTable is given */
    ULONG64 start, end; /* addresses that it may describe */
    ULONG64 base;
    RUNTIME_FUNCTION *functions;
    ULONG count;
    bool is_sorted;
    PGET_RUNTIME_FUNCTION_CALLBACK callback;
    void *context;
};

static LIST_ENTRY dynamic_tables = {&dynamic_tables, &dynamic_tables};
static RTL_SRWLOCK dynamic_lock;

static const RUNTIME_FUNCTION *search_dynamic(ULONG64 pc, ULONG64 *base)
{
    PGET_RUNTIME_FUNCTION_CALLBACK callback = NULL;
    const RUNTIME_FUNCTION *result = NULL;
    void *context = NULL;

    if (__atomic_load_n(&dynamic_tables.Flink, __ATOMIC_ACQUIRE) == &dynamic_tables)
        return NULL;
    RtlAcquireSRWLockShared(&dynamic_lock);
    for (LIST_ENTRY *link = dynamic_tables.Flink; link != &dynamic_tables; link = link->Flink) {
        struct dynamic_table *table = CONTAINING_RECORD(link, struct dynamic_table, link);

        if (pc < table->start || pc >= table->end)
            continue;
        *base = table->base;
        if (table->kind == TABLE_CALLBACK) {
            callback = table->callback;
            context = table->context;
        } else if (table->is_sorted) {
            result = search(table->functions, table->count, (ULONG)(pc - table->base));
        } else {
            for (ULONG i = 0; i < table->count && !result; i++)
                if (pc - table->base >= table->functions[i].BeginAddress &&
                    pc - table->base < table->functions[i].EndAddress)
                    result = &table->functions[i];
        }
        if (result || callback)
            break;
    }
    RtlReleaseSRWLockShared(&dynamic_lock);
    /* Not under the lock: the callback may look up entries itself. */
    return callback ? callback(pc, context) : result;
}

RUNTIME_FUNCTION *WINAPI RtlLookupFunctionEntry(ULONG_PTR pc, ULONG_PTR *base,
                                                UNWIND_HISTORY_TABLE *history)
{
    const RUNTIME_FUNCTION *function;
    struct image image;

    (void)history; /* the look-up is quick without */
    if (find_image(pc, &image)) {
        *base = image.start;
        function = search(image.functions, image.count, (ULONG)(pc - image.start));
        /* Linkers point parts of a function at the entry of another part. */
        if (function && (function->UnwindData & 1)) {
            ULONG rva = function->UnwindData & ~1u;

            function = rva < image.end - image.start - sizeof(*function)
                           ? (void *)(image.start + rva)
                           : NULL;
        }
        return (RUNTIME_FUNCTION *)function;
    }
    *base = 0;
    return (RUNTIME_FUNCTION *)search_dynamic(pc, base);
}

void *WINAPI RtlLookupFunctionTable(void *pc, void **base, ULONG *bytes);

void *WINAPI RtlLookupFunctionTable(void *pc, void **base, ULONG *bytes)
{
    struct image image;

    *base = NULL;
    *bytes = 0;
    if (!find_image((ULONG64)pc, &image))
        return NULL;
    *base = (void *)image.start;
    *bytes = image.count * sizeof(RUNTIME_FUNCTION);
    return (void *)image.functions;
}

static struct dynamic_table *new_table(enum table_kind kind, ULONG64 identifier)
{
    struct dynamic_table *table =
        RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*table));

    if (table) {
        table->kind = kind;
        table->identifier = identifier;
    }
    return table;
}

static void publish(struct dynamic_table *table)
{
    RtlAcquireSRWLockExclusive(&dynamic_lock);
    InsertTailList(&dynamic_tables, &table->link);
    RtlReleaseSRWLockExclusive(&dynamic_lock);
}

BOOLEAN CDECL RtlAddFunctionTable(RUNTIME_FUNCTION *functions, DWORD count, DWORD_PTR base)
{
    struct dynamic_table *table = new_table(TABLE_STATIC, (ULONG64)functions);

    if (!table)
        return FALSE;
    table->base = base;
    table->functions = functions;
    table->count = count;
    table->start = ~0ull;
    table->is_sorted = true;
    for (DWORD i = 0; i < count; i++) {
        if (base + functions[i].BeginAddress < table->start)
            table->start = base + functions[i].BeginAddress;
        if (base + functions[i].EndAddress > table->end)
            table->end = base + functions[i].EndAddress;
        if (i && functions[i].BeginAddress < functions[i - 1].EndAddress)
            table->is_sorted = false;
    }
    publish(table);
    return TRUE;
}

BOOLEAN CDECL RtlInstallFunctionTableCallback(DWORD_PTR identifier, DWORD_PTR base, DWORD length,
                                              PGET_RUNTIME_FUNCTION_CALLBACK callback,
                                              void *context, const WCHAR *dll)
{
    struct dynamic_table *table;

    (void)dll; /* for debuggers out of process */
    /* The two low bits mark a callback's identifier (MSDN). */
    if ((identifier & 3) != 3)
        return FALSE;
    table = new_table(TABLE_CALLBACK, identifier);
    if (!table)
        return FALSE;
    table->base = table->start = base;
    table->end = base + length;
    table->callback = callback;
    table->context = context;
    publish(table);
    return TRUE;
}

DWORD WINAPI RtlAddGrowableFunctionTable(void **handle, RUNTIME_FUNCTION *functions, DWORD count,
                                         DWORD maximum, ULONG_PTR start, ULONG_PTR end)
{
    struct dynamic_table *table = new_table(TABLE_GROWABLE, (ULONG64)functions);

    (void)maximum;
    if (!table)
        return (DWORD)STATUS_NO_MEMORY;
    table->base = table->start = start;
    table->end = end;
    table->functions = functions;
    table->count = count;
    table->is_sorted = true; /* the caller's duty */
    publish(table);
    *handle = table;
    return STATUS_SUCCESS;
}

void WINAPI RtlGrowFunctionTable(void *handle, DWORD count)
{
    struct dynamic_table *table = handle;

    RtlAcquireSRWLockExclusive(&dynamic_lock);
    if (count > table->count)
        table->count = count;
    RtlReleaseSRWLockExclusive(&dynamic_lock);
}

void WINAPI RtlDeleteGrowableFunctionTable(void *handle)
{
    struct dynamic_table *table = handle;

    RtlAcquireSRWLockExclusive(&dynamic_lock);
    RemoveEntryList(&table->link);
    RtlReleaseSRWLockExclusive(&dynamic_lock);
    RtlFreeHeap(process_heap(), 0, table);
}

BOOLEAN CDECL RtlDeleteFunctionTable(RUNTIME_FUNCTION *identifier)
{
    struct dynamic_table *found = NULL;

    RtlAcquireSRWLockExclusive(&dynamic_lock);
    for (LIST_ENTRY *link = dynamic_tables.Flink; link != &dynamic_tables; link = link->Flink) {
        struct dynamic_table *table = CONTAINING_RECORD(link, struct dynamic_table, link);

        if (table->identifier == (ULONG64)identifier && table->kind != TABLE_GROWABLE) {
            RemoveEntryList(&table->link);
            found = table;
            break;
        }
    }
    RtlReleaseSRWLockExclusive(&dynamic_lock);
    if (!found)
        return FALSE;
    RtlFreeHeap(process_heap(), 0, found);
    return TRUE;
}
