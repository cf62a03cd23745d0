/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The environment block and the process parameters. The block is a run of "NAME=value" strings, sorted by
 * name without regard to case, closed by an empty string. A name may begin with '=' ("=C:").
 */
#include "nls.h"
#include "rtl.h"

static RTL_CRITICAL_SECTION peb_lock = {NULL, -1, 0, NULL, NULL, 0};

PEB *WINAPI RtlGetCurrentPeb(void)
{
    return current_peb();
}

void WINAPI RtlAcquirePebLock(void)
{
    RtlEnterCriticalSection(&peb_lock);
}

void WINAPI RtlReleasePebLock(void)
{
    RtlLeaveCriticalSection(&peb_lock);
}

static SIZE_T block_length(const WCHAR *block)
{
    const WCHAR *p = block;

    while (*p)
        p += wcslen(p) + 1;
    return (SIZE_T)(p - block) + 1;
}

/* Where the value of the variable begins, NULL for none; *entry is the string as a whole. */
static WCHAR *find_variable(WCHAR *block, const WCHAR *name, SIZE_T length, WCHAR **entry)
{
    for (WCHAR *p = block; p && *p; p += wcslen(p) + 1) {
        WCHAR *equal = wcschr(p + 1, '=');

        if (equal && (SIZE_T)(equal - p) == length &&
            !RtlCompareUnicodeStrings(p, length, name, length, TRUE)) {
            if (entry)
                *entry = p;
            return equal + 1;
        }
    }
    return NULL;
}

static WCHAR *own_block(void)
{
    return current_peb()->ProcessParameters->Environment;
}

/* Lengths in characters. Too short: the length that is needed, with the terminator. */
NTSTATUS WINAPI RtlQueryEnvironmentVariable(WCHAR *block, const WCHAR *name, SIZE_T name_length,
                                            WCHAR *value, SIZE_T room, SIZE_T *length)
{
    NTSTATUS status = STATUS_VARIABLE_NOT_FOUND;
    bool own = !block;
    WCHAR *found;

    if (own)
        RtlAcquirePebLock();
    found = find_variable(own ? own_block() : block, name, name_length, NULL);
    *length = 0;
    if (found) {
        *length = wcslen(found);
        if (*length <= room) {
            /* A value that just fits is given without a terminator. */
            memcpy(value, found, min(*length + 1, room) * sizeof(WCHAR));
            status = STATUS_SUCCESS;
        } else {
            *length += 1;
            status = STATUS_BUFFER_TOO_SMALL;
        }
    }
    if (own)
        RtlReleasePebLock();
    return status;
}

NTSTATUS WINAPI RtlQueryEnvironmentVariable_U(WCHAR *block, UNICODE_STRING *name,
                                              UNICODE_STRING *value)
{
    SIZE_T length;
    NTSTATUS status = RtlQueryEnvironmentVariable(block, name->Buffer,
                                                  name->Length / sizeof(WCHAR), value->Buffer,
                                                  value->MaximumLength / sizeof(WCHAR), &length);

    if (status == STATUS_BUFFER_TOO_SMALL)
        length--;
    value->Length = (USHORT)(length * sizeof(WCHAR));
    return status;
}

static int compare_entries(const WCHAR *entry, const WCHAR *name, SIZE_T length)
{
    const WCHAR *equal = wcschr(entry + 1, '=');

    return RtlCompareUnicodeStrings(entry, equal ? (SIZE_T)(equal - entry) : wcslen(entry), name,
                                    length, TRUE);
}

/* A block with the variable set (value NULL: taken out), in new memory of the heap. */
static NTSTATUS changed_block(WCHAR *block, const WCHAR *name, SIZE_T name_length,
                              const WCHAR *value, SIZE_T value_length, WCHAR **out)
{
    SIZE_T old_length = block ? block_length(block) : 1, head, skip = 0, entry_length = 0;
    WCHAR *entry = NULL, *result, *p;

    if (!block || !find_variable(block, name, name_length, &entry)) {
        for (entry = block; entry && *entry; entry += wcslen(entry) + 1)
            if (compare_entries(entry, name, name_length) > 0)
                break;
    } else {
        skip = wcslen(entry) + 1;
    }
    head = entry ? (SIZE_T)(entry - block) : 0;
    if (value)
        entry_length = name_length + 1 + value_length + 1;
    result = RtlAllocateHeap(process_heap(), 0,
                             (old_length - skip + entry_length + 1) * sizeof(WCHAR));
    if (!result)
        return STATUS_NO_MEMORY;
    if (head)
        memcpy(result, block, head * sizeof(WCHAR));
    p = result + head;
    if (value) {
        memcpy(p, name, name_length * sizeof(WCHAR));
        p += name_length;
        *p++ = '=';
        memcpy(p, value, value_length * sizeof(WCHAR));
        p += value_length;
        *p++ = 0;
    }
    if (block) {
        memcpy(p, block + head + skip, (old_length - head - skip) * sizeof(WCHAR));
        p += old_length - head - skip;
    } else {
        *p++ = 0;
    }
    *p = 0;
    *out = result;
    return STATUS_SUCCESS;
}

/* True while the process still has the block it was started with, which is no heap memory. */
static bool first_block = true;

NTSTATUS WINAPI RtlSetEnvironmentVariable(WCHAR **block, UNICODE_STRING *name,
                                          UNICODE_STRING *value)
{
    SIZE_T name_length = name->Length / sizeof(WCHAR), end;
    SIZE_T value_length = value ? value->Length / sizeof(WCHAR) : 0;
    NTSTATUS status;
    WCHAR *result;

    if (!name->Buffer || !name_length)
        return STATUS_INVALID_PARAMETER;
    for (end = 1; end < name_length; end++)
        if (name->Buffer[end] == '=')
            return STATUS_INVALID_PARAMETER;
    /* A value ends at its first NUL. */
    for (end = 0; value && end < value_length; end++)
        if (!value->Buffer[end])
            value_length = end;

    if (block) {
        status = changed_block(*block, name->Buffer, name_length, value ? value->Buffer : NULL,
                               value_length, &result);
        if (!status) {
            RtlFreeHeap(process_heap(), 0, *block);
            *block = result;
        }
        return status;
    }
    RtlAcquirePebLock();
    status = changed_block(own_block(), name->Buffer, name_length, value ? value->Buffer : NULL,
                           value_length, &result);
    if (!status) {
        RTL_USER_PROCESS_PARAMETERS *parameters = current_peb()->ProcessParameters;

        if (!first_block)
            RtlFreeHeap(process_heap(), 0, parameters->Environment);
        first_block = false;
        parameters->Environment = result;
        parameters->EnvironmentSize = block_length(result) * sizeof(WCHAR);
        parameters->EnvironmentVersion++;
    }
    RtlReleasePebLock();
    return status;
}

NTSTATUS WINAPI RtlCreateEnvironment(BOOLEAN inherit, WCHAR **out)
{
    SIZE_T length = 2;
    WCHAR *block;

    RtlAcquirePebLock();
    if (inherit)
        length = block_length(own_block());
    block = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, length * sizeof(WCHAR));
    if (block && inherit)
        memcpy(block, own_block(), length * sizeof(WCHAR));
    RtlReleasePebLock();
    *out = block;
    return block ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

NTSTATUS WINAPI RtlDestroyEnvironment(WCHAR *block)
{
    RtlFreeHeap(process_heap(), 0, block);
    return STATUS_SUCCESS;
}

/* The new block becomes the heap's; the old one is given back through `old` or freed. */
void WINAPI RtlSetCurrentEnvironment(WCHAR *block, WCHAR **old)
{
    RTL_USER_PROCESS_PARAMETERS *parameters = current_peb()->ProcessParameters;
    WCHAR *previous;

    RtlAcquirePebLock();
    previous = parameters->Environment;
    parameters->Environment = block;
    parameters->EnvironmentSize = block_length(block) * sizeof(WCHAR);
    if (old)
        *old = previous;
    else if (!first_block)
        RtlFreeHeap(process_heap(), 0, previous);
    first_block = false;
    RtlReleasePebLock();
}

/* Replaces %NAME% by values; what is not set stays as it stands. Lengths in characters; *length counts the
 * terminator. */
NTSTATUS WINAPI RtlExpandEnvironmentStrings(const WCHAR *block, WCHAR *src, SIZE_T src_length,
                                            WCHAR *dst, SIZE_T room, SIZE_T *length)
{
    SIZE_T total = 0, i = 0, copied = 0;
    bool own = !block;

    if (own) {
        RtlAcquirePebLock();
        block = own_block();
    }
    while (i < src_length && src[i]) {
        const WCHAR *piece = src + i;
        SIZE_T count = 1, end;

        if (src[i] == '%') {
            for (end = i + 1; end < src_length && src[end] && src[end] != '%'; end++)
                ;
            if (end < src_length && src[end] == '%') {
                const WCHAR *value = find_variable((WCHAR *)block, src + i + 1, end - i - 1, NULL);

                if (value) {
                    piece = value;
                    count = wcslen(value);
                    i = end + 1;
                } else {
                    count = end - i;    /* the closing % may open the next name */
                    i = end;
                }
            } else {
                count = end - i;
                i = end;
            }
        } else {
            i++;
        }
        if (room && copied < room - 1) {
            SIZE_T fits = min(count, room - 1 - copied);

            memcpy(dst + copied, piece, fits * sizeof(WCHAR));
            copied += fits;
        }
        total += count;
    }
    if (own)
        RtlReleasePebLock();
    if (room)
        dst[copied] = 0;
    if (length)
        *length = total + 1;
    return total + 1 > room ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlExpandEnvironmentStrings_U(const WCHAR *block, const UNICODE_STRING *src,
                                              UNICODE_STRING *dst, ULONG *bytes)
{
    SIZE_T length;
    NTSTATUS status = RtlExpandEnvironmentStrings(block, src->Buffer, src->Length / sizeof(WCHAR),
                                                  dst->Buffer, dst->MaximumLength / sizeof(WCHAR),
                                                  &length);

    if (!status)
        dst->Length = (USHORT)((length - 1) * sizeof(WCHAR));
    if (bytes)
        *bytes = (ULONG)(length * sizeof(WCHAR));
    return status;
}

/* --- Process parameters ----------------------------------------------------------------------- */

static const size_t string_offsets[] = {
    offsetof(RTL_USER_PROCESS_PARAMETERS, CurrentDirectory.DosPath),
    offsetof(RTL_USER_PROCESS_PARAMETERS, DllPath),
    offsetof(RTL_USER_PROCESS_PARAMETERS, ImagePathName),
    offsetof(RTL_USER_PROCESS_PARAMETERS, CommandLine),
    offsetof(RTL_USER_PROCESS_PARAMETERS, WindowTitle),
    offsetof(RTL_USER_PROCESS_PARAMETERS, Desktop),
    offsetof(RTL_USER_PROCESS_PARAMETERS, ShellInfo),
    offsetof(RTL_USER_PROCESS_PARAMETERS, RuntimeInfo),
};

/* De-normalised parameters hold offsets where normalised ones hold pointers; so they can move between
 * processes. The environment's pointer is no part of it. */
static void shift_strings(RTL_USER_PROCESS_PARAMETERS *parameters, intptr_t by)
{
    for (size_t i = 0; i < ARRAY_COUNT(string_offsets); i++) {
        UNICODE_STRING *string = (void *)((char *)parameters + string_offsets[i]);

        if (string->Buffer)
            string->Buffer = (WCHAR *)((intptr_t)string->Buffer + by);
    }
}

RTL_USER_PROCESS_PARAMETERS *WINAPI
RtlNormalizeProcessParams(RTL_USER_PROCESS_PARAMETERS *parameters)
{
    if (parameters && !(parameters->Flags & PROCESS_PARAMS_FLAG_NORMALIZED)) {
        shift_strings(parameters, (intptr_t)parameters);
        parameters->Flags |= PROCESS_PARAMS_FLAG_NORMALIZED;
    }
    return parameters;
}

RTL_USER_PROCESS_PARAMETERS *WINAPI
RtlDeNormalizeProcessParams(RTL_USER_PROCESS_PARAMETERS *parameters)
{
    if (parameters && (parameters->Flags & PROCESS_PARAMS_FLAG_NORMALIZED)) {
        shift_strings(parameters, -(intptr_t)parameters);
        parameters->Flags &= ~PROCESS_PARAMS_FLAG_NORMALIZED;
    }
    return parameters;
}

static SIZE_T string_room(const UNICODE_STRING *string)
{
    SIZE_T bytes = string->MaximumLength > string->Length ? string->MaximumLength
                                                          : string->Length + sizeof(WCHAR);

    return string->Buffer ? (bytes + 7) & ~(SIZE_T)7 : 0;
}

static void place_string(char **at, UNICODE_STRING *target, const UNICODE_STRING *source)
{
    SIZE_T room = string_room(source);

    if (!room)
        return;
    target->Buffer = (WCHAR *)*at;
    target->Length = source->Length;
    target->MaximumLength = (USHORT)min(room, 0xfffe);
    memcpy(target->Buffer, source->Buffer, source->Length);
    *at += room;
}

NTSTATUS WINAPI RtlCreateProcessParametersEx(
    RTL_USER_PROCESS_PARAMETERS **out, const UNICODE_STRING *image, const UNICODE_STRING *dll_path,
    const UNICODE_STRING *folder, const UNICODE_STRING *command, WCHAR *environment,
    const UNICODE_STRING *title, const UNICODE_STRING *desktop, const UNICODE_STRING *shell,
    const UNICODE_STRING *runtime, ULONG flags)
{
    static const UNICODE_STRING none = {0, 0, NULL};
    WCHAR empty_text[1] = {0};
    const UNICODE_STRING empty = {0, sizeof(WCHAR), empty_text};
    const RTL_USER_PROCESS_PARAMETERS *own = current_peb()->ProcessParameters;
    WCHAR folder_buffer[MAX_PATH + 2];
    UNICODE_STRING folder_copy = {0, sizeof(folder_buffer), folder_buffer};
    RTL_USER_PROCESS_PARAMETERS *parameters;
    SIZE_T bytes, environment_bytes;
    char *at;

    RtlAcquirePebLock();
    RtlCopyUnicodeString(&folder_copy, folder ? folder : &own->CurrentDirectory.DosPath);
    if (!command)
        command = image;
    if (!dll_path)
        dll_path = own->DllPath.Buffer ? &own->DllPath : &none;
    if (!title)
        title = &empty;
    if (!desktop)
        desktop = &empty;
    if (!shell)
        shell = &empty;
    if (!runtime)
        runtime = &none;
    if (!environment)
        environment = own->Environment;
    environment_bytes = environment ? block_length(environment) * sizeof(WCHAR) : 0;
    bytes = sizeof(*parameters) + string_room(&folder_copy) + string_room(dll_path) +
            string_room(image) + string_room(command) + string_room(title) +
            string_room(desktop) + string_room(shell) + string_room(runtime);
    parameters = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, bytes + environment_bytes);
    if (!parameters) {
        RtlReleasePebLock();
        return STATUS_NO_MEMORY;
    }
    parameters->AllocationSize = parameters->Size = (ULONG)bytes;
    parameters->Flags = PROCESS_PARAMS_FLAG_NORMALIZED;
    parameters->ConsoleFlags = own->ConsoleFlags & 1;
    if (flags & PROCESS_PARAMS_FLAG_NORMALIZED)
        parameters->ConsoleHandle = own->ConsoleHandle;
    at = (char *)(parameters + 1);
    place_string(&at, &parameters->CurrentDirectory.DosPath, &folder_copy);
    place_string(&at, &parameters->DllPath, dll_path);
    place_string(&at, &parameters->ImagePathName, image);
    place_string(&at, &parameters->CommandLine, command);
    place_string(&at, &parameters->WindowTitle, title);
    place_string(&at, &parameters->Desktop, desktop);
    place_string(&at, &parameters->ShellInfo, shell);
    place_string(&at, &parameters->RuntimeInfo, runtime);
    if (environment) {
        parameters->Environment = memcpy(at, environment, environment_bytes);
        parameters->EnvironmentSize = environment_bytes;
    }
    RtlReleasePebLock();
    *out = parameters;
    if (!(flags & PROCESS_PARAMS_FLAG_NORMALIZED))
        RtlDeNormalizeProcessParams(parameters);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlCreateProcessParameters(
    RTL_USER_PROCESS_PARAMETERS **out, const UNICODE_STRING *image, const UNICODE_STRING *dll_path,
    const UNICODE_STRING *folder, const UNICODE_STRING *command, WCHAR *environment,
    const UNICODE_STRING *title, const UNICODE_STRING *desktop, const UNICODE_STRING *shell,
    const UNICODE_STRING *runtime)
{
    return RtlCreateProcessParametersEx(out, image, dll_path, folder, command, environment, title,
                                        desktop, shell, runtime, 0);
}

void WINAPI RtlDestroyProcessParameters(RTL_USER_PROCESS_PARAMETERS *parameters)
{
    RtlFreeHeap(process_heap(), 0, parameters);
}
