/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * FormatMessage: texts from a string, a module's message table, or the system's own (message_table.h for
 * Win32 errors, ntdll's for NTSTATUS), their inserts filled in by RtlFormatMessage.
 */
#include "nls.h"

#define RT_MESSAGE  11
#define MAX_MESSAGE 0x8000 /* characters; the documentation names 64 KiB as the limit */

struct system_message {
    DWORD code;
    const WCHAR *text;
};

static const struct system_message system_messages[] = {
#define MESSAGE(code, string) {code, L##string L"\r\n"},
#include "message_table.h"
#undef MESSAGE
};

static const WCHAR *system_text(DWORD code)
{
    for (unsigned i = 0; i < NLS_ARRAY_COUNT(system_messages); i++)
        if (system_messages[i].code == code)
            return system_messages[i].text;
    return NULL;
}

static WCHAR *copy_text(const void *text, int length, bool wide)
{
    WCHAR *copy;
    int count = length;

    if (!wide)
        count = MultiByteToWideChar(CP_ACP, 0, text, length, NULL, 0);
    copy = nls_alloc(((SIZE_T)count + 1) * sizeof(WCHAR));
    if (!copy) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    if (wide)
        memcpy(copy, text, (SIZE_T)count * sizeof(WCHAR));
    else
        MultiByteToWideChar(CP_ACP, 0, text, length, copy, count);
    copy[count] = 0;
    return copy;
}

/* A text out of a module's table, to be given back with nls_free. */
static NTSTATUS module_text(HMODULE module, DWORD id, DWORD language, WCHAR **text)
{
    const MESSAGE_RESOURCE_ENTRY *entry;
    NTSTATUS status = RtlFindMessage(module, RT_MESSAGE, language, id, &entry);
    int bytes;

    if (status)
        return status;
    bytes = entry->Length - (int)offsetof(MESSAGE_RESOURCE_ENTRY, Text);
    if (entry->Flags & MESSAGE_RESOURCE_UNICODE)
        *text = copy_text(entry->Text, bytes / (int)sizeof(WCHAR), true);
    else
        *text = copy_text(entry->Text, bytes, false);
    return *text ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static WCHAR *find_text(DWORD flags, const void *source, DWORD id, DWORD language, bool wide)
{
    NTSTATUS status = STATUS_MESSAGE_NOT_FOUND;
    const WCHAR *text;
    WCHAR *copy = NULL;
    HMODULE module;

    if (flags & FORMAT_MESSAGE_FROM_STRING)
        return copy_text(source, (int)(wide ? wcslen(source) : strlen(source)), wide);
    if (flags & FORMAT_MESSAGE_FROM_HMODULE) {
        module = source ? (HMODULE)source : NtCurrentTeb()->Peb->ImageBaseAddress;
        status = module_text(module, id, language, &copy);
    }
    if (status && (flags & FORMAT_MESSAGE_FROM_SYSTEM)) {
        /* The system's texts are English. */
        if (PRIMARYLANGID(language) != LANG_NEUTRAL && PRIMARYLANGID(language) != LANG_ENGLISH) {
            SetLastError(ERROR_RESOURCE_LANG_NOT_FOUND);
            return NULL;
        }
        text = system_text(HRESULT_FACILITY(id) == FACILITY_WIN32 && (id & 0x80000000)
                               ? HRESULT_CODE(id) : id);
        if (text)
            return copy_text(text, (int)wcslen(text), true);
        status = module_text(GetModuleHandleW(L"ntdll.dll"), id, 0, &copy);
    }
    if (status)
        SetLastError(RtlNtStatusToDosError(status));
    return copy;
}

/* The finished text, to be given back with nls_free; *length without the terminator. */
static WCHAR *make_message(DWORD flags, const void *source, DWORD id, DWORD language, bool ansi,
                           __ms_va_list *arguments, DWORD *length)
{
    WCHAR *text = find_text(flags, source, id, language, !ansi), *result = NULL;
    ULONG room = 512, used = 0;
    NTSTATUS status;

    if (!text)
        return NULL;
    do {
        nls_free(result);
        room *= 4;
        result = nls_alloc(room * sizeof(WCHAR));
        status = !result ? STATUS_NO_MEMORY
                 : RtlFormatMessage(text, flags & FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                    !!(flags & FORMAT_MESSAGE_IGNORE_INSERTS), ansi,
                                    !!(flags & FORMAT_MESSAGE_ARGUMENT_ARRAY), arguments, result,
                                    room * sizeof(WCHAR), &used);
    } while (status == STATUS_BUFFER_OVERFLOW && room < MAX_MESSAGE);
    nls_free(text);
    if (status) {
        nls_free(result);
        SetLastError(RtlNtStatusToDosError(status));
        return NULL;
    }
    *length = used / sizeof(WCHAR) - 1;
    return result;
}

static bool check_arguments(DWORD flags, const void *source, const void *buffer)
{
    if (!buffer) {
        SetLastError(flags & FORMAT_MESSAGE_ALLOCATE_BUFFER ? ERROR_NOT_ENOUGH_MEMORY
                                                            : ERROR_INVALID_PARAMETER);
        return false;
    }
    if (flags & FORMAT_MESSAGE_ALLOCATE_BUFFER)
        *(void **)buffer = NULL;
    if ((flags & FORMAT_MESSAGE_FROM_STRING && !source) ||
        !(flags & (FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_FROM_HMODULE |
                   FORMAT_MESSAGE_FROM_SYSTEM))) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return false;
    }
    return true;
}

/* Where `count` characters of the caller's kind go; NULL with the last error set when there is no room. */
static void *destination(DWORD flags, void *buffer, DWORD room, DWORD count, DWORD character)
{
    void *memory;

    if (!(flags & FORMAT_MESSAGE_ALLOCATE_BUFFER)) {
        if (count <= room)
            return buffer;
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return NULL;
    }
    memory = LocalAlloc(LMEM_ZEROINIT, (SIZE_T)(count > room ? count : room) * character);
    *(void **)buffer = memory;
    return memory;
}

DWORD WINAPI FormatMessageW(DWORD flags, const void *source, DWORD id, DWORD language,
                            WCHAR *buffer, DWORD room, __ms_va_list *arguments)
{
    WCHAR *text, *to;
    DWORD length;

    if (!check_arguments(flags, source, buffer))
        return 0;
    text = make_message(flags, source, id, language, false, arguments, &length);
    if (!text)
        return 0;
    if (!length) { /* nothing is written either */
        nls_free(text);
        return (DWORD)nls_fail(ERROR_NO_WORK_DONE);
    }
    to = destination(flags, buffer, room, length + 1, sizeof(WCHAR));
    if (to)
        memcpy(to, text, (length + 1) * sizeof(WCHAR));
    nls_free(text);
    return to ? length : 0;
}

DWORD WINAPI FormatMessageA(DWORD flags, const void *source, DWORD id, DWORD language,
                            char *buffer, DWORD room, __ms_va_list *arguments)
{
    DWORD length, count;
    WCHAR *text;
    char *to;

    if (!check_arguments(flags, source, buffer))
        return 0;
    text = make_message(flags, source, id, language, true, arguments, &length);
    if (!text)
        return 0;
    if (!length) {
        nls_free(text);
        return (DWORD)nls_fail(ERROR_NO_WORK_DONE);
    }
    count = (DWORD)WideCharToMultiByte(CP_ACP, 0, text, (int)length + 1, NULL, 0, NULL, NULL);
    to = destination(flags, buffer, room, count, 1);
    if (to)
        WideCharToMultiByte(CP_ACP, 0, text, (int)length + 1, to, (int)count, NULL, NULL);
    nls_free(text);
    return to ? count - 1 : 0;
}
