/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names as ntdll.dll takes them: paths, directories, attributes, and every status.
 *
 * Sources: [D] Microsoft's pages on OBJECT_ATTRIBUTES, NtCreateEvent, NtOpenEvent, NtOpenDirectoryObject and "Object names";
 * [T] Wine's ntdll/tests/om.c (test_case_sensitive, test_create_open, test_directory, test_query_object), which pass on
 * Windows.
 */
#include "conformance.h"
#include <winternl.h>
#include <ntstatus.h>

NTSTATUS NTAPI NtCreateEvent(PHANDLE, ACCESS_MASK, const OBJECT_ATTRIBUTES *, int, BOOLEAN);
NTSTATUS NTAPI NtOpenEvent(PHANDLE, ACCESS_MASK, const OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtCreateMutant(PHANDLE, ACCESS_MASK, const OBJECT_ATTRIBUTES *, BOOLEAN);
NTSTATUS NTAPI NtOpenMutant(PHANDLE, ACCESS_MASK, const OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ACCESS_MASK, const OBJECT_ATTRIBUTES *);

static WCHAR buffer[256];
static UNICODE_STRING string;
static OBJECT_ATTRIBUTES attributes;

/* `%s` in the format becomes something unique. */
static OBJECT_ATTRIBUTES *name(HANDLE root, ULONG flags, const char *format)
{
    char unique[64], text[256];

    snprintf(unique, sizeof(unique), "decant-%lx", GetCurrentProcessId());
    snprintf(text, sizeof(text), format, unique);
    for (size_t i = 0; i <= strlen(text); i++)
        buffer[i] = (WCHAR)text[i];
    RtlInitUnicodeString(&string, buffer);
    InitializeObjectAttributes(&attributes, &string, flags, root, NULL);
    return &attributes;
}

static NTSTATUS make_event(HANDLE *handle, OBJECT_ATTRIBUTES *named)
{
    return NtCreateEvent(handle, EVENT_ALL_ACCESS, named, 0, FALSE);
}

#define STATUS(call, expected)                                                                     \
    do {                                                                                           \
        NTSTATUS status_ = (call);                                                                 \
        ok(status_ == (NTSTATUS)(expected), "%s: %08lx", #call, status_);                            \
    } while (0)

static void test_existing(void)
{
    HANDLE event, other = (HANDLE)0xdeadbeef;

    STATUS(make_event(&event, name(NULL, 0, "\\BaseNamedObjects\\%s")), STATUS_SUCCESS);
    /* [T] test_create_open */
    STATUS(make_event(&other, name(NULL, 0, "\\BaseNamedObjects\\%s")), STATUS_OBJECT_NAME_COLLISION);
    STATUS(NtCreateMutant(&other, MUTANT_ALL_ACCESS, name(NULL, 0, "\\BaseNamedObjects\\%s"), FALSE),
           STATUS_OBJECT_NAME_COLLISION);
    STATUS(NtCreateMutant(&other, MUTANT_ALL_ACCESS, name(NULL, OBJ_OPENIF, "\\BaseNamedObjects\\%s"), FALSE),
           STATUS_OBJECT_TYPE_MISMATCH);
    STATUS(NtOpenMutant(&other, MUTANT_ALL_ACCESS, name(NULL, 0, "\\BaseNamedObjects\\%s")),
           STATUS_OBJECT_TYPE_MISMATCH);
    STATUS(make_event(&other, name(NULL, OBJ_OPENIF, "\\BaseNamedObjects\\%s")), STATUS_OBJECT_NAME_EXISTS);
    SetEvent(other);
    ok(WaitForSingleObject(event, 0) == WAIT_OBJECT_0, "it is another object");
    CloseHandle(event);
    STATUS(NtOpenEvent(&event, EVENT_ALL_ACCESS, name(NULL, 0, "\\BaseNamedObjects\\%s")), STATUS_SUCCESS);
    CloseHandle(event);
    CloseHandle(other);
    STATUS(NtOpenEvent(&event, EVENT_ALL_ACCESS, name(NULL, 0, "\\BaseNamedObjects\\%s")),
           STATUS_OBJECT_NAME_NOT_FOUND);
}

/* [T] test_case_sensitive */
static void test_case(void)
{
    HANDLE event, other;

    STATUS(make_event(&event, name(NULL, 0, "\\BaseNamedObjects\\%s-Case")), STATUS_SUCCESS);
    STATUS(NtOpenEvent(&other, EVENT_ALL_ACCESS, name(NULL, 0, "\\BaseNamedObjects\\%s-cASE")),
           STATUS_OBJECT_NAME_NOT_FOUND);
    STATUS(NtOpenEvent(&other, EVENT_ALL_ACCESS,
                       name(NULL, OBJ_CASE_INSENSITIVE, "\\BaseNamedObjects\\%s-cASE")), STATUS_SUCCESS);
    CloseHandle(other);
    STATUS(make_event(&other, name(NULL, OBJ_CASE_INSENSITIVE, "\\BaseNamedObjects\\%s-CASE")),
           STATUS_OBJECT_NAME_COLLISION);
    STATUS(make_event(&other, name(NULL, 0, "\\BaseNamedObjects\\%s-CASE")), STATUS_SUCCESS);
    CloseHandle(other);
    CloseHandle(event);
}

static void test_paths(void)
{
    HANDLE event, directory, other;
    NTSTATUS status;

    /* [T] test_directory: no backslash, no such directory, a backslash at the end, no name at all. */
    STATUS(make_event(&event, name(NULL, 0, "%s")), STATUS_OBJECT_PATH_SYNTAX_BAD);
    STATUS(make_event(&event, name(NULL, 0, "\\no such directory %s\\name")), STATUS_OBJECT_PATH_NOT_FOUND);
    STATUS(make_event(&event, name(NULL, 0, "\\BaseNamedObjects\\%s\\name")), STATUS_OBJECT_PATH_NOT_FOUND);
    STATUS(make_event(&event, name(NULL, 0, "\\BaseNamedObjects\\%s\\")), STATUS_OBJECT_PATH_NOT_FOUND);
    STATUS(NtOpenEvent(&event, EVENT_ALL_ACCESS, NULL), STATUS_INVALID_PARAMETER);
    attributes.ObjectName = NULL;
    STATUS(NtOpenEvent(&event, EVENT_ALL_ACCESS, &attributes), STATUS_OBJECT_PATH_SYNTAX_BAD);
    name(NULL, 0, "\\BaseNamedObjects\\%s");
    string.Length--; /* half a character */
    STATUS(make_event(&event, &attributes), STATUS_OBJECT_NAME_INVALID);
    /* A directory is no event. */
    STATUS(NtOpenEvent(&event, EVENT_ALL_ACCESS, name(NULL, 0, "\\BaseNamedObjects")),
           STATUS_OBJECT_TYPE_MISMATCH);

    STATUS(NtOpenDirectoryObject(&directory, 0xf, name(NULL, 0, "\\BaseNamedObjects")), STATUS_SUCCESS);
    STATUS(make_event(&event, name(directory, 0, "%s in it")), STATUS_SUCCESS);
    STATUS(NtOpenEvent(&other, EVENT_ALL_ACCESS, name(NULL, 0, "\\BaseNamedObjects\\%s in it")), STATUS_SUCCESS);
    CloseHandle(other);
    /* [T] A name with a root must not begin with a backslash; the root must be a directory. */
    STATUS(NtOpenEvent(&other, EVENT_ALL_ACCESS, name(directory, 0, "\\%s in it")),
           STATUS_OBJECT_PATH_SYNTAX_BAD);
    STATUS(NtOpenEvent(&other, EVENT_ALL_ACCESS, name((HANDLE)0xdead0000, 0, "%s in it")),
           STATUS_INVALID_HANDLE);
    status = NtOpenEvent(&other, EVENT_ALL_ACCESS, name(event, 0, "%s in it"));
    ok(status == STATUS_OBJECT_TYPE_MISMATCH || status == STATUS_OBJECT_PATH_NOT_FOUND, "an event as root: %08lx",
       status);
    CloseHandle(event);
    CloseHandle(directory);
    STATUS(NtOpenDirectoryObject(&directory, 0xf, name(NULL, 0, "\\%s")), STATUS_OBJECT_NAME_NOT_FOUND);
}

/* [T] test_query_object: the whole name. */
static void test_query(void)
{
    struct {
        UNICODE_STRING name;
        WCHAR text[200];
    } info;
    HANDLE event;
    ULONG needed = 0;

    STATUS(make_event(&event, name(NULL, 0, "\\BaseNamedObjects\\%s queried")), STATUS_SUCCESS);
    memset(&info, 0xcc, sizeof(info));
    STATUS(NtQueryObject(event, 1, &info, sizeof(info), &needed), STATUS_SUCCESS);
    ok(info.name.Length == string.Length && !memcmp(info.name.Buffer, buffer, string.Length),
       "the name is %.*ls", info.name.Length / 2, info.name.Buffer);
    ok(needed == sizeof(UNICODE_STRING) + string.Length + 2, "needed %lu", needed);
    CloseHandle(event);
}

CONFORMANCE("object_names", test_existing, test_case, test_paths, test_query)
