/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fiber-local storage. Each fiber (each thread that is none) has a TEB_FLS_DATA with its values in chunks, made
 * when first used: chunk 0 holds indexes 0 to 15, each next one twice as many, so that values
 * never move. Index 0 is never given out (Windows 10). Data of all fibers are listed, for RtlFlsFree has
 * to call the callback on each of them.
 */
#include "ntdll.h"

#define CHUNKS     8
#define FIRST      0x10u
#define MAX_INDEX  (FIRST * ((1u << CHUNKS) - 1)) /* 4080, as Windows 10 1903 */
#define NO_CALLBACK ((PFLS_CALLBACK_FUNCTION) ~(ULONG_PTR)0)

static RTL_SRWLOCK lock;
static LIST_ENTRY all_data = {&all_data, &all_data};
static PFLS_CALLBACK_FUNCTION *callbacks[CHUNKS]; /* NULL entry: index is free */
static ULONG high_index;

static unsigned chunk_of(ULONG index, ULONG *offset)
{
    unsigned chunk = 31 - (unsigned)__builtin_clz(index / FIRST + 1);

    *offset = index - FIRST * ((1u << chunk) - 1);
    return chunk;
}

static void *new_chunk(unsigned chunk)
{
    return RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, (FIRST << chunk) * sizeof(void *));
}

static PFLS_CALLBACK_FUNCTION *callback_slot(ULONG index)
{
    ULONG offset;
    unsigned chunk = chunk_of(index, &offset);

    return callbacks[chunk] ? &callbacks[chunk][offset] : NULL;
}

static void **value_slot(const TEB_FLS_DATA *data, ULONG index)
{
    ULONG offset;
    unsigned chunk = chunk_of(index, &offset);

    return data && data->fls_data_chunks[chunk] ? &data->fls_data_chunks[chunk][offset] : NULL;
}

NTSTATUS WINAPI RtlFlsAlloc(PFLS_CALLBACK_FUNCTION callback, ULONG *result)
{
    NTSTATUS status = STATUS_NO_MEMORY;

    RtlAcquireSRWLockExclusive(&lock);
    for (ULONG index = 1; index < MAX_INDEX; index++) {
        ULONG offset;
        unsigned chunk = chunk_of(index, &offset);

        if (!callbacks[chunk] && !(callbacks[chunk] = new_chunk(chunk)))
            break;
        if (callbacks[chunk][offset])
            continue;
        callbacks[chunk][offset] = callback ? callback : NO_CALLBACK;
        if (index > high_index)
            high_index = index;
        *result = index;
        status = STATUS_SUCCESS;
        break;
    }
    RtlReleaseSRWLockExclusive(&lock);
    return status;
}

NTSTATUS WINAPI RtlFlsFree(ULONG index)
{
    PFLS_CALLBACK_FUNCTION callback, *slot;

    if (!index || index >= MAX_INDEX)
        return STATUS_INVALID_PARAMETER;
    RtlAcquireSRWLockExclusive(&lock);
    slot = callback_slot(index);
    if (!slot || !*slot) {
        RtlReleaseSRWLockExclusive(&lock);
        return STATUS_INVALID_PARAMETER;
    }
    callback = *slot;
    for (LIST_ENTRY *link = all_data.Flink; link != &all_data; link = link->Flink) {
        void **value = value_slot(CONTAINING_RECORD(link, TEB_FLS_DATA, fls_list_entry), index);

        /* Under the lock, as on Windows: no fiber may go away meanwhile. */
        if (value && *value) {
            if (callback != NO_CALLBACK)
                callback(*value);
            *value = NULL;
        }
    }
    *slot = NULL;
    RtlReleaseSRWLockExclusive(&lock);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlFlsGetValue(ULONG index, void **value)
{
    void **slot;

    if (!index || index >= MAX_INDEX)
        return STATUS_INVALID_PARAMETER;
    slot = value_slot(NtCurrentTeb()->FlsSlots, index);
    *value = slot ? *slot : NULL;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlFlsSetValue(ULONG index, void *value)
{
    TEB_FLS_DATA *data = NtCurrentTeb()->FlsSlots;
    ULONG offset;
    unsigned chunk;

    if (!index || index >= MAX_INDEX)
        return STATUS_INVALID_PARAMETER;
    if (!data) {
        data = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*data));
        if (!data)
            return STATUS_NO_MEMORY;
        RtlAcquireSRWLockExclusive(&lock);
        InsertTailList(&all_data, &data->fls_list_entry);
        RtlReleaseSRWLockExclusive(&lock);
        NtCurrentTeb()->FlsSlots = data;
    }
    chunk = chunk_of(index, &offset);
    if (!data->fls_data_chunks[chunk]) {
        void **values = new_chunk(chunk);

        if (!values)
            return STATUS_NO_MEMORY;
        __atomic_store_n(&data->fls_data_chunks[chunk], values, __ATOMIC_RELEASE);
    }
    data->fls_data_chunks[chunk][offset] = value;
    return STATUS_SUCCESS;
}

/* A fiber's or thread's end: bit 0, the callbacks; bit 1, the memory. */
void WINAPI RtlProcessFlsData(void *pointer, ULONG flags)
{
    TEB_FLS_DATA *data = pointer;

    if (!data)
        return;
    if (flags & 1) {
        RtlAcquireSRWLockExclusive(&lock);
        for (ULONG index = 1; index <= high_index; index++) {
            void **value = value_slot(data, index), *old;
            PFLS_CALLBACK_FUNCTION *slot = callback_slot(index);

            if (!value || !*value || !slot || !*slot)
                continue;
            old = *value;
            *value = NULL;
            if (*slot != NO_CALLBACK) {
                PFLS_CALLBACK_FUNCTION callback = *slot;

                /* A callback may use FLS functions itself. */
                RtlReleaseSRWLockExclusive(&lock);
                callback(old);
                RtlAcquireSRWLockExclusive(&lock);
            }
        }
        RemoveEntryList(&data->fls_list_entry);
        InitializeListHead(&data->fls_list_entry);
        RtlReleaseSRWLockExclusive(&lock);
    }
    if (flags & 2) {
        if (NtCurrentTeb()->FlsSlots == data)
            NtCurrentTeb()->FlsSlots = NULL;
        for (unsigned chunk = 0; chunk < CHUNKS; chunk++)
            if (data->fls_data_chunks[chunk])
                RtlFreeHeap(process_heap(), 0, data->fls_data_chunks[chunk]);
        RtlFreeHeap(process_heap(), 0, data);
    }
}
