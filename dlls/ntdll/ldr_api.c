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
        module_pin(module);
    else
        module_add_reference(module);
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
            module_pin(module);
        else if (!(flags & LDR_GET_DLL_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT))
            module_add_reference(module);
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
