/* SPDX-License-Identifier: LGPL-2.1-or-later
 * securitybaseapi.h and processthreadsapi.h: access tokens, and rights on objects.
 */
#include "kernelbase.h"

/* --- Opening --- */

BOOL WINAPI OpenProcessToken(HANDLE process, DWORD access, HANDLE *token)
{
    return check_status(NtOpenProcessToken(process, access, token));
}

BOOL WINAPI OpenThreadToken(HANDLE thread, DWORD access, BOOL as_self, HANDLE *token)
{
    return check_status(NtOpenThreadToken(thread, access, (BOOLEAN)as_self, token));
}

BOOL WINAPI DuplicateTokenEx(HANDLE token, DWORD access, LPSECURITY_ATTRIBUTES security,
                             SECURITY_IMPERSONATION_LEVEL level, TOKEN_TYPE type, PHANDLE copy)
{
    SECURITY_QUALITY_OF_SERVICE quality = {
        .Length = sizeof(quality),
        .ImpersonationLevel = level,
        .ContextTrackingMode = SECURITY_STATIC_TRACKING,
    };
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, NULL,
                               security && security->bInheritHandle ? OBJ_INHERIT : 0, NULL,
                               security ? security->lpSecurityDescriptor : NULL);
    attributes.SecurityQualityOfService = &quality;
    return check_status(NtDuplicateToken(token, access, &attributes, FALSE, type, copy));
}

BOOL WINAPI DuplicateToken(HANDLE token, SECURITY_IMPERSONATION_LEVEL level, PHANDLE copy)
{
    return DuplicateTokenEx(token, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL, level, TokenImpersonation,
                            copy);
}

/* --- Contents --- */

BOOL WINAPI GetTokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS class, LPVOID info, DWORD size,
                                LPDWORD needed)
{
    return check_status(NtQueryInformationToken(token, class, info, size, needed));
}

BOOL WINAPI SetTokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS class, LPVOID info, DWORD size)
{
    return check_status(NtSetInformationToken(token, class, info, size));
}

/* Success although not every privilege was there: the last error tells (documented). */
BOOL WINAPI AdjustTokenPrivileges(HANDLE token, BOOL disable_all, PTOKEN_PRIVILEGES wanted,
                                  DWORD size, PTOKEN_PRIVILEGES previous, PDWORD needed)
{
    NTSTATUS status = NtAdjustPrivilegesToken(token, (BOOLEAN)disable_all, wanted, size, previous,
                                              needed);

    SetLastError(RtlNtStatusToDosError(status));
    return NT_SUCCESS(status);
}

BOOL WINAPI CreateRestrictedToken(HANDLE token, DWORD flags, DWORD disabled_count,
                                  PSID_AND_ATTRIBUTES disabled, DWORD deleted_count,
                                  PLUID_AND_ATTRIBUTES deleted, DWORD restricted_count,
                                  PSID_AND_ATTRIBUTES restricted, PHANDLE result)
{
    (void)token, (void)flags, (void)disabled_count, (void)disabled, (void)deleted_count;
    (void)deleted, (void)restricted_count, (void)restricted, (void)result;
    return set_error(ERROR_NOT_SUPPORTED);
}

/* No token is a restricted one, and that is no error. */
BOOL WINAPI IsTokenRestricted(HANDLE token)
{
    TOKEN_TYPE type;
    DWORD size;

    if (!GetTokenInformation(token, TokenType, &type, sizeof(type), &size))
        return FALSE;
    SetLastError(ERROR_SUCCESS);
    return FALSE;
}

/* --- Acting as somebody else --- */

BOOL WINAPI SetThreadToken(PHANDLE thread, HANDLE token)
{
    return check_status(NtSetInformationThread(thread ? *thread : GetCurrentThread(),
                                               ThreadImpersonationToken, &token, sizeof(token)));
}

BOOL WINAPI RevertToSelf(void)
{
    return SetThreadToken(NULL, NULL);
}

BOOL WINAPI ImpersonateLoggedOnUser(HANDLE token)
{
    TOKEN_TYPE type;
    HANDLE copy = NULL;
    DWORD size;
    BOOL result;

    if (!GetTokenInformation(token, TokenType, &type, sizeof(type), &size))
        return FALSE;
    if (type == TokenPrimary &&
        !DuplicateTokenEx(token, TOKEN_IMPERSONATE | TOKEN_QUERY, NULL, SecurityImpersonation,
                          TokenImpersonation, &copy))
        return FALSE;
    result = SetThreadToken(NULL, copy ? copy : token);
    if (copy)
        NtClose(copy);
    return result;
}

BOOL WINAPI ImpersonateSelf(SECURITY_IMPERSONATION_LEVEL level)
{
    HANDLE token, copy;
    BOOL result;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE, &token))
        return FALSE;
    result = DuplicateToken(token, level, &copy);
    NtClose(token);
    if (!result)
        return FALSE;
    result = SetThreadToken(NULL, copy);
    NtClose(copy);
    return result;
}

BOOL WINAPI ImpersonateAnonymousToken(HANDLE thread)
{
    return check_status(NtImpersonateAnonymousToken(thread));
}

/* --- Rights --- */

BOOL WINAPI AccessCheck(PSECURITY_DESCRIPTOR descriptor, HANDLE token, DWORD desired,
                        PGENERIC_MAPPING mapping, PPRIVILEGE_SET privileges, LPDWORD size,
                        LPDWORD granted, LPBOOL is_granted)
{
    NTSTATUS access = STATUS_ACCESS_DENIED;

    if (!check_status(NtAccessCheck(descriptor, token, desired, mapping, privileges, size, granted,
                                    &access)))
        return FALSE;
    *is_granted = NT_SUCCESS(access);
    if (!*is_granted)
        SetLastError(RtlNtStatusToDosError(access));
    return TRUE;
}

BOOL WINAPI AreAllAccessesGranted(DWORD granted, DWORD desired)
{
    return (granted & desired) == desired;
}

BOOL WINAPI AreAnyAccessesGranted(DWORD granted, DWORD desired)
{
    return (granted & desired) != 0;
}

void WINAPI MapGenericMask(PDWORD access, PGENERIC_MAPPING mapping)
{
    DWORD mask = *access;

    if (mask & GENERIC_READ)
        mask |= mapping->GenericRead;
    if (mask & GENERIC_WRITE)
        mask |= mapping->GenericWrite;
    if (mask & GENERIC_EXECUTE)
        mask |= mapping->GenericExecute;
    if (mask & GENERIC_ALL)
        mask |= mapping->GenericAll;
    *access = mask & ~(DWORD)(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
}

BOOL WINAPI GetKernelObjectSecurity(HANDLE handle, SECURITY_INFORMATION what,
                                    PSECURITY_DESCRIPTOR descriptor, DWORD size, LPDWORD needed)
{
    return check_status(NtQuerySecurityObject(handle, what, descriptor, size, needed));
}

BOOL WINAPI SetKernelObjectSecurity(HANDLE handle, SECURITY_INFORMATION what,
                                    PSECURITY_DESCRIPTOR descriptor)
{
    return check_status(NtSetSecurityObject(handle, what, descriptor));
}

/* --- Locally unique numbers --- */

/* Unique until the machine restarts: the process's id and a counter, above the range of the system's own
 * fixed LUIDs (0 to 999). */
BOOL WINAPI AllocateLocallyUniqueId(PLUID luid)
{
    static LONG counter;

    luid->LowPart = 1000 + (DWORD)InterlockedIncrement(&counter);
    luid->HighPart = (LONG)GetCurrentProcessId();
    return TRUE;
}
