/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * securitybaseapi.h: SIDs, access control lists and security descriptors on ntdll's; a file's security.
 * Tokens are in securitybaseapi_token.c, the well-known SIDs in securitybaseapi_wellknown.c.
 */
#include "kernelbase.h"

BOOL WINAPI AddAccessAllowedObjectAce(PACL acl, DWORD revision, DWORD flags, DWORD mask,
                                      GUID *object, GUID *inherited, PSID sid);
BOOL WINAPI AddAccessDeniedObjectAce(PACL acl, DWORD revision, DWORD flags, DWORD mask,
                                     GUID *object, GUID *inherited, PSID sid);
BOOL WINAPI AddAuditAccessObjectAce(PACL acl, DWORD revision, DWORD flags, DWORD mask, GUID *object,
                                    GUID *inherited, PSID sid, BOOL success, BOOL failure);

/* --- SIDs ------------------------------------------------------------------------------------- */

BOOL WINAPI AllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY authority, BYTE count, DWORD a,
                                     DWORD b, DWORD c, DWORD d, DWORD e, DWORD f, DWORD g, DWORD h,
                                     PSID *sid)
{
    return check_status(RtlAllocateAndInitializeSid(authority, count, a, b, c, d, e, f, g, h, sid));
}

PVOID WINAPI FreeSid(PSID sid)
{
    RtlFreeSid(sid);
    return NULL;
}

BOOL WINAPI InitializeSid(PSID sid, PSID_IDENTIFIER_AUTHORITY authority, BYTE count)
{
    return RtlInitializeSid(sid, authority, count) || set_error(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI IsValidSid(PSID sid)
{
    return RtlValidSid(sid) || set_error(ERROR_INVALID_SID);
}

BOOL WINAPI CopySid(DWORD room, PSID to, PSID from)
{
    return RtlCopySid(room, to, from) || set_error(ERROR_INSUFFICIENT_BUFFER);
}

BOOL WINAPI EqualSid(PSID a, PSID b)
{
    BOOL same = RtlEqualSid(a, b);

    SetLastError(ERROR_SUCCESS); /* how a caller tells "not the same" from a failure */
    return same;
}

BOOL WINAPI EqualPrefixSid(PSID a, PSID b)
{
    return RtlEqualPrefixSid(a, b);
}

DWORD WINAPI GetLengthSid(PSID sid)
{
    return RtlLengthSid(sid);
}

DWORD WINAPI GetSidLengthRequired(BYTE count)
{
    return RtlLengthRequiredSid(count);
}

PSID_IDENTIFIER_AUTHORITY WINAPI GetSidIdentifierAuthority(PSID sid)
{
    SetLastError(ERROR_SUCCESS);
    return RtlIdentifierAuthoritySid(sid);
}

PDWORD WINAPI GetSidSubAuthority(PSID sid, DWORD index)
{
    SetLastError(ERROR_SUCCESS);
    return RtlSubAuthoritySid(sid, index);
}

PUCHAR WINAPI GetSidSubAuthorityCount(PSID sid)
{
    SetLastError(ERROR_SUCCESS);
    return RtlSubAuthorityCountSid(sid);
}

/* --- Access control lists --------------------------------------------------------------------- */

BOOL WINAPI InitializeAcl(PACL acl, DWORD bytes, DWORD revision)
{
    return check_status(RtlCreateAcl(acl, bytes, revision));
}

BOOL WINAPI IsValidAcl(PACL acl)
{
    return RtlValidAcl(acl);
}

BOOL WINAPI AddAce(PACL acl, DWORD revision, DWORD index, LPVOID entries, DWORD bytes)
{
    return check_status(RtlAddAce(acl, revision, index, entries, bytes));
}

BOOL WINAPI DeleteAce(PACL acl, DWORD index)
{
    return check_status(RtlDeleteAce(acl, index));
}

BOOL WINAPI GetAce(PACL acl, DWORD index, LPVOID *entry)
{
    return check_status(RtlGetAce(acl, index, entry));
}

BOOL WINAPI FindFirstFreeAce(PACL acl, LPVOID *entry)
{
    return RtlFirstFreeAce(acl, (PACE_HEADER *)entry);
}

BOOL WINAPI GetAclInformation(PACL acl, LPVOID info, DWORD bytes, ACL_INFORMATION_CLASS class)
{
    return check_status(RtlQueryInformationAcl(acl, info, bytes, class));
}

/* Only the revision can be set. */
BOOL WINAPI SetAclInformation(PACL acl, LPVOID info, DWORD bytes, ACL_INFORMATION_CLASS class)
{
    const ACL_REVISION_INFORMATION *revision = info;

    if (class != AclRevisionInformation || bytes < sizeof(*revision) ||
        revision->AclRevision < MIN_ACL_REVISION || revision->AclRevision > MAX_ACL_REVISION)
        return set_error(ERROR_INVALID_PARAMETER);
    acl->AclRevision = (BYTE)revision->AclRevision;
    return TRUE;
}

BOOL WINAPI AddAccessAllowedAce(PACL acl, DWORD revision, DWORD mask, PSID sid)
{
    return check_status(RtlAddAccessAllowedAce(acl, revision, mask, sid));
}

BOOL WINAPI AddAccessAllowedAceEx(PACL acl, DWORD revision, DWORD flags, DWORD mask, PSID sid)
{
    return check_status(RtlAddAccessAllowedAceEx(acl, revision, flags, mask, sid));
}

BOOL WINAPI AddAccessAllowedObjectAce(PACL acl, DWORD revision, DWORD flags, DWORD mask,
                                      GUID *object, GUID *inherited, PSID sid)
{
    return check_status(RtlAddAccessAllowedObjectAce(acl, revision, flags, mask, object, inherited,
                                                     sid));
}

BOOL WINAPI AddAccessDeniedAce(PACL acl, DWORD revision, DWORD mask, PSID sid)
{
    return check_status(RtlAddAccessDeniedAce(acl, revision, mask, sid));
}

BOOL WINAPI AddAccessDeniedAceEx(PACL acl, DWORD revision, DWORD flags, DWORD mask, PSID sid)
{
    return check_status(RtlAddAccessDeniedAceEx(acl, revision, flags, mask, sid));
}

BOOL WINAPI AddAccessDeniedObjectAce(PACL acl, DWORD revision, DWORD flags, DWORD mask,
                                     GUID *object, GUID *inherited, PSID sid)
{
    return check_status(RtlAddAccessDeniedObjectAce(acl, revision, flags, mask, object, inherited,
                                                    sid));
}

BOOL WINAPI AddAuditAccessAce(PACL acl, DWORD revision, DWORD mask, PSID sid, BOOL success,
                              BOOL failure)
{
    return check_status(RtlAddAuditAccessAce(acl, revision, mask, sid, success, failure));
}

BOOL WINAPI AddAuditAccessAceEx(PACL acl, DWORD revision, DWORD flags, DWORD mask, PSID sid,
                                BOOL success, BOOL failure)
{
    return check_status(RtlAddAuditAccessAceEx(acl, revision, flags, mask, sid, success, failure));
}

BOOL WINAPI AddAuditAccessObjectAce(PACL acl, DWORD revision, DWORD flags, DWORD mask, GUID *object,
                                    GUID *inherited, PSID sid, BOOL success, BOOL failure)
{
    return check_status(RtlAddAuditAccessObjectAce(acl, revision, flags, mask, object, inherited,
                                                   sid, success, failure));
}

BOOL WINAPI AddMandatoryAce(PACL acl, DWORD revision, DWORD flags, DWORD policy, PSID sid)
{
    return check_status(RtlAddMandatoryAce(acl, revision, flags, policy,
                                           SYSTEM_MANDATORY_LABEL_ACE_TYPE, sid));
}

/* --- Security descriptors --------------------------------------------------------------------- */

BOOL WINAPI InitializeSecurityDescriptor(PSECURITY_DESCRIPTOR sd, DWORD revision)
{
    return check_status(RtlCreateSecurityDescriptor(sd, revision));
}

BOOL WINAPI IsValidSecurityDescriptor(PSECURITY_DESCRIPTOR sd)
{
    return (BOOLEAN)RtlValidSecurityDescriptor(sd) || set_error(ERROR_INVALID_SECURITY_DESCR);
}

DWORD WINAPI GetSecurityDescriptorLength(PSECURITY_DESCRIPTOR sd)
{
    return RtlLengthSecurityDescriptor(sd);
}

BOOL WINAPI GetSecurityDescriptorControl(PSECURITY_DESCRIPTOR sd,
                                         PSECURITY_DESCRIPTOR_CONTROL control, LPDWORD revision)
{
    return check_status(RtlGetControlSecurityDescriptor(sd, control, revision));
}

BOOL WINAPI SetSecurityDescriptorControl(PSECURITY_DESCRIPTOR sd, SECURITY_DESCRIPTOR_CONTROL mask,
                                         SECURITY_DESCRIPTOR_CONTROL value)
{
    return check_status(RtlSetControlSecurityDescriptor(sd, mask, value));
}

static BOOL get_list(NTSTATUS (WINAPI *get)(PSECURITY_DESCRIPTOR, PBOOLEAN, PACL *, PBOOLEAN),
                     PSECURITY_DESCRIPTOR sd, BOOL *present, PACL *acl, BOOL *defaulted)
{
    BOOLEAN is_present, is_default = FALSE;
    NTSTATUS status = get(sd, &is_present, acl, &is_default);

    if (!status) {
        *present = is_present;
        if (is_present)
            *defaulted = is_default;
    }
    return check_status(status);
}

BOOL WINAPI GetSecurityDescriptorDacl(PSECURITY_DESCRIPTOR sd, LPBOOL present, PACL *acl,
                                      LPBOOL defaulted)
{
    return get_list(RtlGetDaclSecurityDescriptor, sd, present, acl, defaulted);
}

BOOL WINAPI GetSecurityDescriptorSacl(PSECURITY_DESCRIPTOR sd, LPBOOL present, PACL *acl,
                                      LPBOOL defaulted)
{
    return get_list(RtlGetSaclSecurityDescriptor, sd, present, acl, defaulted);
}

static BOOL get_sid(NTSTATUS (WINAPI *get)(PSECURITY_DESCRIPTOR, PSID *, PBOOLEAN),
                    PSECURITY_DESCRIPTOR sd, PSID *sid, BOOL *defaulted)
{
    BOOLEAN is_default;
    NTSTATUS status = get(sd, sid, &is_default);

    if (!status)
        *defaulted = is_default;
    return check_status(status);
}

BOOL WINAPI GetSecurityDescriptorOwner(PSECURITY_DESCRIPTOR sd, PSID *owner, LPBOOL defaulted)
{
    return get_sid(RtlGetOwnerSecurityDescriptor, sd, owner, defaulted);
}

BOOL WINAPI GetSecurityDescriptorGroup(PSECURITY_DESCRIPTOR sd, PSID *group, LPBOOL defaulted)
{
    return get_sid(RtlGetGroupSecurityDescriptor, sd, group, defaulted);
}

BOOL WINAPI SetSecurityDescriptorDacl(PSECURITY_DESCRIPTOR sd, BOOL present, PACL acl,
                                      BOOL defaulted)
{
    return check_status(RtlSetDaclSecurityDescriptor(sd, present != 0, acl, defaulted != 0));
}

BOOL WINAPI SetSecurityDescriptorSacl(PSECURITY_DESCRIPTOR sd, BOOL present, PACL acl,
                                      BOOL defaulted)
{
    return check_status(RtlSetSaclSecurityDescriptor(sd, present != 0, acl, defaulted != 0));
}

BOOL WINAPI SetSecurityDescriptorOwner(PSECURITY_DESCRIPTOR sd, PSID owner, BOOL defaulted)
{
    return check_status(RtlSetOwnerSecurityDescriptor(sd, owner, defaulted != 0));
}

BOOL WINAPI SetSecurityDescriptorGroup(PSECURITY_DESCRIPTOR sd, PSID group, BOOL defaulted)
{
    return check_status(RtlSetGroupSecurityDescriptor(sd, group, defaulted != 0));
}

BOOL WINAPI MakeSelfRelativeSD(PSECURITY_DESCRIPTOR from, PSECURITY_DESCRIPTOR to, LPDWORD bytes)
{
    return check_status(RtlMakeSelfRelativeSD(from, to, bytes));
}

BOOL WINAPI MakeAbsoluteSD(PSECURITY_DESCRIPTOR from, PSECURITY_DESCRIPTOR to, LPDWORD bytes,
                           PACL dacl, LPDWORD dacl_room, PACL sacl, LPDWORD sacl_room, PSID owner,
                           LPDWORD owner_room, PSID group, LPDWORD group_room)
{
    return check_status(RtlSelfRelativeToAbsoluteSD(from, to, bytes, dacl, dacl_room, sacl,
                                                    sacl_room, owner, owner_room, group,
                                                    group_room));
}

/* --- Files ------------------------------------------------------------------------------------ */

static HANDLE open_for_security(const WCHAR *name, DWORD access)
{
    return CreateFileW(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
                       NULL);
}

BOOL WINAPI GetFileSecurityW(LPCWSTR name, SECURITY_INFORMATION what, PSECURITY_DESCRIPTOR sd,
                             DWORD room, LPDWORD needed)
{
    DWORD access = what & SACL_SECURITY_INFORMATION ? ACCESS_SYSTEM_SECURITY : 0;
    HANDLE file = open_for_security(name, access | READ_CONTROL);
    NTSTATUS status;

    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    status = NtQuerySecurityObject(file, what, sd, room, needed);
    NtClose(file);
    return check_status(status);
}

BOOL WINAPI SetFileSecurityW(LPCWSTR name, SECURITY_INFORMATION what, PSECURITY_DESCRIPTOR sd)
{
    DWORD access = 0;
    HANDLE file;
    NTSTATUS status;

    if (what & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION))
        access |= WRITE_OWNER;
    if (what & DACL_SECURITY_INFORMATION)
        access |= WRITE_DAC;
    if (what & SACL_SECURITY_INFORMATION)
        access |= ACCESS_SYSTEM_SECURITY;
    file = open_for_security(name, access);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    status = NtSetSecurityObject(file, what, sd);
    NtClose(file);
    return check_status(status);
}
