/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finding, mapping, listing and unloading modules.
 *
 * References: a module counts its LoadLibrary calls and the modules that import from it. At none left it is
 * detached and unmapped and lets go of what it imported. Modules of the program's start are pinned.
 * Modules that import each other in a cycle keep each other loaded.
 */
#include "ldr.h"

#define SYSTEM_FOLDER L"C:\\windows\\system32\\"

static RTL_CRITICAL_SECTION_DEBUG loader_lock_debug;
RTL_CRITICAL_SECTION loader_lock = {&loader_lock_debug, -1, 0, 0, 0, 0};

UNICODE_STRING dll_directory;
ULONG default_dll_directories;

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

static bool has_path(const UNICODE_STRING *name)
{
    for (USHORT i = 0; i < name->Length / sizeof(WCHAR); i++)
        if (name->Buffer[i] == '\\' || name->Buffer[i] == '/')
            return true;
    return name->Length >= 2 * sizeof(WCHAR) && name->Buffer[1] == ':';
}

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
    WCHAR buffer[MAX_PATH * 2], full[MAX_PATH * 2];
    const WCHAR *host;
    size_t length = complete_name(name, buffer, ARRAY_COUNT(buffer));

    if (!length)
        return NULL;
    if (!has_path(name)) {
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
    module->entry.LoadCount = 1;
    module->entry.TimeDateStamp = nt->FileHeader.TimeDateStamp;
    module->entry.OriginalBase = nt->OptionalHeader.ImageBase;
    module->entry.LoadReason = LoadReasonDynamicLoad;
    module->entry.ReferenceCount = 1;
    module->entry.DdagNode = &module->ddag;
    module->ddag.LoadCount = 1;
    module->ddag.State = LdrModulesMapped;
    module->references = 1;
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

static void unlist(struct module *module)
{
    RemoveEntryList(&module->entry.InLoadOrderLinks);
    RemoveEntryList(&module->entry.InMemoryOrderLinks);
    RemoveEntryList(&module->entry.InInitializationOrderLinks);
}

static void module_destroy(struct module *module)
{
    tls_remove_module(module);
    unlist(module);
    function_table_remove_image(module->entry.DllBase);
    NtUnmapViewOfSection(NtCurrentProcess(), module->entry.DllBase);
    RtlFreeHeap(process_heap(), 0, module->entry.FullDllName.Buffer);
    if (module->dependencies)
        RtlFreeHeap(process_heap(), 0, module->dependencies);
    RtlFreeHeap(process_heap(), 0, module);
}

void module_release(struct module *module)
{
    struct module **dependencies;
    size_t count;

    if (module->is_pinned || --module->references > 0)
        return;
    module->references = 1; /* DllMain may load and free the module itself */
    if (module->is_attached) {
        module->entry.Flags |= LDR_UNLOAD_IN_PROGRESS;
        module_call_entry(module, DLL_PROCESS_DETACH, NULL);
        module->is_attached = false;
        notify_modules(LDR_DLL_NOTIFICATION_REASON_UNLOADED, module);
    }
    if (--module->references > 0)
        return;
    dependencies = module->dependencies;
    count = module->dependency_count;
    module->dependencies = NULL;
    module->dependency_count = 0;
    module_destroy(module);
    while (count--)
        module_release(dependencies[count]);
    if (dependencies)
        RtlFreeHeap(process_heap(), 0, dependencies);
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
    WCHAR path[MAX_PATH * 2];
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

/* Every folder of a list like PATH. */
static NTSTATUS map_in_list(const WCHAR *list, const WCHAR *name, struct decant_image *image,
                            WCHAR *full, size_t room)
{
    NTSTATUS status = STATUS_DLL_NOT_FOUND;

    while (list && *list && is_not_found(status)) {
        const WCHAR *end = list;

        while (*end && *end != ';')
            end++;
        status = map_in_folder(list, (size_t)(end - list), name, image, full, room);
        list = *end ? end + 1 : end;
    }
    return status;
}

/* The search order of Windows' documentation (safe search mode): the program's folder, the system
 * folder, the current folder, PATH. Our own three DLLs are found in the system folder at once,
 * as Windows' KnownDLLs are. */
static NTSTATUS map_by_search(const WCHAR *load_path, const WCHAR *name,
                              struct decant_image *image, WCHAR *full, size_t room)
{
    static const WCHAR *const known[] = {L"ntdll.dll", L"kernelbase.dll", L"kernel32.dll"};
    const UNICODE_STRING *program = &current_peb()->ProcessParameters->ImagePathName;
    UNICODE_STRING path_name, path_value;
    WCHAR path_buffer[4096];
    size_t folder = program->Length / sizeof(WCHAR);
    NTSTATUS status;

    for (size_t i = 0; i < ARRAY_COUNT(known); i++)
        if (!_wcsicmp(known[i], name))
            return map_builtin(name, image, full, room);
    /* A load path with flags in it (LOAD_LIBRARY_SEARCH_*) is 1 + the flags, see LdrGetDllPath. */
    if (load_path && !((ULONG_PTR)load_path & 1)) {
        status = map_in_list(load_path, name, image, full, room);
        if (!is_not_found(status))
            return status;
    }
    while (folder && program->Buffer[folder - 1] != '\\')
        folder--;
    status = map_in_folder(program->Buffer, folder, name, image, full, room);
    if (is_not_found(status) && dll_directory.Length)
        status = map_in_folder(dll_directory.Buffer, dll_directory.Length / sizeof(WCHAR), name,
                               image, full, room);
    if (is_not_found(status))
        status = map_builtin(name, image, full, room);
    if (is_not_found(status))
        status = map_in_folder(SYSTEM_FOLDER, ARRAY_COUNT(SYSTEM_FOLDER) - 1, name, image, full,
                               room);
    if (is_not_found(status) && !((ULONG_PTR)load_path & 1)) {
        status = map_in_folder(L".", 1, name, image, full, room);
        if (is_not_found(status)) {
            RtlInitUnicodeString(&path_name, L"PATH");
            path_value.Buffer = path_buffer;
            path_value.Length = 0;
            path_value.MaximumLength = sizeof(path_buffer) - sizeof(WCHAR);
            if (!RtlQueryEnvironmentVariable_U(NULL, &path_name, &path_value)) {
                path_buffer[path_value.Length / sizeof(WCHAR)] = 0;
                status = map_in_list(path_buffer, name, image, full, room);
            }
        }
    }
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

static void report_missing(const struct module *importer, const WCHAR *name)
{
    const UNICODE_STRING *program = &current_peb()->ProcessParameters->ImagePathName;

    report_error("%ls is missing: %ls imports it; looked for in the folder of %ls, Decant's DLLs, "
                 "DECANT_DLL_PATH, Wine's DLLs (package libwine), C:\\windows\\system32, the "
                 "current folder and PATH",
                 name, importer->entry.BaseDllName.Buffer, base_name(program->Buffer));
}

NTSTATUS module_load(const WCHAR *load_path, const UNICODE_STRING *name, ULONG flags,
                     const struct module *importer, struct module **out)
{
    WCHAR buffer[MAX_PATH * 2], full[MAX_PATH * 2];
    size_t length = complete_name(name, buffer, ARRAY_COUNT(buffer));
    struct module *module = module_find(name);
    struct decant_image image;
    const WCHAR *host;
    NTSTATUS status;

    if (!length)
        return STATUS_NAME_TOO_LONG;
    if (module) {
        module->references++;
        *out = module;
        return STATUS_SUCCESS;
    }
    if (has_path(name)) {
        status = map_by_full_path(buffer, &image, full, ARRAY_COUNT(full));
    } else {
        host = apiset_host(buffer, length);
        status = host ? map_builtin(host, &image, full, ARRAY_COUNT(full))
                      : map_by_search(load_path, buffer, &image, full, ARRAY_COUNT(full));
    }
    if (is_not_found(status)) {
        if (importer)
            report_missing(importer, buffer);
        return STATUS_DLL_NOT_FOUND;
    }
    if (status)
        return status;
    if (image.machine != IMAGE_FILE_MACHINE_AMD64) {
        NtUnmapViewOfSection(NtCurrentProcess(), (void *)(ULONG_PTR)image.base);
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    /* The same file under another spelling (a link, a short name) is mapped again, as on
     * Windows when the paths differ. */
    status = module_create(&image, full, &module);
    if (status) {
        NtUnmapViewOfSection(NtCurrentProcess(), (void *)(ULONG_PTR)image.base);
        return status;
    }
    if (!(flags & DONT_RESOLVE_DLL_REFERENCES) && module->entry.Flags & LDR_IMAGE_IS_DLL) {
        status = module_resolve_imports(module);
        if (!status)
            status = tls_add_module(module);
    } else {
        module->entry.Flags |= LDR_DONT_RESOLVE_REFS;
        module->is_resolved = true;
    }
    if (status) {
        module_release(module);
        return status;
    }
    notify_modules(LDR_DLL_NOTIFICATION_REASON_LOADED, module);
    *out = module;
    return STATUS_SUCCESS;
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
    InsertTailList(&lists->InInitializationOrderModuleList,
                   &module->entry.InInitializationOrderLinks);
    if (module->entry.Flags & LDR_IMAGE_IS_DLL || !reserved) {
        if (!call_dll_main(module, DLL_PROCESS_ATTACH, reserved)) {
            /* As Windows: a failed attach is followed by a detach. */
            call_dll_main(module, DLL_PROCESS_DETACH, reserved);
            RemoveEntryList(&module->entry.InInitializationOrderLinks);
            InitializeListHead(&module->entry.InInitializationOrderLinks);
            module->is_attaching = false;
            if (reserved)
                report_error("%ls refused to start (DllMain answered FALSE)",
                             module->entry.BaseDllName.Buffer);
            return STATUS_DLL_INIT_FAILED;
        }
    } else {
        tls_call_callbacks(module, DLL_PROCESS_ATTACH);
    }
    module->is_attaching = false;
    module->is_attached = true;
    module->entry.Flags |= LDR_PROCESS_ATTACHED;
    module->ddag.State = LdrModulesReadyToRun;
    return STATUS_SUCCESS;
}
