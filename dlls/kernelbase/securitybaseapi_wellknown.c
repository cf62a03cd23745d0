/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * securitybaseapi.h: the SIDs that mean the same everywhere, those of an account's domain, and who a
 * token stands for. Values are of Microsoft's "Well-known SIDs" page.
 */
#include "kernelbase.h"

struct well_known {
    BYTE authority, count; /* count 0 with `relative`: the number behind a domain's SID */
    BYTE relative;
    DWORD values[4];
};

#define WORLD(type, a)      [type] = {1, 1, 0, {a}}
#define CREATOR(type, a)    [type] = {3, 1, 0, {a}}
#define NT(type, a)         [type] = {5, 1, 0, {a}}
#define BUILTIN(type, a)    [type] = {5, 2, 0, {SECURITY_BUILTIN_DOMAIN_RID, a}}
#define PACKAGE(type, a)    [type] = {5, 2, 0, {SECURITY_PACKAGE_BASE_RID, a}}
#define ACCOUNT(type, a)    [type] = {5, 0, 1, {a}}
#define LABEL(type, a)      [type] = {16, 1, 0, {a}}
#define CAPABILITY(type, a) [type] = {15, 2, 0, {3, a}}

static const struct well_known well_known[] = {
    [WinNullSid] = {0, 1, 0, {0}}, WORLD(WinWorldSid, 0), [WinLocalSid] = {2, 1, 0, {0}},
    [WinLocalLogonSid] = {2, 1, 0, {0}}, [WinConsoleLogonSid] = {2, 1, 0, {1}},
    CREATOR(WinCreatorOwnerSid, 0), CREATOR(WinCreatorGroupSid, 1),
    CREATOR(WinCreatorOwnerServerSid, 2), CREATOR(WinCreatorGroupServerSid, 3),
    CREATOR(WinCreatorOwnerRightsSid, 4), [WinNtAuthoritySid] = {5, 0, 0, {0}},
    NT(WinDialupSid, 1), NT(WinNetworkSid, 2), NT(WinBatchSid, 3), NT(WinInteractiveSid, 4),
    NT(WinServiceSid, 6), NT(WinAnonymousSid, 7), NT(WinProxySid, 8),
    NT(WinEnterpriseControllersSid, 9), NT(WinSelfSid, 10), NT(WinAuthenticatedUserSid, 11),
    NT(WinRestrictedCodeSid, 12), NT(WinTerminalServerSid, 13), NT(WinRemoteLogonIdSid, 14),
    NT(WinThisOrganizationSid, 15), NT(WinIUserSid, 17), NT(WinLocalSystemSid, 18),
    NT(WinLocalServiceSid, 19), NT(WinNetworkServiceSid, 20), NT(WinWriteRestrictedCodeSid, 33),
    NT(WinOtherOrganizationSid, 1000), NT(WinLocalAccountSid, 113),
    NT(WinLocalAccountAndAdministratorSid, 114), NT(WinBuiltinDomainSid, 32),
    BUILTIN(WinBuiltinAdministratorsSid, 544), BUILTIN(WinBuiltinUsersSid, 545),
    BUILTIN(WinBuiltinGuestsSid, 546), BUILTIN(WinBuiltinPowerUsersSid, 547),
    BUILTIN(WinBuiltinAccountOperatorsSid, 548), BUILTIN(WinBuiltinSystemOperatorsSid, 549),
    BUILTIN(WinBuiltinPrintOperatorsSid, 550), BUILTIN(WinBuiltinBackupOperatorsSid, 551),
    BUILTIN(WinBuiltinReplicatorSid, 552),
    BUILTIN(WinBuiltinPreWindows2000CompatibleAccessSid, 554),
    BUILTIN(WinBuiltinRemoteDesktopUsersSid, 555),
    BUILTIN(WinBuiltinNetworkConfigurationOperatorsSid, 556),
    BUILTIN(WinBuiltinIncomingForestTrustBuildersSid, 557),
    BUILTIN(WinBuiltinPerfMonitoringUsersSid, 558), BUILTIN(WinBuiltinPerfLoggingUsersSid, 559),
    BUILTIN(WinBuiltinAuthorizationAccessSid, 560),
    BUILTIN(WinBuiltinTerminalServerLicenseServersSid, 561), BUILTIN(WinBuiltinDCOMUsersSid, 562),
    BUILTIN(WinBuiltinIUsersSid, 568), BUILTIN(WinBuiltinCryptoOperatorsSid, 569),
    BUILTIN(WinBuiltinEventLogReadersGroup, 573), BUILTIN(WinBuiltinCertSvcDComAccessGroup, 574),
    BUILTIN(WinBuiltinRDSRemoteAccessServersSid, 575),
    BUILTIN(WinBuiltinRDSEndpointServersSid, 576), BUILTIN(WinBuiltinRDSManagementServersSid, 577),
    BUILTIN(WinBuiltinHyperVAdminsSid, 578),
    BUILTIN(WinBuiltinAccessControlAssistanceOperatorsSid, 579),
    BUILTIN(WinBuiltinRemoteManagementUsersSid, 580),
    PACKAGE(WinNTLMAuthenticationSid, 10), PACKAGE(WinSChannelAuthenticationSid, 14),
    PACKAGE(WinDigestAuthenticationSid, 21),
    [WinThisOrganizationCertificateSid] = {5, 2, 0, {65, 1}},
    [WinEnterpriseReadonlyControllersSid] = {5, 0, 1, {498}},
    [WinNewEnterpriseReadonlyControllersSid] = {5, 0, 1, {498}},
    ACCOUNT(WinAccountAdministratorSid, 500), ACCOUNT(WinAccountGuestSid, 501),
    ACCOUNT(WinAccountKrbtgtSid, 502), ACCOUNT(WinAccountDomainAdminsSid, 512),
    ACCOUNT(WinAccountDomainUsersSid, 513), ACCOUNT(WinAccountDomainGuestsSid, 514),
    ACCOUNT(WinAccountComputersSid, 515), ACCOUNT(WinAccountControllersSid, 516),
    ACCOUNT(WinAccountCertAdminsSid, 517), ACCOUNT(WinAccountSchemaAdminsSid, 518),
    ACCOUNT(WinAccountEnterpriseAdminsSid, 519), ACCOUNT(WinAccountPolicyAdminsSid, 520),
    ACCOUNT(WinAccountReadonlyControllersSid, 521),
    ACCOUNT(WinAccountCloneableControllersSid, 522), ACCOUNT(WinAccountProtectedUsersSid, 525),
    ACCOUNT(WinAccountRasAndIasServersSid, 553), ACCOUNT(WinCacheablePrincipalsGroupSid, 571),
    ACCOUNT(WinNonCacheablePrincipalsGroupSid, 572),
    LABEL(WinUntrustedLabelSid, 0), LABEL(WinLowLabelSid, 0x1000), LABEL(WinMediumLabelSid, 0x2000),
    LABEL(WinMediumPlusLabelSid, 0x2100), LABEL(WinHighLabelSid, 0x3000),
    LABEL(WinSystemLabelSid, 0x4000), [WinApplicationPackageAuthoritySid] = {15, 0, 0, {0}},
    [WinBuiltinAnyPackageSid] = {15, 2, 0, {2, 1}}, CAPABILITY(WinCapabilityInternetClientSid, 1),
    CAPABILITY(WinCapabilityInternetClientServerSid, 2),
    CAPABILITY(WinCapabilityPrivateNetworkClientServerSid, 3),
    CAPABILITY(WinCapabilityPicturesLibrarySid, 4), CAPABILITY(WinCapabilityVideosLibrarySid, 5),
    CAPABILITY(WinCapabilityMusicLibrarySid, 6), CAPABILITY(WinCapabilityDocumentsLibrarySid, 7),
    CAPABILITY(WinCapabilityEnterpriseAuthenticationSid, 8),
    CAPABILITY(WinCapabilitySharedUserCertificatesSid, 9),
    CAPABILITY(WinCapabilityRemovableStorageSid, 10),
    [WinAuthenticationAuthorityAssertedSid] = {18, 1, 0, {1}},
    [WinAuthenticationServiceAssertedSid] = {18, 1, 0, {2}},
};

/* S-1-5-21-x-y-z, with or without more behind it. */
static bool is_domain(const SID *sid)
{
    return sid->SubAuthorityCount >= 4 && sid->IdentifierAuthority.Value[5] == 5 &&
           sid->SubAuthority[0] == SECURITY_NT_NON_UNIQUE;
}

static const struct well_known *entry_of(WELL_KNOWN_SID_TYPE type)
{
    const struct well_known *entry = &well_known[type];

    if ((unsigned)type >= ARRAY_COUNT(well_known))
        return NULL;
    if (!entry->count && !entry->relative && type != WinNtAuthoritySid &&
        type != WinApplicationPackageAuthoritySid)
        return NULL;
    return entry;
}

BOOL WINAPI CreateWellKnownSid(WELL_KNOWN_SID_TYPE type, PSID domain, PSID to, DWORD *room)
{
    const struct well_known *entry = entry_of(type);
    SID_IDENTIFIER_AUTHORITY authority = {{0}};
    SID *sid = to, *from = domain;
    BYTE count;

    if (!room || !entry || (from && !RtlValidSid(from)) || (entry->relative && !from))
        return set_error(ERROR_INVALID_PARAMETER);
    if (entry->relative && from->SubAuthorityCount == SID_MAX_SUB_AUTHORITIES)
        return set_error(ERROR_INVALID_PARAMETER);
    count = entry->relative ? from->SubAuthorityCount + 1 : entry->count;
    if (!sid || *room < RtlLengthRequiredSid(count)) {
        *room = RtlLengthRequiredSid(count);
        return set_error(ERROR_INSUFFICIENT_BUFFER);
    }
    *room = RtlLengthRequiredSid(count);
    if (entry->relative) {
        memcpy(sid, from, RtlLengthSid(from));
        sid->SubAuthorityCount = count;
        sid->SubAuthority[count - 1] = entry->values[0];
        return TRUE;
    }
    authority.Value[5] = entry->authority;
    RtlInitializeSid(sid, &authority, count);
    memcpy(sid->SubAuthority, entry->values, count * sizeof(DWORD));
    return TRUE;
}

BOOL WINAPI IsWellKnownSid(PSID which, WELL_KNOWN_SID_TYPE type)
{
    const struct well_known *entry = entry_of(type);
    BYTE buffer[SECURITY_MAX_SID_SIZE];
    DWORD room = sizeof(buffer);
    SID *sid = which;

    if (!entry || !RtlValidSid(sid))
        return FALSE;
    if (entry->relative)
        return is_domain(sid) && sid->SubAuthorityCount == 5 &&
               sid->SubAuthority[4] == entry->values[0];
    return CreateWellKnownSid(type, NULL, buffer, &room) && RtlEqualSid(which, buffer);
}

BOOL WINAPI GetWindowsAccountDomainSid(PSID which, PSID domain, DWORD *room)
{
    DWORD needed = RtlLengthRequiredSid(4);
    SID *sid = which;

    if (!room || !sid || !RtlValidSid(sid))
        return set_error(ERROR_INVALID_SID);
    if (!is_domain(sid))
        return set_error(ERROR_INVALID_PARAMETER);
    if (!domain || *room < needed) {
        *room = needed;
        return set_error(domain ? ERROR_INSUFFICIENT_BUFFER : ERROR_INVALID_PARAMETER);
    }
    *room = needed;
    memcpy(domain, sid, needed);
    ((SID *)domain)->SubAuthorityCount = 4;
    return TRUE;
}

BOOL WINAPI EqualDomainSid(PSID a, PSID b, BOOL *same)
{
    SID *x = a, *y = b;
    bool builtin;

    if (!x || !y || !RtlValidSid(x) || !RtlValidSid(y))
        return set_error(ERROR_INVALID_SID);
    if (!same)
        return set_error(ERROR_INVALID_PARAMETER);
    builtin = x->SubAuthorityCount == 2 && y->SubAuthorityCount == 2 &&
              x->SubAuthority[0] == SECURITY_BUILTIN_DOMAIN_RID &&
              y->SubAuthority[0] == SECURITY_BUILTIN_DOMAIN_RID;
    if (!builtin && !(is_domain(x) && is_domain(y)))
        return set_error(ERROR_NON_DOMAIN_SID);
    *same = builtin || !memcmp(x->SubAuthority, y->SubAuthority, 4 * sizeof(DWORD));
    return TRUE;
}

/* --- Who a token stands for ------------------------------------------------------------------- */

/* What NtQueryInformationToken tells, in memory to be given back to the heap. */
static NTSTATUS query_token(HANDLE token, TOKEN_INFORMATION_CLASS class, void **info)
{
    ULONG bytes = 1024, needed;
    NTSTATUS status;

    for (;;) {
        *info = RtlAllocateHeap(process_heap(), 0, bytes);
        if (!*info)
            return STATUS_NO_MEMORY;
        status = NtQueryInformationToken(token, class, *info, bytes, &needed);
        if (!status)
            return status;
        RtlFreeHeap(process_heap(), 0, *info);
        *info = NULL;
        if (status != STATUS_BUFFER_TOO_SMALL || needed <= bytes)
            return status;
        bytes = needed;
    }
}

BOOL WINAPI CheckTokenMembership(HANDLE token, PSID sid, PBOOL member)
{
    TOKEN_GROUPS *groups = NULL;
    TOKEN_USER *user = NULL;
    HANDLE own = NULL;
    NTSTATUS status = STATUS_SUCCESS;

    *member = FALSE;
    if (!token) { /* the thread's, or the process's */
        status = NtOpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &own);
        if (status == STATUS_NO_TOKEN)
            status = NtOpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own);
        token = own;
    }
    if (!status)
        status = query_token(token, TokenUser, (void **)&user);
    if (!status)
        status = query_token(token, TokenGroups, (void **)&groups);
    if (!status) {
        *member = RtlEqualSid(user->User.Sid, sid);
        for (DWORD i = 0; i < groups->GroupCount && !*member; i++)
            *member = (groups->Groups[i].Attributes & SE_GROUP_ENABLED) &&
                      RtlEqualSid(groups->Groups[i].Sid, sid);
    }
    RtlFreeHeap(process_heap(), 0, groups);
    RtlFreeHeap(process_heap(), 0, user);
    if (own)
        NtClose(own);
    return check_status(status);
}

BOOL WINAPI PrivilegeCheck(HANDLE token, PPRIVILEGE_SET set, LPBOOL result)
{
    TOKEN_PRIVILEGES *held;
    DWORD found = 0;
    NTSTATUS status = query_token(token, TokenPrivileges, (void **)&held);

    if (status)
        return check_status(status);
    for (DWORD i = 0; i < set->PrivilegeCount; i++) {
        LUID_AND_ATTRIBUTES *wanted = &set->Privilege[i];

        for (DWORD j = 0; j < held->PrivilegeCount; j++) {
            if (RtlEqualLuid(&held->Privileges[j].Luid, &wanted->Luid) &&
                (held->Privileges[j].Attributes & SE_PRIVILEGE_ENABLED)) {
                wanted->Attributes |= SE_PRIVILEGE_USED_FOR_ACCESS;
                found++;
                break;
            }
        }
    }
    *result = set->Control & PRIVILEGE_SET_ALL_NECESSARY ? found == set->PrivilegeCount : found != 0;
    RtlFreeHeap(process_heap(), 0, held);
    return TRUE;
}
