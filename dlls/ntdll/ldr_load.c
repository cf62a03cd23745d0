/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finding, mapping and listing modules, and calling DllMain when they are attached.
 */
#include "ldr.h"

#define SYSTEM_FOLDER L"C:\\windows\\system32\\"
#define PATH_ROOM     1024 /* characters of the longest path that a DLL is loaded from */

static RTL_CRITICAL_SECTION_DEBUG loader_lock_debug;
RTL_CRITICAL_SECTION loader_lock = {&loader_lock_debug, -1, 0, 0, 0, 0};

static LIST_ENTRY *load_order(void)
{
    return &current_peb()->LdrData->InLoadOrderModuleList;
}

static struct module *module_from_link(LIST_ENTRY *link)
{
    return CONTAINING_RECORD(link, struct module, entry.InLoadOrderLinks);
}

struct module *module_from_base(const void *base)
{
    for (LIST_ENTRY *link = load_order()->Flink; link != load_order(); link = link->Flink)
        if (module_from_link(link)->entry.DllBase == base)
            return module_from_link(link);
    return NULL;
}

struct module *module_from_address(const void *address)
{
    for (LIST_ENTRY *link = load_order()->Flink; link != load_order(); link = link->Flink) {
        struct module *module = module_from_link(link);

        if ((ULONG_PTR)address - (ULONG_PTR)module->entry.DllBase < module->entry.SizeOfImage)
            return module;
    }
    return NULL;
}

/* --- Names --- */

/* The name as the file is called: ".dll" is added where there is no extension; one trailing
 * dot means "no extension" and goes. Returns the length, 0 when it does not fit. */
static size_t complete_name(const UNICODE_STRING *name, WCHAR *buffer, size_t room)
{
    size_t length = name->Length / sizeof(WCHAR), last = length;

    if (!length || length + 5 > room)
        return 0;
    memcpy(buffer, name->Buffer, length * sizeof(WCHAR));
    while (last && buffer[last - 1] != '\\' && buffer[last - 1] != '/' && buffer[last - 1] != '.')
        last--;
    if (last == length && buffer[length - 1] == '.') {
        length--;
    } else if (!last || buffer[last - 1] != '.') {
        memcpy(buffer + length, L".dll", 4 * sizeof(WCHAR));
        length += 4;
    }
    buffer[length] = 0;
    return length;
}

static const WCHAR *base_name(const WCHAR *path)
{
    const WCHAR *base = path;

    for (; *path; path++)
        if (*path == '\\' || *path == '/')
            base = path + 1;
    return base;
}

static struct module *find_by_base_name(const WCHAR *name)
{
    for (LIST_ENTRY *link = load_order()->Flink; link != load_order(); link = link->Flink)
        if (!_wcsicmp(module_from_link(link)->entry.BaseDllName.Buffer, name))
            return module_from_link(link);
    return NULL;
}

static struct module *find_by_full_name(const WCHAR *path)
{
    for (LIST_ENTRY *link = load_order()->Flink; link != load_order(); link = link->Flink)
        if (!_wcsicmp(module_from_link(link)->entry.FullDllName.Buffer, path))
            return module_from_link(link);
    return NULL;
}

struct module *module_find(const UNICODE_STRING *name)
{
    WCHAR buffer[PATH_ROOM], full[PATH_ROOM];
    const WCHAR *host;
    size_t length = complete_name(name, buffer, ARRAY_COUNT(buffer));

    if (!length)
        return NULL;
    if (!has_folder(name)) {
        host = apiset_host(buffer, length);
        return find_by_base_name(host ? host : buffer);
    }
    if (!RtlGetFullPathName_U(buffer, sizeof(full), full, NULL))
        return NULL;
    return find_by_full_name(full);
}

/* --- Listing --- */

static WCHAR *copy_wide(const WCHAR *text, size_t length)
{
    WCHAR *copy = RtlAllocateHeap(process_heap(), 0, (length + 1) * sizeof(WCHAR));

    if (copy) {
        memcpy(copy, text, length * sizeof(WCHAR));
        copy[length] = 0;
    }
    return copy;
}

NTSTATUS module_create(const struct decant_image *image, const WCHAR *full_name,
                       struct module **out)
{
    struct module *module = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof(*module));
    PEB_LDR_DATA *lists = current_peb()->LdrData;
    IMAGE_DOS_HEADER *dos = (void *)(ULONG_PTR)image->base;
    IMAGE_NT_HEADERS64 *nt = (void *)(ULONG_PTR)(image->base + (ULONG)dos->e_lfanew);
    WCHAR *name = copy_wide(full_name, wcslen(full_name));

    if (!module || !name) {
        if (module)
            RtlFreeHeap(process_heap(), 0, module);
        if (name)
            RtlFreeHeap(process_heap(), 0, name);
        return STATUS_NO_MEMORY;
    }
    module->entry.DllBase = dos;
    module->entry.SizeOfImage = (ULONG)image->bytes;
    module->entry.EntryPoint = (void *)(ULONG_PTR)image->entry;
    RtlInitUnicodeString(&module->entry.FullDllName, name);
    RtlInitUnicodeString(&module->entry.BaseDllName, base_name(name));
    module->entry.Flags = image->characteristics & IMAGE_FILE_DLL ? LDR_IMAGE_IS_DLL : 0;
    module->entry.TimeDateStamp = nt->FileHeader.TimeDateStamp;
    module->entry.OriginalBase = image->preferred_base;
    module->entry.LoadReason = LoadReasonDynamicLoad;
    module->entry.ReferenceCount = 1;
    module->entry.DdagNode = &module->ddag;
    module->ddag.State = LdrModulesMapped;
    module_add_reference(module);
    module_examine(module);
    InitializeListHead(&module->ddag.Modules);
    InsertTailList(&module->ddag.Modules, &module->entry.NodeModuleLink);
    InitializeListHead(&module->entry.HashLinks);
    InitializeListHead(&module->entry.InInitializationOrderLinks);
    InsertTailList(&lists->InLoadOrderModuleList, &module->entry.InLoadOrderLinks);
    InsertTailList(&lists->InMemoryOrderModuleList, &module->entry.InMemoryOrderLinks);
    function_table_add_image(module->entry.DllBase);
    *out = module;
    return STATUS_SUCCESS;
}

/* --- Search --- */

static NTSTATUS map_by_path(const WCHAR *path, struct decant_image *image)
{
    UNICODE_STRING nt_path;
    NTSTATUS status = RtlDosPathNameToNtPathName_U_WithStatus(path, &nt_path, NULL, NULL);

    if (status)
        return status;
    status = DecantMapImage(&nt_path, image);
    RtlFreeUnicodeString(&nt_path);
    return status;
}

static bool is_not_found(NTSTATUS status)
{
    return status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND ||
           status == STATUS_DLL_NOT_FOUND || status == STATUS_NO_SUCH_FILE ||
           status == STATUS_OBJECT_NAME_INVALID || status == STATUS_OBJECT_PATH_SYNTAX_BAD ||
           status == STATUS_NOT_A_DIRECTORY || status == STATUS_FILE_IS_A_DIRECTORY;
}

/* Tries FOLDER\NAME; on success `full` holds the path. */
static NTSTATUS map_in_folder(const WCHAR *folder, size_t folder_length, const WCHAR *name,
                              struct decant_image *image, WCHAR *full, size_t room)
{
    WCHAR path[PATH_ROOM];
    size_t name_length = wcslen(name);

    if (!folder_length || folder_length + name_length + 2 > ARRAY_COUNT(path))
        return STATUS_DLL_NOT_FOUND;
    memcpy(path, folder, folder_length * sizeof(WCHAR));
    if (path[folder_length - 1] != '\\' && path[folder_length - 1] != '/')
        path[folder_length++] = '\\';
    memcpy(path + folder_length, name, (name_length + 1) * sizeof(WCHAR));
    if (!RtlGetFullPathName_U(path, (ULONG)(room * sizeof(WCHAR)), full, NULL))
        return STATUS_DLL_NOT_FOUND;
    return map_by_path(full, image);
}

static NTSTATUS map_builtin(const WCHAR *name, struct decant_image *image, WCHAR *full, size_t room)
{
    size_t folder = ARRAY_COUNT(SYSTEM_FOLDER) - 1, length = wcslen(name);
    NTSTATUS status = DecantMapBuiltin(name, image);

    if (status)
        return status;
    if (folder + length + 1 > room)
        return STATUS_NAME_TOO_LONG;
    memcpy(full, SYSTEM_FOLDER, folder * sizeof(WCHAR));
    memcpy(full + folder, name, (length + 1) * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

static bool is_system_folder(const WCHAR *folder, size_t length)
{
    const size_t system = ARRAY_COUNT(SYSTEM_FOLDER) - 2; /* without its separator */

    return (length == system || (length == system + 1 && folder[system] == '\\')) &&
           !_wcsnicmp(folder, SYSTEM_FOLDER, system);
}

/* Every folder of a list like PATH. What stands in the system folder on Windows is in the DLL folders here.
 * A folder that may not be read is passed over, and told of when nothing else has the DLL. */
static NTSTATUS map_in_list(const WCHAR *list, const WCHAR *name, struct decant_image *image,
                            WCHAR *full, size_t room)
{
    NTSTATUS status = STATUS_DLL_NOT_FOUND, denied = STATUS_DLL_NOT_FOUND;

    while (*list && is_not_found(status)) {
        const WCHAR *end = list;
        size_t length;

        while (*end && *end != ';')
            end++;
        length = (size_t)(end - list);
        if (is_system_folder(list, length))
            status = map_builtin(name, image, full, room);
        if (is_not_found(status))
            status = map_in_folder(list, length, name, image, full, room);
        if (status == STATUS_ACCESS_DENIED)
            denied = status, status = STATUS_DLL_NOT_FOUND;
        list = *end ? end + 1 : end;
    }
    return is_not_found(status) ? denied : status;
}

/* By the list of folders. Our own three DLLs are found in the system folder at once, as Windows' KnownDLLs
 * are. */
static NTSTATUS map_by_search(const WCHAR *load_path, const WCHAR *name,
                              struct decant_image *image, WCHAR *full, size_t room)
{
    static const WCHAR *const known[] = {L"ntdll.dll", L"kernelbase.dll", L"kernel32.dll"};
    WCHAR *standard;
    NTSTATUS status;

    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (!_wcsicmp(known[i], name))
            return map_builtin(name, image, full, room);
    if (load_path)
        return map_in_list(load_path, name, image, full, room);
    status = load_path_create(NULL, 0, &standard);
    if (status)
        return status;
    status = map_in_list(standard, name, image, full, room);
    RtlFreeHeap(process_heap(), 0, standard);
    return status;
}

/* A path: as it is; a DLL that "is" in the system folder may be one of the DLL folders'. */
static NTSTATUS map_by_full_path(const WCHAR *path, struct decant_image *image, WCHAR *full,
                                 size_t room)
{
    size_t folder = ARRAY_COUNT(SYSTEM_FOLDER) - 1;
    NTSTATUS status;

    if (!RtlGetFullPathName_U(path, (ULONG)(room * sizeof(WCHAR)), full, NULL))
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    status = map_by_path(full, image);
    if (is_not_found(status) && !_wcsnicmp(full, SYSTEM_FOLDER, folder) &&
        base_name(full) == full + folder)
        status = DecantMapBuiltin(full + folder, image);
    return is_not_found(status) ? STATUS_DLL_NOT_FOUND : status;
}

/* One line about a DLL without which the program cannot start. What a running program fails to load it
 * is told by the last error. */
static void report_failure(const struct module *importer, const WCHAR *name, NTSTATUS status)
{
    const WCHAR *program = base_name(current_peb()->ProcessParameters->ImagePathName.Buffer);
    const WCHAR *by = importer->entry.BaseDllName.Buffer;

    if (!is_starting)
        return;
    if (is_not_found(status))
        report_start_failure("%ls is missing: %ls imports it; looked for in the folder of %ls, "
                             "Decant's DLLs, DECANT_DLL_PATH, Wine's DLLs (package libwine), "
                             "C:\\windows\\system32, the current folder and PATH",
                             name, by, program);
    else if (status == STATUS_INVALID_IMAGE_FORMAT || status == STATUS_INVALID_IMAGE_NOT_MZ ||
             status == STATUS_INVALID_IMAGE_PROTECT)
        report_start_failure("%ls, which %ls imports, is malformed or not an x86-64 DLL", name, by);
    else
        report_start_failure("%ls, which %ls imports, cannot be loaded (status 0x%08x)", name, by,
                             (unsigned)status);
}

static NTSTATUS map_dll(const WCHAR *load_path, const WCHAR *name, size_t length,
                        struct decant_image *image, WCHAR *full, size_t room)
{
    const WCHAR *host;
    NTSTATUS status;

    if (RtlDetermineDosPathNameType_U(name) != RELATIVE_PATH)
        return map_by_full_path(name, image, full, room);
    host = apiset_host(name, length);
    status = host ? map_builtin(host, image, full, room)
                  : map_by_search(load_path, name, image, full, room);
    return is_not_found(status) ? STATUS_DLL_NOT_FOUND : status;
}

/* Binds a new module; on failure it is released, with all that it has loaded. */
static NTSTATUS prepare(struct module *module, const WCHAR *load_path, ULONG flags)
{
    NTSTATUS status;

    if (flags & DONT_RESOLVE_DLL_REFERENCES || !(module->entry.Flags & LDR_IMAGE_IS_DLL)) {
        module->entry.Flags |= LDR_DONT_RESOLVE_REFS;
        module->is_resolved = true;
    } else {
        status = module_resolve_imports(module, load_path);
        if (!status)
            status = tls_add_module(module);
        if (status) {
            module_release(module);
            return status;
        }
    }
    module->is_announced = true;
    notify_modules(LDR_DLL_NOTIFICATION_REASON_LOADED, module);
    return STATUS_SUCCESS;
}

NTSTATUS module_load(const WCHAR *load_path, const UNICODE_STRING *name, ULONG flags,
                     const struct module *importer, struct module **out)
{
    WCHAR buffer[PATH_ROOM], full[PATH_ROOM];
    size_t length = complete_name(name, buffer, ARRAY_COUNT(buffer));
    struct module *module = module_find(name);
    struct decant_image image;
    NTSTATUS status;

    if (!length)
        return STATUS_NAME_TOO_LONG;
    if (module) {
        module_add_reference(module);
        *out = module;
        return STATUS_SUCCESS;
    }
    status = map_dll(load_path, buffer, length, &image, full, ARRAY_COUNT(full));
    if (!status) {
        /* Another way to write the path of what is loaded already. */
        module = find_by_full_name(full);
        if (module || image.machine != IMAGE_FILE_MACHINE_AMD64)
            NtUnmapViewOfSection(NtCurrentProcess(), (void *)(ULONG_PTR)image.base);
        if (module) {
            module_add_reference(module);
            *out = module;
            return STATUS_SUCCESS;
        }
        if (image.machine != IMAGE_FILE_MACHINE_AMD64)
            status = STATUS_INVALID_IMAGE_FORMAT;
    }
    if (status) {
        if (importer)
            report_failure(importer, buffer, status);
        return status;
    }
    status = module_create(&image, full, &module);
    if (status) {
        NtUnmapViewOfSection(NtCurrentProcess(), (void *)(ULONG_PTR)image.base);
        return status;
    }
    status = prepare(module, load_path, flags);
    if (!status)
        *out = module;
    return status;
}

/* --- DllMain --- */

typedef BOOL(WINAPI *entry_function)(HMODULE module, DWORD reason, void *reserved);

static BOOL call_dll_main(struct module *module, ULONG reason, void *reserved)
{
    entry_function entry = (entry_function)module->entry.EntryPoint;

    tls_call_callbacks(module, reason);
    if (!entry || !(module->entry.Flags & LDR_IMAGE_IS_DLL))
        return TRUE;
    return entry(module->entry.DllBase, reason, reserved);
}

void module_call_entry(struct module *module, ULONG reason, void *reserved)
{
    call_dll_main(module, reason, reserved);
}

NTSTATUS module_attach(struct module *module, void *reserved)
{
    PEB_LDR_DATA *lists = current_peb()->LdrData;
    NTSTATUS status;

    if (module->is_attached || module->is_attaching ||
        module->entry.Flags & LDR_DONT_RESOLVE_REFS)
        return STATUS_SUCCESS;
    module->is_attaching = true;
    for (size_t i = 0; i < module->dependency_count; i++) {
        status = module_attach(module->dependencies[i], reserved);
        if (status) {
            module->is_attaching = false;
            return status;
        }
    }
    /* The program itself is not in this list, as on Windows: it has callbacks, but no DllMain. */
    if (module->entry.Flags & LDR_IMAGE_IS_DLL)
        InsertTailList(&lists->InInitializationOrderModuleList,
                       &module->entry.InInitializationOrderLinks);
    if (!call_dll_main(module, DLL_PROCESS_ATTACH, reserved)) {
        /* Documented: a DllMain that refuses is called with DLL_PROCESS_DETACH. */
        call_dll_main(module, DLL_PROCESS_DETACH, reserved);
        RemoveEntryList(&module->entry.InInitializationOrderLinks);
        InitializeListHead(&module->entry.InInitializationOrderLinks);
        module->is_attaching = false;
        if (is_starting)
            report_start_failure("%ls refused to start (DllMain answered FALSE)",
                                 module->entry.BaseDllName.Buffer);
        return STATUS_DLL_INIT_FAILED;
    }
    module->is_attaching = false;
    module->is_attached = true;
    module->entry.Flags |= LDR_PROCESS_ATTACHED;
    module->ddag.State = LdrModulesReadyToRun;
    return STATUS_SUCCESS;
}
