/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The exported Ldr* functions: LoadLibrary, GetProcAddress and their kin stand on these.
 * Signatures and statuses as in Wine's winternl.h and Microsoft's ntldr documentation.
 */
#include "ldr.h"

NTSTATUS WINAPI LdrLoadDll(const WCHAR *load_path, DWORD flags, const UNICODE_STRING *name,
                           HMODULE *out)
{
    struct module *module;
    NTSTATUS status;

    lock_loader();
    status = module_load(load_path, name, flags, NULL, &module);
    if (!status && !(flags & DONT_RESOLVE_DLL_REFERENCES)) {
        status = module_attach(module, NULL);
        if (status)
            module_release(module);
    }
    unlock_loader();
    *out = status ? NULL : module->entry.DllBase;
    return status;
}

NTSTATUS WINAPI LdrUnloadDll(HMODULE base)
{
    struct module *module;
    NTSTATUS status = STATUS_SUCCESS;

    if (process_is_exiting)
        return STATUS_SUCCESS;
    lock_loader();
    module = module_from_base(base);
    if (module)
        module_release(module);
    else
        status = STATUS_DLL_NOT_FOUND;
    unlock_loader();
    return status;
}

NTSTATUS WINAPI LdrAddRefDll(ULONG flags, HMODULE base)
{
    struct module *module;
    NTSTATUS status = STATUS_SUCCESS;

    if (flags & ~(ULONG)LDR_ADDREF_DLL_PIN)
        return STATUS_INVALID_PARAMETER;
    lock_loader();
    module = module_from_base(base);
    if (!module)
        status = STATUS_INVALID_PARAMETER;
    else if (flags & LDR_ADDREF_DLL_PIN)
        module->is_pinned = true;
    else
        module->references++;
    unlock_loader();
    return status;
}

NTSTATUS WINAPI LdrGetDllHandleEx(ULONG flags, LPCWSTR load_path, ULONG *characteristics,
                                  const UNICODE_STRING *name, HMODULE *base)
{
    struct module *module;
    NTSTATUS status = STATUS_DLL_NOT_FOUND;

    (void)load_path;
    (void)characteristics;
    lock_loader();
    module = module_find(name);
    if (module) {
        if (flags & LDR_GET_DLL_HANDLE_EX_FLAG_PIN)
            module->is_pinned = true;
        else if (!(flags & LDR_GET_DLL_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT))
            module->references++;
        *base = module->entry.DllBase;
        status = STATUS_SUCCESS;
    }
    unlock_loader();
    return status;
}

NTSTATUS WINAPI LdrGetDllHandle(LPCWSTR load_path, ULONG flags, const UNICODE_STRING *name,
                                HMODULE *base)
{
    (void)flags;
    return LdrGetDllHandleEx(LDR_GET_DLL_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, load_path, NULL, name,
                             base);
}

NTSTATUS WINAPI LdrGetProcedureAddress(HMODULE base, const ANSI_STRING *name, ULONG ordinal,
                                       void **address)
{
    struct module *module;
    NTSTATUS status = STATUS_DLL_NOT_FOUND;
    void *found = NULL;

    lock_loader();
    module = module_from_base(base);
    if (module) {
        found = module_export(module, name ? name->Buffer : NULL, ordinal, -1);
        status = found ? STATUS_SUCCESS
                       : name ? STATUS_ENTRYPOINT_NOT_FOUND : STATUS_ORDINAL_NOT_FOUND;
    }
    unlock_loader();
    if (!status)
        *address = found;
    return status;
}

NTSTATUS WINAPI LdrGetDllFullName(HMODULE base, UNICODE_STRING *name)
{
    struct module *module;
    NTSTATUS status = STATUS_DLL_NOT_FOUND;

    lock_loader();
    module = module_from_base(base ? base : current_peb()->ImageBaseAddress);
    if (module) {
        RtlCopyUnicodeString(name, &module->entry.FullDllName);
        status = name->MaximumLength < module->entry.FullDllName.Length + sizeof(WCHAR)
                     ? STATUS_BUFFER_TOO_SMALL
                     : STATUS_SUCCESS;
    }
    unlock_loader();
    return status;
}

NTSTATUS WINAPI LdrFindEntryForAddress(const void *address, LDR_DATA_TABLE_ENTRY **entry)
{
    struct module *module;

    lock_loader();
    module = module_from_address(address);
    unlock_loader();
    if (!module)
        return STATUS_NO_MORE_ENTRIES;
    *entry = &module->entry;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrDisableThreadCalloutsForDll(HMODULE base)
{
    struct module *module;
    NTSTATUS status = STATUS_DLL_NOT_FOUND;

    lock_loader();
    module = module_from_base(base);
    if (module) {
        ULONG bytes;

        /* Documented: fails for a DLL with static TLS, whose callbacks must run. */
        if (module_directory(module, IMAGE_DIRECTORY_ENTRY_TLS, &bytes)) {
            status = STATUS_INVALID_PARAMETER;
        } else {
            module->skip_thread_calls = true;
            module->entry.Flags |= LDR_NO_DLL_CALLS;
            status = STATUS_SUCCESS;
        }
    }
    unlock_loader();
    return status;
}

NTSTATUS WINAPI LdrLockLoaderLock(ULONG flags, ULONG *result, ULONG_PTR *cookie)
{
    if (result)
        *result = 0;
    if (cookie)
        *cookie = 0;
    if (flags & ~(ULONG)3)
        return STATUS_INVALID_PARAMETER_1;
    if (!cookie)
        return STATUS_INVALID_PARAMETER_3;
    if (flags & 2) {
        if (!result)
            return STATUS_INVALID_PARAMETER_2;
        if (!RtlTryEnterCriticalSection(&loader_lock)) {
            *result = 2;
            return STATUS_SUCCESS;
        }
        *result = 1;
    } else {
        lock_loader();
        if (result)
            *result = 1;
    }
    *cookie = GetCurrentThreadId() | 0x10000000000ull;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrUnlockLoaderLock(ULONG flags, ULONG_PTR cookie)
{
    if (flags & ~(ULONG)1)
        return STATUS_INVALID_PARAMETER_1;
    if (!cookie)
        return STATUS_SUCCESS;
    if ((ULONG)cookie != GetCurrentThreadId())
        return STATUS_INVALID_PARAMETER_2;
    unlock_loader();
    return STATUS_SUCCESS;
}

/* --- Notifications --- */

struct notification {
    LIST_ENTRY link;
    PLDR_DLL_NOTIFICATION_FUNCTION callback;
    void *context;
};

static LIST_ENTRY notifications = {&notifications, &notifications};

NTSTATUS WINAPI LdrRegisterDllNotification(ULONG flags, PLDR_DLL_NOTIFICATION_FUNCTION callback,
                                           void *context, void **cookie)
{
    struct notification *notification;

    if (flags || !callback || !cookie)
        return STATUS_INVALID_PARAMETER;
    notification = RtlAllocateHeap(process_heap(), 0, sizeof(*notification));
    if (!notification)
        return STATUS_NO_MEMORY;
    notification->callback = callback;
    notification->context = context;
    lock_loader();
    InsertTailList(&notifications, &notification->link);
    unlock_loader();
    *cookie = notification;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrUnregisterDllNotification(void *cookie)
{
    NTSTATUS status = STATUS_DLL_NOT_FOUND;
    LIST_ENTRY *link;

    lock_loader();
    for (link = notifications.Flink; link != &notifications; link = link->Flink) {
        struct notification *notification = CONTAINING_RECORD(link, struct notification, link);

        if (notification != cookie)
            continue;
        RemoveEntryList(link);
        RtlFreeHeap(process_heap(), 0, notification);
        status = STATUS_SUCCESS;
        break;
    }
    unlock_loader();
    return status;
}

void notify_modules(ULONG reason, const struct module *module)
{
    LDR_DLL_NOTIFICATION_DATA data = {.Loaded = {.FullDllName = &module->entry.FullDllName,
                                                 .BaseDllName = &module->entry.BaseDllName,
                                                 .DllBase = module->entry.DllBase,
                                                 .SizeOfImage = module->entry.SizeOfImage}};
    LIST_ENTRY *link, *next;

    for (link = notifications.Flink; link != &notifications; link = next) {
        struct notification *notification = CONTAINING_RECORD(link, struct notification, link);

        next = link->Flink;
        notification->callback(reason, &data, notification->context);
    }
}

/* --- Search path settings --- */

struct added_directory {
    LIST_ENTRY link;
    WCHAR path[];
};

static LIST_ENTRY added_directories = {&added_directories, &added_directories};

NTSTATUS WINAPI LdrSetDllDirectory(const UNICODE_STRING *directory)
{
    UNICODE_STRING copy = {0};
    NTSTATUS status = STATUS_SUCCESS;

    if (directory->Length)
        status = RtlDuplicateUnicodeString(1, directory, &copy);
    if (status)
        return status;
    lock_loader();
    RtlFreeUnicodeString(&dll_directory);
    dll_directory = copy;
    unlock_loader();
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrGetDllDirectory(UNICODE_STRING *directory)
{
    NTSTATUS status = STATUS_SUCCESS;

    lock_loader();
    directory->Length = dll_directory.Length + sizeof(WCHAR);
    if (directory->MaximumLength >= directory->Length) {
        RtlCopyUnicodeString(directory, &dll_directory);
        if (!dll_directory.Length)
            directory->Buffer[0] = 0;
    } else {
        status = STATUS_BUFFER_TOO_SMALL;
    }
    unlock_loader();
    return status;
}

NTSTATUS WINAPI LdrAddDllDirectory(const UNICODE_STRING *directory, void **cookie)
{
    struct added_directory *added =
        RtlAllocateHeap(process_heap(), 0, sizeof(*added) + directory->Length + sizeof(WCHAR));

    if (!added)
        return STATUS_NO_MEMORY;
    memcpy(added->path, directory->Buffer, directory->Length);
    added->path[directory->Length / sizeof(WCHAR)] = 0;
    lock_loader();
    InsertTailList(&added_directories, &added->link);
    unlock_loader();
    *cookie = added;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrRemoveDllDirectory(void *cookie)
{
    struct added_directory *added = cookie;

    lock_loader();
    RemoveEntryList(&added->link);
    unlock_loader();
    RtlFreeHeap(process_heap(), 0, added);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrSetDefaultDllDirectories(ULONG flags)
{
    const ULONG allowed = LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_USER_DIRS |
                          LOAD_LIBRARY_SEARCH_SYSTEM32 | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;

    if (!flags || flags & ~allowed)
        return STATUS_INVALID_PARAMETER;
    default_dll_directories = flags;
    return STATUS_SUCCESS;
}

/* The folders that LdrLoadDll looks in before the fixed ones. With ALTERED_SEARCH_PATH the
 * module's own folder comes first; with SEARCH_* flags the current folder and PATH are left out. */
NTSTATUS WINAPI LdrGetDllPath(PCWSTR module_name, ULONG flags, PWSTR *path, PWSTR *unknown)
{
    size_t folder = 0, length = 0;
    LIST_ENTRY *link;
    WCHAR *out;

    if (flags & LOAD_WITH_ALTERED_SEARCH_PATH && flags & 0xff00)
        return STATUS_INVALID_PARAMETER;
    if (!(flags & 0xff00) && !(flags & LOAD_WITH_ALTERED_SEARCH_PATH))
        flags |= default_dll_directories;
    *unknown = NULL;
    lock_loader();
    if (module_name && flags & (LOAD_WITH_ALTERED_SEARCH_PATH | LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR)) {
        for (size_t i = 0; module_name[i]; i++)
            if (module_name[i] == '\\' || module_name[i] == '/')
                folder = i + 1;
    }
    length = folder + 2;
    if (flags & (LOAD_LIBRARY_SEARCH_USER_DIRS | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS))
        for (link = added_directories.Flink; link != &added_directories; link = link->Flink)
            length += wcslen(CONTAINING_RECORD(link, struct added_directory, link)->path) + 1;
    out = *path = RtlAllocateHeap(process_heap(), 0, length * sizeof(WCHAR));
    if (out) {
        memcpy(out, module_name, folder * sizeof(WCHAR));
        out += folder;
        *out++ = ';';
        if (flags & (LOAD_LIBRARY_SEARCH_USER_DIRS | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS)) {
            for (link = added_directories.Flink; link != &added_directories; link = link->Flink) {
                const WCHAR *added = CONTAINING_RECORD(link, struct added_directory, link)->path;

                memcpy(out, added, wcslen(added) * sizeof(WCHAR));
                out += wcslen(added);
                *out++ = ';';
            }
        }
        out[-1] = 0;
    }
    unlock_loader();
    return *path ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

NTSTATUS WINAPI LdrQueryImageFileExecutionOptions(const UNICODE_STRING *key, LPCWSTR value,
                                                  ULONG type, void *data, ULONG bytes,
                                                  ULONG *needed)
{
    (void)key, (void)value, (void)type, (void)data, (void)bytes, (void)needed;
    return STATUS_OBJECT_NAME_NOT_FOUND; /* there is no registry to set any */
}

void *WINAPI RtlPcToFileHeader(void *pc, void **base)
{
    struct module *module;

    lock_loader();
    module = module_from_address(pc);
    unlock_loader();
    *base = module ? module->entry.DllBase : NULL;
    return *base;
}

IMAGE_NT_HEADERS *WINAPI RtlImageNtHeader(HMODULE base)
{
    const IMAGE_DOS_HEADER *dos = (void *)((ULONG_PTR)base & ~(ULONG_PTR)3);
    IMAGE_NT_HEADERS *nt;

    if (!dos || dos->e_magic != IMAGE_DOS_SIGNATURE)
        return NULL;
    nt = (void *)((char *)dos + dos->e_lfanew);
    return nt->Signature == IMAGE_NT_SIGNATURE ? nt : NULL;
}

IMAGE_SECTION_HEADER *WINAPI RtlImageRvaToSection(const IMAGE_NT_HEADERS *nt, HMODULE base,
                                                  DWORD rva)
{
    const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(nt);

    (void)base;
    for (WORD i = 0; i < nt->FileHeader.NumberOfSections; i++, section++)
        if (rva >= section->VirtualAddress && rva - section->VirtualAddress < section->SizeOfRawData)
            return (IMAGE_SECTION_HEADER *)section;
    return NULL;
}

void *WINAPI RtlImageRvaToVa(const IMAGE_NT_HEADERS *nt, HMODULE base, DWORD rva,
                             IMAGE_SECTION_HEADER **section)
{
    IMAGE_SECTION_HEADER *found = RtlImageRvaToSection(nt, base, rva);

    if (section)
        *section = found;
    return found ? (char *)base + found->PointerToRawData + (rva - found->VirtualAddress) : NULL;
}

/* A handle whose lowest bit is set is a flat mapping of the file (LOAD_LIBRARY_AS_DATAFILE). */
void *WINAPI RtlImageDirectoryEntryToData(HMODULE base, BOOL image, WORD directory, ULONG *bytes)
{
    const IMAGE_NT_HEADERS *nt;
    DWORD address;

    if ((ULONG_PTR)base & 1) {
        base = (HMODULE)((ULONG_PTR)base & ~(ULONG_PTR)3);
        image = FALSE;
    } else {
        base = (HMODULE)((ULONG_PTR)base & ~(ULONG_PTR)3);
    }
    nt = RtlImageNtHeader(base);
    if (!nt || directory >= nt->OptionalHeader.NumberOfRvaAndSizes)
        return NULL;
    address = nt->OptionalHeader.DataDirectory[directory].VirtualAddress;
    if (!address)
        return NULL;
    *bytes = nt->OptionalHeader.DataDirectory[directory].Size;
    if (image || address < nt->OptionalHeader.SizeOfHeaders)
        return (char *)base + address;
    return RtlImageRvaToVa(nt, base, address, NULL);
}
