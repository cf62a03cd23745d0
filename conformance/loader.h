/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the loader tests share: the log of what their DLLs (conformance/dlls) tell of each call of
 * DllMain, and the folder that they and the program are in.
 */
#ifndef DECANT_CONFORMANCE_LOADER_H
#define DECANT_CONFORMANCE_LOADER_H

#include "conformance.h"

#include <winternl.h>

#define MAX_EVENTS 64

struct loader_event_record {
    char text[32];
    DWORD reason, thread;
    BOOL reserved;
};

static struct loader_event_record events[MAX_EVENTS];
static LONG event_count;

__declspec(dllexport) BOOL CDECL loader_event(const char *dll, DWORD reason, void *reserved);

#ifdef LOADER_EVENTS_TO_OUTPUT
/* While TRUE, events go to the output as well, for a process that is about to end; and each uses the heap. */
static BOOL say_events, use_heap_in_events;

static inline void say_event(const char *dll, DWORD reason, void *reserved)
{
    char text[64];
    DWORD written;
    int length = snprintf(text, sizeof(text), "%c%s%s ", "-+><"[reason & 3], dll,
                          reserved ? "!" : "");

    for (SIZE_T i = 0; use_heap_in_events && i < 1000; i++)
        HeapFree(GetProcessHeap(), 0, HeapAlloc(GetProcessHeap(), 0, i * 100 + 1));
    if (say_events)
        WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, (DWORD)length, &written, NULL);
}
#else
static inline void say_event(const char *dll, DWORD reason, void *reserved)
{
    (void)dll, (void)reason, (void)reserved;
}
#endif

/* Called by the DLLs under the loader lock, so never by two threads at once. */
BOOL CDECL loader_event(const char *dll, DWORD reason, void *reserved)
{
    say_event(dll, reason, reserved);
    if (event_count < MAX_EVENTS) {
        struct loader_event_record *event = &events[event_count];

        snprintf(event->text, sizeof(event->text), "%s", dll);
        event->reason = reason;
        event->thread = GetCurrentThreadId();
        event->reserved = reserved != NULL;
        event_count++;
    }
    return TRUE;
}

static inline void forget_events(void)
{
    event_count = 0;
}

/* The log as text: "+leaf +mid -mid -leaf", ">" and "<" for a thread's start and end; a "!" behind what
 * was called with lpReserved. The log starts anew. */
static inline const char *events_text(void)
{
    static const char marks[] = {'-', '+', '>', '<'}; /* by reason */
    static char text[MAX_EVENTS * 36];
    size_t used = 0;

    text[0] = 0;
    for (LONG i = 0; i < event_count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%c%s%s", i ? " " : "",
                                 marks[events[i].reason & 3], events[i].text,
                                 events[i].reserved ? "!" : "");
    event_count = 0;
    return text;
}

#define ok_events(expected)                                                                        \
    do {                                                                                           \
        const char *events_now_ = events_text();                                                   \
                                                                                                   \
        ok(!strcmp(events_now_, expected), "events \"%s\", not \"%s\"", events_now_, expected);    \
    } while (0)

/* DIR\ of this program, with `name` behind it. */
static inline const WCHAR *beside(const WCHAR *name)
{
    static WCHAR paths[4][MAX_PATH];
    static int next;
    WCHAR *path = paths[next++ % 4], *slash;

    GetModuleFileNameW(NULL, path, MAX_PATH);
    slash = wcsrchr(path, '\\');
    wcscpy(slash + 1, name);
    return path;
}

/* A fresh folder below the temporary one. */
static inline const WCHAR *fresh_folder(void)
{
    static WCHAR path[MAX_PATH];
    WCHAR temp[MAX_PATH];

    GetTempPathW(MAX_PATH, temp);
    swprintf(path, MAX_PATH, L"%lsloader-%lx-%llx", temp, GetCurrentProcessId(),
             (unsigned long long)GetTickCount64());
    CreateDirectoryW(path, NULL);
    return path;
}

static inline BOOL is_loaded(const WCHAR *name)
{
    return GetModuleHandleW(name) != NULL;
}

#endif
