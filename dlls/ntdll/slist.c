/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Interlocked singly linked lists, in Windows' x64 header format: depth (16 bits), sequence (48), and
 * the address without its four low bits. A pop reads the next pointer of an entry that another
 * thread may just have taken and freed; the sequence then differs and the exchange fails, and a
 * fault on unmapped memory is prevented by the program's contract (entries are not unmapped).
 */
#include "ntdll.h"

static bool exchange(SLIST_HEADER *list, const SLIST_HEADER *old, const SLIST_HEADER *new)
{
    uint64_t low = old->Alignment, high = old->Region;
    bool done;

    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*list), "+a"(low), "+d"(high)
                     : "b"(new->Alignment), "c"(new->Region)
                     : "memory");
    return done;
}

static SLIST_HEADER load(const SLIST_HEADER *list)
{
    SLIST_HEADER copy;

    copy.Alignment = *(volatile const ULONGLONG *)&list->Alignment;
    copy.Region = *(volatile const ULONGLONG *)&list->Region;
    return copy;
}

static SLIST_ENTRY *first_of(const SLIST_HEADER *header)
{
    return (SLIST_ENTRY *)((ULONG_PTR)header->Header16.NextEntry << 4);
}

void WINAPI RtlInitializeSListHead(SLIST_HEADER *list)
{
    list->Alignment = list->Region = 0;
    list->Header16.HeaderType = 1;
}

WORD WINAPI RtlQueryDepthSList(SLIST_HEADER *list)
{
    return (WORD)load(list).Header16.Depth;
}

SLIST_ENTRY *WINAPI RtlFirstEntrySList(const SLIST_HEADER *list)
{
    SLIST_HEADER now = load(list);

    return first_of(&now);
}

SLIST_ENTRY *WINAPI RtlInterlockedPushListSListEx(SLIST_HEADER *list, SLIST_ENTRY *first,
                                                  SLIST_ENTRY *last, ULONG count)
{
    SLIST_HEADER old, new;

    do {
        old = new = load(list);
        last->Next = first_of(&old);
        new.Header16.Depth = old.Header16.Depth + count;
        new.Header16.Sequence = old.Header16.Sequence + 1;
        new.Header16.NextEntry = (ULONG_PTR)first >> 4;
    } while (!exchange(list, &old, &new));
    return first_of(&old);
}

SLIST_ENTRY *WINAPI RtlInterlockedPushEntrySList(SLIST_HEADER *list, SLIST_ENTRY *entry)
{
    return RtlInterlockedPushListSListEx(list, entry, entry, 1);
}

SLIST_ENTRY *WINAPI RtlInterlockedPopEntrySList(SLIST_HEADER *list)
{
    SLIST_HEADER old, new;
    SLIST_ENTRY *entry;

    do {
        old = new = load(list);
        entry = first_of(&old);
        if (!entry)
            return NULL;
        new.Header16.NextEntry = (ULONG_PTR)*(SLIST_ENTRY *volatile *)&entry->Next >> 4;
        new.Header16.Depth = old.Header16.Depth - 1;
        new.Header16.Sequence = old.Header16.Sequence + 1;
    } while (!exchange(list, &old, &new));
    return entry;
}

SLIST_ENTRY *WINAPI RtlInterlockedFlushSList(SLIST_HEADER *list)
{
    SLIST_HEADER old, new;

    do {
        old = new = load(list);
        if (!first_of(&old))
            return NULL;
        new.Header16.NextEntry = 0;
        new.Header16.Depth = 0;
        new.Header16.Sequence = old.Header16.Sequence + 1;
    } while (!exchange(list, &old, &new));
    return first_of(&old);
}
