/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Binding: exports by name and ordinal, forwards, a module's import tables, and stubs for functions
 * that nobody provides. Images may be malformed, so every RVA is checked before it is followed.
 */
#include "ldr.h"

/* --- Stubs for missing functions --- */

#define STATUS_ENTRY_POINT_STUB ((NTSTATUS)0x80000100) /* Wine's EXCEPTION_WINE_STUB */

static void WINAPI raise_missing_function(const char *dll, const char *function)
{
    EXCEPTION_RECORD record = {
        .ExceptionCode = (DWORD)STATUS_ENTRY_POINT_STUB,
        .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
        .ExceptionAddress = __builtin_return_address(0),
        .NumberParameters = 2,
        .ExceptionInformation = {(ULONG_PTR)dll, (ULONG_PTR)function},
    };

    report_error("the program called %s of %s, which Decant does not have", function, dll);
    for (;;)
        RtlRaiseException(&record);
}

/* Code of one stub: two loads and a jump, so the caller's frame is the stub's own. */
struct stub_code {
    uint8_t load_dll[2];      /* mov rcx, imm64 */
    uint8_t dll[8];
    uint8_t load_function[2]; /* mov rdx, imm64 */
    uint8_t function[8];
    uint8_t load_target[2];   /* mov rax, imm64 */
    uint8_t target[8];
    uint8_t jump[2];          /* jmp rax */
};

static char *copy_string(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = RtlAllocateHeap(process_heap(), 0, bytes);

    return copy ? memcpy(copy, text, bytes) : NULL;
}

void *missing_function_stub(const char *dll, const char *function)
{
    static struct stub_code *stubs;
    static size_t used, room;
    const char *dll_copy = copy_string(dll), *function_copy = copy_string(function);
    void *target = (void *)raise_missing_function;
    struct stub_code *stub;
    SIZE_T bytes = 0x10000;
    void *base = NULL;

    if (!dll_copy || !function_copy)
        return NULL;
    if (used == room) {
        if (NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT,
                                    PAGE_EXECUTE_READWRITE))
            return NULL;
        stubs = base;
        used = 0;
        room = bytes / sizeof(*stubs);
    }
    stub = &stubs[used++];
    *stub = (struct stub_code){{0x48, 0xb9}, {0}, {0x48, 0xba}, {0}, {0x48, 0xb8}, {0}, {0xff, 0xe0}};
    memcpy(stub->dll, &dll_copy, 8);
    memcpy(stub->function, &function_copy, 8);
    memcpy(stub->target, &target, 8);
    return stub;
}

/* --- Exports --- */

/* Longer chains than this are taken for circles. */
#define MAX_FORWARDS 32

/* "DLL.Function" or "DLL.#123"; the text lies inside the export directory. */
static void *follow_forward(struct module *module, const char *forward)
{
    static int depth; /* under the loader lock */
    const char *dot = strrchr(forward, '.');
    WCHAR name[64];
    UNICODE_STRING string;
    struct module *target;
    NTSTATUS status;
    size_t length = dot ? (size_t)(dot - forward) : 0;
    ULONG ordinal = 0;
    void *address;

    if (depth == MAX_FORWARDS || !length || length + 5 > ARRAY_COUNT(name))
        return NULL;
    for (size_t i = 0; i < length; i++)
        name[i] = (BYTE)forward[i];
    memcpy(name + length, L".dll", 5 * sizeof(WCHAR));
    RtlInitUnicodeString(&string, name);

    target = module_find(&string);
    if (target)
        module_add_reference(target);
    else if (module_load(NULL, &string, 0, module, &target))
        return NULL;
    /* The address is handed out as the forwarding module's, so its owner stays as long as that does. */
    status = target->is_pinned ? STATUS_SUCCESS : module_add_dependency(module, target);
    if (!status && (module->is_attached || module->is_attaching))
        status = module_attach(target, NULL);
    module_release(target);
    if (status)
        return NULL;
    if (dot[1] == '#')
        for (const char *c = dot + 2; *c >= '0' && *c <= '9'; c++)
            ordinal = ordinal * 10 + (ULONG)(*c - '0');
    depth++;
    address = module_export(target, dot[1] == '#' ? NULL : dot + 1, ordinal, -1);
    depth--;
    return address;
}

static void *export_by_index(struct module *module, const IMAGE_EXPORT_DIRECTORY *exports,
                             ULONG directory_bytes, ULONG index)
{
    const DWORD *functions = module_rva(module, exports->AddressOfFunctions,
                                        (SIZE_T)exports->NumberOfFunctions * sizeof(DWORD));
    ULONG rva, start = (ULONG)((const char *)exports - (const char *)module->entry.DllBase);

    if (!functions || index >= exports->NumberOfFunctions)
        return NULL;
    rva = functions[index];
    if (!rva || rva >= module->entry.SizeOfImage)
        return NULL;
    /* An address inside the export directory is a forward's text. */
    if (rva >= start && rva - start < directory_bytes) {
        const char *forward = module_rva_string(module, rva);

        return forward ? follow_forward(module, forward) : NULL;
    }
    return (char *)module->entry.DllBase + rva;
}

void *module_export(struct module *module, const char *name, ULONG ordinal, int hint)
{
    const IMAGE_EXPORT_DIRECTORY *exports;
    const DWORD *names;
    const WORD *ordinals;
    ULONG bytes;
    LONG low, high;

    exports = module_directory(module, IMAGE_DIRECTORY_ENTRY_EXPORT, &bytes);
    if (!exports || bytes < sizeof(*exports))
        return NULL;
    if (!name)
        return ordinal < exports->Base
                   ? NULL
                   : export_by_index(module, exports, bytes, ordinal - exports->Base);

    names = module_rva(module, exports->AddressOfNames,
                       (SIZE_T)exports->NumberOfNames * sizeof(DWORD));
    ordinals = module_rva(module, exports->AddressOfNameOrdinals,
                          (SIZE_T)exports->NumberOfNames * sizeof(WORD));
    if (!names || !ordinals)
        return NULL;
    if (hint >= 0 && (ULONG)hint < exports->NumberOfNames) {
        const char *candidate = module_rva_string(module, names[hint]);

        if (candidate && !strcmp(candidate, name))
            return export_by_index(module, exports, bytes, ordinals[hint]);
    }
    for (low = 0, high = (LONG)exports->NumberOfNames - 1; low <= high;) {
        LONG middle = (low + high) / 2;
        const char *candidate = module_rva_string(module, names[middle]);
        int order = candidate ? strcmp(candidate, name) : -1;

        if (!order)
            return export_by_index(module, exports, bytes, ordinals[middle]);
        if (order > 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return NULL;
}

/* --- Imports --- */

static bool is_apiset_import(const char *dll)
{
    return !strncmp(dll, "api-ms-win-", 11) || !strncmp(dll, "ext-ms-win-", 11);
}

/* A contract's functions are spread over these hosts; ours may sit in another one of them. */
static void *find_in_other_hosts(const char *name)
{
    static const WCHAR *const hosts[] = {L"kernelbase.dll", L"kernel32.dll", L"ntdll.dll"};

    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        UNICODE_STRING host;
        struct module *module;
        void *address;

        RtlInitUnicodeString(&host, hosts[i]);
        module = module_find(&host);
        address = module ? module_export(module, name, 0, -1) : NULL;
        if (address)
            return address;
    }
    return NULL;
}

static void *bind_one(struct module *module, struct module *target, const char *dll,
                      ULONG64 thunk)
{
    const IMAGE_IMPORT_BY_NAME *by_name;
    char number[16];
    const char *name;
    void *address;

    if (thunk & IMAGE_ORDINAL_FLAG64) {
        ULONG ordinal = IMAGE_ORDINAL64(thunk);
        char *digit = number + sizeof(number) - 1;

        address = module_export(target, NULL, ordinal, -1);
        if (address)
            return address;
        *digit = 0;
        do
            *--digit = (char)('0' + ordinal % 10);
        while (ordinal /= 10);
        *--digit = '#';
        return missing_function_stub(dll, digit);
    }
    by_name = module_rva(module, (ULONG)thunk, sizeof(WORD) + 1);
    name = by_name ? module_rva_string(module, (ULONG)thunk + sizeof(WORD)) : NULL;
    if (!name)
        return NULL;
    address = module_export(target, name, 0, by_name->Hint);
    if (!address && is_apiset_import(dll))
        address = find_in_other_hosts(name);
    return address ? address : missing_function_stub(dll, name);
}

static NTSTATUS bind_table(struct module *module, struct module *target, const char *dll,
                           const IMAGE_IMPORT_DESCRIPTOR *descriptor)
{
    ULONG lookup = descriptor->OriginalFirstThunk ? descriptor->OriginalFirstThunk
                                                  : descriptor->FirstThunk;
    const ULONG64 *names = module_rva(module, lookup, sizeof(ULONG64));
    ULONG64 *slots = module_rva(module, descriptor->FirstThunk, sizeof(ULONG64));
    SIZE_T count = 0, bytes;
    ULONG old_protect;
    void *base = slots;
    NTSTATUS status;

    if (!names || !slots)
        return STATUS_INVALID_IMAGE_FORMAT;
    while (module_rva(module, lookup + (ULONG)(count * 8), sizeof(ULONG64)) && names[count])
        count++;
    if (!module_rva(module, lookup, (count + 1) * sizeof(ULONG64)) ||
        !module_rva(module, descriptor->FirstThunk, count * sizeof(ULONG64)))
        return STATUS_INVALID_IMAGE_FORMAT;
    if (!count)
        return STATUS_SUCCESS;

    /* The table may lie in a read-only section. */
    bytes = count * sizeof(ULONG64);
    status = NtProtectVirtualMemory(NtCurrentProcess(), &base, &bytes, PAGE_READWRITE,
                                    &old_protect);
    if (status)
        return status;
    for (SIZE_T i = 0; i < count && !status; i++) {
        void *address = bind_one(module, target, dll, names[i]);

        if (address)
            slots[i] = (ULONG_PTR)address;
        else
            status = STATUS_INVALID_IMAGE_FORMAT;
    }
    if (old_protect != PAGE_READWRITE)
        NtProtectVirtualMemory(NtCurrentProcess(), &base, &bytes, old_protect, &old_protect);
    return status;
}

NTSTATUS module_resolve_imports(struct module *module, const WCHAR *load_path)
{
    ULONG rva = module_directory_rva(module, IMAGE_DIRECTORY_ENTRY_IMPORT);

    if (module->is_resolved)
        return STATUS_SUCCESS;
    module->is_resolved = true; /* also breaks import cycles */
    /* The table ends with an empty entry; its size in the directory is not heeded, as on Windows. */
    for (; rva; rva += sizeof(IMAGE_IMPORT_DESCRIPTOR)) {
        const IMAGE_IMPORT_DESCRIPTOR *descriptor = module_rva(module, rva, sizeof(*descriptor));
        struct module *target;
        UNICODE_STRING name;
        WCHAR wide[MAX_PATH];
        const char *dll;
        NTSTATUS status;
        size_t length;

        if (!descriptor)
            return STATUS_INVALID_IMAGE_FORMAT;
        if (!descriptor->Name || !descriptor->FirstThunk)
            break;
        dll = module_rva_string(module, descriptor->Name);
        if (!dll || !*dll || (length = strlen(dll)) >= MAX_PATH)
            return STATUS_INVALID_IMAGE_FORMAT;
        for (size_t i = 0; i <= length; i++)
            wide[i] = (BYTE)dll[i];
        RtlInitUnicodeString(&name, wide);
        status = module_load(load_path, &name, 0, module, &target);
        if (status)
            return status;
        status = module_add_dependency(module, target);
        module_release(target);
        if (!status)
            status = bind_table(module, target, dll, descriptor);
        if (status)
            return status;
    }
    return STATUS_SUCCESS;
}
