/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vectored exception and continue handlers: called before, and after, the frame-based ones.
 *
 * A handler may remove itself or others, or add some, while the list is walked, on several threads at once: a
 * node is counted by its place in the list and by each walk that stands on it, and stays linked until the
 * last of them leaves. New nodes are seen by walks under way only behind where they stand.
 */
#include "unwind.h"

struct vectored_handler {
    LIST_ENTRY link;
    PVECTORED_EXCEPTION_HANDLER function;
    ULONG references;
    bool is_removed;
};

struct handler_list {
    LIST_ENTRY head;
};

static struct handler_list exception_handlers = {{&exception_handlers.head,
                                                  &exception_handlers.head}};
static struct handler_list continue_handlers = {{&continue_handlers.head, &continue_handlers.head}};
static RTL_SRWLOCK lock;

/* Under the lock. */
static void release(struct vectored_handler *handler)
{
    if (--handler->references)
        return;
    RemoveEntryList(&handler->link);
    RtlFreeHeap(process_heap(), 0, handler);
}

static bool walk(struct handler_list *list, EXCEPTION_RECORD *record, CONTEXT *context)
{
    EXCEPTION_POINTERS pointers = {record, context};
    bool is_done = false;

    if (__atomic_load_n(&list->head.Flink, __ATOMIC_ACQUIRE) == &list->head)
        return false;
    RtlAcquireSRWLockExclusive(&lock);
    for (LIST_ENTRY *link = list->head.Flink; link != &list->head && !is_done;) {
        struct vectored_handler *handler = CONTAINING_RECORD(link, struct vectored_handler, link);

        handler->references++;
        if (!handler->is_removed) {
            RtlReleaseSRWLockExclusive(&lock);
            is_done = handler->function(&pointers) == EXCEPTION_CONTINUE_EXECUTION;
            RtlAcquireSRWLockExclusive(&lock);
        }
        link = link->Flink;
        release(handler);
    }
    RtlReleaseSRWLockExclusive(&lock);
    return is_done;
}

bool call_vectored_handlers(EXCEPTION_RECORD *record, CONTEXT *context)
{
    return walk(&exception_handlers, record, context);
}

void call_continue_handlers(EXCEPTION_RECORD *record, CONTEXT *context)
{
    walk(&continue_handlers, record, context);
}

static void *add(struct handler_list *list, ULONG first, PVECTORED_EXCEPTION_HANDLER function)
{
    struct vectored_handler *handler =
        RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*handler));

    if (!handler)
        return NULL;
    handler->function = function;
    handler->references = 1;
    RtlAcquireSRWLockExclusive(&lock);
    if (first)
        InsertHeadList(&list->head, &handler->link);
    else
        InsertTailList(&list->head, &handler->link);
    RtlReleaseSRWLockExclusive(&lock);
    return handler;
}

static ULONG remove_from(struct handler_list *list, void *handle)
{
    ULONG found = 0;

    RtlAcquireSRWLockExclusive(&lock);
    for (LIST_ENTRY *link = list->head.Flink; link != &list->head; link = link->Flink) {
        struct vectored_handler *handler = CONTAINING_RECORD(link, struct vectored_handler, link);

        if (handler == handle && !handler->is_removed) {
            handler->is_removed = true;
            release(handler);
            found = 1;
            break;
        }
    }
    RtlReleaseSRWLockExclusive(&lock);
    return found;
}

void *WINAPI RtlAddVectoredExceptionHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER function)
{
    return add(&exception_handlers, first, function);
}

ULONG WINAPI RtlRemoveVectoredExceptionHandler(void *handle)
{
    return remove_from(&exception_handlers, handle);
}

void *WINAPI RtlAddVectoredContinueHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER function);
ULONG WINAPI RtlRemoveVectoredContinueHandler(void *handle);

void *WINAPI RtlAddVectoredContinueHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER function)
{
    return add(&continue_handlers, first, function);
}

ULONG WINAPI RtlRemoveVectoredContinueHandler(void *handle)
{
    return remove_from(&continue_handlers, handle);
}
