/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where DLLs are looked for: SetDllDirectory, AddDllDirectory, SetDefaultDllDirectories and the flags of
 * LoadLibraryEx, all brought into one form, a list of folders like PATH. The order is that of Microsoft's
 * "Dynamic-link library search order"; which of the added folders comes first is not documented, Wine's
 * tests (dlls/kernel32/tests/module.c) found it to be the last one added.
 */
#include "ldr.h"

#define SEARCH_FLAGS 0xff00u /* LOAD_LIBRARY_SEARCH_* */

struct added_directory {
    LIST_ENTRY link;
    WCHAR path[];
};

static LIST_ENTRY added_directories = {&added_directories, &added_directories};
static UNICODE_STRING dll_directory; /* SetDllDirectory's; no Buffer: not set, empty: "" was */
static ULONG default_directories;    /* SetDefaultDllDirectories' */

static bool is_separator(WCHAR c)
{
    return c == '\\' || c == '/';
}

bool has_folder(const UNICODE_STRING *name)
{
    for (USHORT i = 0; i < name->Length / sizeof(WCHAR); i++)
        if (is_separator(name->Buffer[i]))
            return true;
    return name->Length >= 2 * sizeof(WCHAR) && name->Buffer[1] == ':';
}

/* --- Settings --- */

NTSTATUS WINAPI LdrSetDllDirectory(const UNICODE_STRING *directory)
{
    UNICODE_STRING copy = {0};
    NTSTATUS status = STATUS_SUCCESS;

    if (directory->Buffer)
        status = RtlDuplicateUnicodeString(3, directory, &copy); /* terminated; also an empty one */
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
        if (directory->MaximumLength)
            directory->Buffer[0] = 0;
    }
    unlock_loader();
    return status;
}

NTSTATUS WINAPI LdrAddDllDirectory(const UNICODE_STRING *directory, void **cookie)
{
    struct added_directory *added;
    UNICODE_STRING nt_path;
    DOS_PATHNAME_TYPE type = RtlDetermineDosPathNameType_U(directory->Buffer);
    FILE_BASIC_INFORMATION info;
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;

    if (type != ABSOLUTE_PATH && type != ABSOLUTE_DRIVE_PATH)
        return STATUS_INVALID_PARAMETER;
    status = RtlDosPathNameToNtPathName_U_WithStatus(directory->Buffer, &nt_path, NULL, NULL);
    if (status)
        return status;
    InitializeObjectAttributes(&attributes, &nt_path, OBJ_CASE_INSENSITIVE, 0, NULL);
    status = NtQueryAttributesFile(&attributes, &info);
    RtlFreeUnicodeString(&nt_path);
    if (status)
        return status;

    added = RtlAllocateHeap(process_heap(), 0, sizeof(*added) + directory->Length + sizeof(WCHAR));
    if (!added)
        return STATUS_NO_MEMORY;
    memcpy(added->path, directory->Buffer, directory->Length);
    added->path[directory->Length / sizeof(WCHAR)] = 0;
    lock_loader();
    InsertHeadList(&added_directories, &added->link);
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
    default_directories = flags;
    return STATUS_SUCCESS;
}

/* --- The list --- */

/* A list that grows. Once there is no memory it stays as it is and says so. */
struct list {
    WCHAR *text;
    SIZE_T length, room;
    bool is_out_of_memory;
};

static void append(struct list *list, const WCHAR *folder, SIZE_T length)
{
    SIZE_T needed = list->length + length + 2;

    if (!length || list->is_out_of_memory)
        return;
    if (needed > list->room) {
        SIZE_T room = needed * 2 + 512;
        WCHAR *grown = list->text ? RtlReAllocateHeap(process_heap(), 0, list->text,
                                                      room * sizeof(WCHAR))
                                  : RtlAllocateHeap(process_heap(), 0, room * sizeof(WCHAR));

        if (!grown) {
            list->is_out_of_memory = true;
            return;
        }
        list->text = grown;
        list->room = room;
    }
    if (list->length)
        list->text[list->length++] = ';';
    memcpy(list->text + list->length, folder, length * sizeof(WCHAR));
    list->length += length;
    list->text[list->length] = 0;
}

static void append_text(struct list *list, const WCHAR *folder)
{
    append(list, folder, wcslen(folder));
}

/* The folder of a path, with its separator; nothing where there is none. */
static void append_folder_of(struct list *list, const WCHAR *path)
{
    SIZE_T length = wcslen(path);

    while (length && !is_separator(path[length - 1]))
        length--;
    append(list, path, length);
}

static void append_path_variable(struct list *list)
{
    UNICODE_STRING name, value = {0, 0, NULL};
    NTSTATUS status;

    RtlInitUnicodeString(&name, L"PATH");
    status = RtlQueryEnvironmentVariable_U(NULL, &name, &value);
    if (status != STATUS_BUFFER_TOO_SMALL)
        return;
    value.MaximumLength = value.Length + sizeof(WCHAR);
    value.Buffer = RtlAllocateHeap(process_heap(), 0, value.MaximumLength);
    if (!value.Buffer) {
        list->is_out_of_memory = true;
        return;
    }
    if (!RtlQueryEnvironmentVariable_U(NULL, &name, &value))
        append(list, value.Buffer, value.Length / sizeof(WCHAR));
    RtlFreeHeap(process_heap(), 0, value.Buffer);
}

static void append_flagged(struct list *list, const WCHAR *dll, const WCHAR *program, ULONG flags)
{
    if (flags & LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR)
        append_folder_of(list, dll);
    if (flags & (LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS))
        append_folder_of(list, program);
    if (flags & (LOAD_LIBRARY_SEARCH_USER_DIRS | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS)) {
        for (LIST_ENTRY *link = added_directories.Flink; link != &added_directories;
             link = link->Flink)
            append_text(list, CONTAINING_RECORD(link, struct added_directory, link)->path);
        append(list, dll_directory.Buffer, dll_directory.Length / sizeof(WCHAR));
    }
    if (flags & (LOAD_LIBRARY_SEARCH_SYSTEM32 | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS))
        append_text(list, L"C:\\windows\\system32");
}

static void append_standard(struct list *list, const WCHAR *dll, const WCHAR *program, ULONG flags)
{
    append_folder_of(list, flags & LOAD_WITH_ALTERED_SEARCH_PATH ? dll : program);
    /* SetDllDirectory, even with "", takes the current folder out of the list. */
    append(list, dll_directory.Buffer, dll_directory.Length / sizeof(WCHAR));
    append_text(list, L"C:\\windows\\system32;C:\\windows\\system;C:\\windows");
    if (!dll_directory.Buffer)
        append_text(list, L".");
    append_path_variable(list);
}

NTSTATUS load_path_create(const WCHAR *dll, ULONG flags, WCHAR **path)
{
    const WCHAR *program = current_peb()->ProcessParameters->ImagePathName.Buffer;
    struct list list = {0};

    *path = NULL;
    if (flags & LOAD_WITH_ALTERED_SEARCH_PATH && flags & SEARCH_FLAGS)
        return STATUS_INVALID_PARAMETER;
    if (flags & LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR || flags & LOAD_WITH_ALTERED_SEARCH_PATH) {
        DOS_PATHNAME_TYPE type =
            dll ? RtlDetermineDosPathNameType_U(dll) : RELATIVE_PATH;

        /* A name without a folder: "undefined behaviour" with ALTERED_SEARCH_PATH (documented); the
         * standard order is what Windows does. */
        if (type == RELATIVE_PATH) {
            if (flags & LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR)
                return STATUS_INVALID_PARAMETER;
            flags &= ~(ULONG)LOAD_WITH_ALTERED_SEARCH_PATH;
        }
    }
    lock_loader();
    if (!(flags & (SEARCH_FLAGS | LOAD_WITH_ALTERED_SEARCH_PATH)))
        flags |= default_directories;
    if (flags & SEARCH_FLAGS)
        append_flagged(&list, dll, program, flags);
    else
        append_standard(&list, dll, program, flags);
    unlock_loader();
    if (list.is_out_of_memory || !list.text) {
        if (list.text)
            RtlFreeHeap(process_heap(), 0, list.text);
        return STATUS_NO_MEMORY;
    }
    *path = list.text;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrGetDllPath(PCWSTR dll, ULONG flags, PWSTR *path, PWSTR *unknown)
{
    *unknown = NULL;
    return load_path_create(dll, flags, path);
}
