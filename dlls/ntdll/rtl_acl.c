/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Access control lists: a header and, one behind the other, entries (ACEs) that know their size.
 */
#include "rtl.h"

#ifndef SYSTEM_AUDIT_OBJECT_ACE_TYPE /* misspelt in the headers */
#define SYSTEM_AUDIT_OBJECT_ACE_TYPE 7
#endif
#define ENTRY_FLAGS (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE | NO_PROPAGATE_INHERIT_ACE | \
                     INHERIT_ONLY_ACE | INHERITED_ACE)

NTSTATUS WINAPI RtlCreateAcl(ACL *acl, DWORD bytes, DWORD revision)
{
    if (revision < MIN_ACL_REVISION || revision > MAX_ACL_REVISION)
        return STATUS_INVALID_PARAMETER;
    if (bytes < sizeof(*acl))
        return STATUS_BUFFER_TOO_SMALL;
    if (bytes > 0xffff)
        return STATUS_INVALID_PARAMETER;
    memset(acl, 0, sizeof(*acl));
    acl->AclRevision = (BYTE)revision;
    acl->AclSize = (WORD)bytes;
    return STATUS_SUCCESS;
}

static char *end_of(const ACL *acl)
{
    return (char *)acl + acl->AclSize;
}

/* Where the next entry goes, NULL when the list is full to the brim; false for a list that is broken. */
BOOLEAN WINAPI RtlFirstFreeAce(ACL *acl, ACE_HEADER **free_entry)
{
    char *at = (char *)(acl + 1), *end = end_of(acl);

    *free_entry = NULL;
    for (int i = 0; i < acl->AceCount; i++) {
        if (at + sizeof(ACE_HEADER) > end)
            return FALSE;
        at += ((ACE_HEADER *)at)->AceSize;
    }
    if (at <= end)
        *free_entry = (ACE_HEADER *)at;
    return TRUE;
}

BOOLEAN WINAPI RtlValidAcl(ACL *acl)
{
    char *at = (char *)(acl + 1);

    if (!acl || acl->AclRevision < MIN_ACL_REVISION || acl->AclRevision > MAX_ACL_REVISION ||
        acl->AclSize < sizeof(*acl))
        return FALSE;
    for (int i = 0; i < acl->AceCount; i++) {
        ACE_HEADER *entry = (ACE_HEADER *)at;

        if (end_of(acl) - at < (ptrdiff_t)sizeof(*entry) || entry->AceSize < sizeof(*entry) ||
            end_of(acl) - at < entry->AceSize)
            return FALSE;
        at += entry->AceSize;
    }
    return TRUE;
}

static ACE_HEADER *entry_at(ACL *acl, DWORD index)
{
    char *at = (char *)(acl + 1);

    if (index >= acl->AceCount)
        return NULL;
    while (index--) {
        at += ((ACE_HEADER *)at)->AceSize;
        if (at + sizeof(ACE_HEADER) > end_of(acl))
            return NULL;
    }
    return (ACE_HEADER *)at;
}

NTSTATUS WINAPI RtlGetAce(ACL *acl, DWORD index, void **entry)
{
    ACE_HEADER *found = entry_at(acl, index);

    if (!found)
        return STATUS_INVALID_PARAMETER;
    *entry = found;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlDeleteAce(ACL *acl, DWORD index)
{
    ACE_HEADER *entry = entry_at(acl, index), *free_entry;
    char *next;

    if (!entry || !RtlFirstFreeAce(acl, &free_entry))
        return STATUS_INVALID_PARAMETER;
    if (!free_entry)
        return STATUS_INVALID_ACL;
    next = (char *)entry + entry->AceSize;
    memmove(entry, next, (size_t)((char *)free_entry - next));
    acl->AceCount--;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlAddAce(ACL *acl, DWORD revision, DWORD index, ACE_HEADER *entries, DWORD bytes)
{
    ACE_HEADER *free_entry, *before;
    DWORD count = 0;
    char *at = (char *)entries;

    if (!RtlValidAcl(acl) || !RtlFirstFreeAce(acl, &free_entry))
        return STATUS_INVALID_PARAMETER;
    while (at < (char *)entries + bytes) {
        ACE_HEADER *entry = (ACE_HEADER *)at;

        if ((char *)entries + bytes - at < (ptrdiff_t)sizeof(*entry) ||
            entry->AceSize < sizeof(*entry))
            return STATUS_INVALID_PARAMETER;
        at += entry->AceSize;
        count++;
    }
    if (at != (char *)entries + bytes)
        return STATUS_INVALID_PARAMETER;
    if (!free_entry || (char *)free_entry + bytes > end_of(acl))
        return STATUS_BUFFER_TOO_SMALL;
    before = entry_at(acl, index);
    if (!before)
        before = free_entry;
    memmove((char *)before + bytes, before, (size_t)((char *)free_entry - (char *)before));
    memcpy(before, entries, bytes);
    acl->AceCount += (WORD)count;
    if (revision > acl->AclRevision && revision <= MAX_ACL_REVISION)
        acl->AclRevision = (BYTE)revision;
    return STATUS_SUCCESS;
}

/* --- The kinds of entries --------------------------------------------------------------------- */

struct entry {
    BYTE type;
    DWORD flags;
    ACCESS_MASK mask;
    const GUID *object, *inherited; /* of an object's entry */
    bool with_object;
    PSID sid;
};

static NTSTATUS add_entry(ACL *acl, DWORD revision, const struct entry *what)
{
    DWORD which = (what->object ? ACE_OBJECT_TYPE_PRESENT : 0) |
                  (what->inherited ? ACE_INHERITED_OBJECT_TYPE_PRESENT : 0);
    ACE_HEADER *header;
    SIZE_T bytes;
    char *at;

    if (!RtlValidSid(what->sid))
        return STATUS_INVALID_SID;
    if (revision > MAX_ACL_REVISION || acl->AclRevision > MAX_ACL_REVISION)
        return STATUS_REVISION_MISMATCH;
    if (!RtlValidAcl(acl) || !RtlFirstFreeAce(acl, &header))
        return STATUS_INVALID_ACL;
    bytes = sizeof(*header) + sizeof(what->mask) + RtlLengthSid(what->sid);
    if (what->with_object)
        bytes += sizeof(which) + (what->object ? sizeof(GUID) : 0) +
                 (what->inherited ? sizeof(GUID) : 0);
    if (!header || (char *)header + bytes > end_of(acl))
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    header->AceType = what->type;
    header->AceFlags = (BYTE)what->flags;
    header->AceSize = (WORD)bytes;
    at = (char *)(header + 1);
    memcpy(at, &what->mask, sizeof(what->mask));
    at += sizeof(what->mask);
    if (what->with_object) {
        memcpy(at, &which, sizeof(which));
        at += sizeof(which);
        if (what->object) {
            memcpy(at, what->object, sizeof(GUID));
            at += sizeof(GUID);
        }
        if (what->inherited) {
            memcpy(at, what->inherited, sizeof(GUID));
            at += sizeof(GUID);
        }
    }
    memcpy(at, what->sid, RtlLengthSid(what->sid));
    if (revision > acl->AclRevision)
        acl->AclRevision = (BYTE)revision;
    acl->AceCount++;
    return STATUS_SUCCESS;
}

static NTSTATUS add_plain(ACL *acl, DWORD revision, BYTE type, DWORD flags, DWORD allowed_flags,
                          ACCESS_MASK mask, PSID sid)
{
    struct entry what = {type, flags, mask, NULL, NULL, false, sid};

    if (flags & ~allowed_flags)
        return STATUS_INVALID_PARAMETER;
    return add_entry(acl, revision, &what);
}

NTSTATUS WINAPI RtlAddAccessAllowedAce(ACL *acl, DWORD revision, DWORD mask, PSID sid)
{
    return RtlAddAccessAllowedAceEx(acl, revision, 0, mask, sid);
}

NTSTATUS WINAPI RtlAddAccessAllowedAceEx(ACL *acl, DWORD revision, DWORD flags, DWORD mask,
                                         PSID sid)
{
    return add_plain(acl, revision, ACCESS_ALLOWED_ACE_TYPE, flags, ENTRY_FLAGS, mask, sid);
}

NTSTATUS WINAPI RtlAddAccessDeniedAce(ACL *acl, DWORD revision, DWORD mask, PSID sid)
{
    return RtlAddAccessDeniedAceEx(acl, revision, 0, mask, sid);
}

NTSTATUS WINAPI RtlAddAccessDeniedAceEx(ACL *acl, DWORD revision, DWORD flags, DWORD mask,
                                        PSID sid)
{
    return add_plain(acl, revision, ACCESS_DENIED_ACE_TYPE, flags, ENTRY_FLAGS, mask, sid);
}

NTSTATUS WINAPI RtlAddAuditAccessAce(ACL *acl, DWORD revision, DWORD mask, PSID sid, BOOL success,
                                     BOOL failure)
{
    return RtlAddAuditAccessAceEx(acl, revision, 0, mask, sid, success, failure);
}

static DWORD audit_flags(BOOL success, BOOL failure)
{
    return (success ? SUCCESSFUL_ACCESS_ACE_FLAG : 0) | (failure ? FAILED_ACCESS_ACE_FLAG : 0);
}

NTSTATUS WINAPI RtlAddAuditAccessAceEx(ACL *acl, DWORD revision, DWORD flags, DWORD mask, PSID sid,
                                       BOOL success, BOOL failure)
{
    return add_plain(acl, revision, SYSTEM_AUDIT_ACE_TYPE, flags | audit_flags(success, failure),
                     ENTRY_FLAGS | SUCCESSFUL_ACCESS_ACE_FLAG | FAILED_ACCESS_ACE_FLAG, mask, sid);
}

NTSTATUS WINAPI RtlAddMandatoryAce(ACL *acl, DWORD revision, DWORD flags, DWORD policy, DWORD type,
                                   PSID sid)
{
    if (type != SYSTEM_MANDATORY_LABEL_ACE_TYPE)
        return STATUS_INVALID_PARAMETER;
    return add_plain(acl, revision, SYSTEM_MANDATORY_LABEL_ACE_TYPE, flags, ENTRY_FLAGS, policy,
                     sid);
}

/* Without a GUID an object's entry is a plain one. */
static NTSTATUS add_object(ACL *acl, DWORD revision, BYTE type, BYTE plain_type, DWORD flags,
                           ACCESS_MASK mask, const GUID *object, const GUID *inherited, PSID sid)
{
    struct entry what = {type, flags, mask, object, inherited, true, sid};

    if (!object && !inherited) {
        what.type = plain_type;
        what.with_object = false;
    }
    return add_entry(acl, revision, &what);
}

NTSTATUS WINAPI RtlAddAccessAllowedObjectAce(ACL *acl, DWORD revision, DWORD flags, DWORD mask,
                                             GUID *object, GUID *inherited, PSID sid)
{
    return add_object(acl, revision, ACCESS_ALLOWED_OBJECT_ACE_TYPE, ACCESS_ALLOWED_ACE_TYPE, flags,
                      mask, object, inherited, sid);
}

NTSTATUS WINAPI RtlAddAccessDeniedObjectAce(ACL *acl, DWORD revision, DWORD flags, DWORD mask,
                                            GUID *object, GUID *inherited, PSID sid)
{
    return add_object(acl, revision, ACCESS_DENIED_OBJECT_ACE_TYPE, ACCESS_DENIED_ACE_TYPE, flags,
                      mask, object, inherited, sid);
}

NTSTATUS WINAPI RtlAddAuditAccessObjectAce(ACL *acl, DWORD revision, DWORD flags, DWORD mask,
                                           GUID *object, GUID *inherited, PSID sid, BOOL success,
                                           BOOL failure)
{
    return add_object(acl, revision, SYSTEM_AUDIT_OBJECT_ACE_TYPE, SYSTEM_AUDIT_ACE_TYPE,
                      flags | audit_flags(success, failure), mask, object, inherited, sid);
}

/* --- Questions -------------------------------------------------------------------------------- */

NTSTATUS WINAPI RtlQueryInformationAcl(ACL *acl, void *info, DWORD bytes,
                                       ACL_INFORMATION_CLASS class)
{
    ACL_REVISION_INFORMATION *revision = info;
    ACL_SIZE_INFORMATION *size = info;
    ACE_HEADER *free_entry;

    switch (class) {
    case AclRevisionInformation:
        if (bytes < sizeof(*revision))
            return STATUS_BUFFER_TOO_SMALL;
        revision->AclRevision = acl->AclRevision;
        return STATUS_SUCCESS;
    case AclSizeInformation:
        if (bytes < sizeof(*size))
            return STATUS_BUFFER_TOO_SMALL;
        if (!RtlFirstFreeAce(acl, &free_entry))
            return STATUS_INVALID_PARAMETER;
        size->AceCount = acl->AceCount;
        size->AclBytesInUse = free_entry ? (DWORD)((char *)free_entry - (char *)acl) : acl->AclSize;
        size->AclBytesFree = acl->AclSize - size->AclBytesInUse;
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}
