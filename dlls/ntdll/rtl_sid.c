/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Security identifiers: make, compare, copy, write out; access masks and LUIDs.
 */
#include "rtl.h"

int __cdecl _snwprintf(WCHAR *buffer, size_t room, const WCHAR *format, ...);

/* --- Facts ------------------------------------------------------------------------------------ */

DWORD WINAPI RtlLengthRequiredSid(DWORD count)
{
    return (DWORD)offsetof(SID, SubAuthority) + count * sizeof(DWORD);
}

DWORD WINAPI RtlLengthSid(PSID sid)
{
    return RtlLengthRequiredSid(((SID *)sid)->SubAuthorityCount);
}

BOOLEAN WINAPI RtlValidSid(PSID sid)
{
    const SID *s = sid;

    return s && s->Revision == SID_REVISION && s->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES;
}

SID_IDENTIFIER_AUTHORITY *WINAPI RtlIdentifierAuthoritySid(PSID sid)
{
    return &((SID *)sid)->IdentifierAuthority;
}

DWORD *WINAPI RtlSubAuthoritySid(PSID sid, DWORD index)
{
    return &((SID *)sid)->SubAuthority[index];
}

BYTE *WINAPI RtlSubAuthorityCountSid(PSID sid)
{
    return &((SID *)sid)->SubAuthorityCount;
}

/* --- Make and compare ------------------------------------------------------------------------- */

BOOL WINAPI RtlInitializeSid(PSID sid, SID_IDENTIFIER_AUTHORITY *authority, BYTE count)
{
    SID *s = sid;

    if (count > SID_MAX_SUB_AUTHORITIES)
        return FALSE;
    s->Revision = SID_REVISION;
    s->SubAuthorityCount = count;
    if (authority)
        s->IdentifierAuthority = *authority;
    return TRUE;
}

NTSTATUS WINAPI RtlAllocateAndInitializeSid(SID_IDENTIFIER_AUTHORITY *authority, BYTE count,
                                            DWORD a, DWORD b, DWORD c, DWORD d, DWORD e, DWORD f,
                                            DWORD g, DWORD h, PSID *sid)
{
    const DWORD values[8] = {a, b, c, d, e, f, g, h};
    SID *s;

    if (count > ARRAY_COUNT(values))
        return STATUS_INVALID_SID;
    s = RtlAllocateHeap(process_heap(), 0, RtlLengthRequiredSid(count));
    if (!s)
        return STATUS_NO_MEMORY;
    RtlInitializeSid(s, authority, count);
    memcpy(s->SubAuthority, values, count * sizeof(DWORD));
    *sid = s;
    return STATUS_SUCCESS;
}

DWORD WINAPI RtlFreeSid(PSID sid)
{
    RtlFreeHeap(process_heap(), 0, sid);
    return STATUS_SUCCESS;
}

BOOL WINAPI RtlEqualSid(PSID a, PSID b)
{
    return RtlValidSid(a) && RtlValidSid(b) && RtlLengthSid(a) == RtlLengthSid(b) &&
           !memcmp(a, b, RtlLengthSid(a));
}

/* All but the last sub-authority. */
BOOL WINAPI RtlEqualPrefixSid(PSID a, PSID b)
{
    const SID *x = a, *y = b;

    if (!RtlValidSid(a) || !RtlValidSid(b) || x->SubAuthorityCount != y->SubAuthorityCount)
        return FALSE;
    return !memcmp(a, b, RtlLengthRequiredSid(x->SubAuthorityCount ? x->SubAuthorityCount - 1u
                                                                   : 0));
}

BOOLEAN WINAPI RtlCopySid(DWORD room, PSID to, PSID from)
{
    if (!from || !RtlValidSid(from) || room < RtlLengthSid(from))
        return FALSE;
    memcpy(to, from, RtlLengthSid(from));
    return TRUE;
}

NTSTATUS WINAPI RtlConvertSidToUnicodeString(UNICODE_STRING *string, PSID sid, BOOLEAN allocate)
{
    const SID *s = sid;
    WCHAR text[32 + 11 * SID_MAX_SUB_AUTHORITIES];
    const BYTE *authority = s->IdentifierAuthority.Value;
    size_t at, bytes;

    if (!RtlValidSid(sid))
        return STATUS_INVALID_SID;
    /* Authorities above 32 bits are written in hexadecimal. */
    if (authority[0] || authority[1])
        at = (size_t)_snwprintf(text, ARRAY_COUNT(text), L"S-1-0x%02x%02x%02x%02x%02x%02x",
                                authority[0], authority[1], authority[2], authority[3],
                                authority[4], authority[5]);
    else
        at = (size_t)_snwprintf(text, ARRAY_COUNT(text), L"S-1-%u",
                                (ULONG)authority[2] << 24 | (ULONG)authority[3] << 16 |
                                    (ULONG)authority[4] << 8 | authority[5]);
    for (int i = 0; i < s->SubAuthorityCount; i++)
        at += (size_t)_snwprintf(text + at, ARRAY_COUNT(text) - at, L"-%u", s->SubAuthority[i]);
    bytes = at * sizeof(WCHAR);
    if (allocate) {
        string->Buffer = RtlAllocateHeap(process_heap(), 0, bytes + sizeof(WCHAR));
        if (!string->Buffer)
            return STATUS_NO_MEMORY;
        string->MaximumLength = (USHORT)(bytes + sizeof(WCHAR));
    } else if (string->MaximumLength < bytes + sizeof(WCHAR)) {
        return STATUS_BUFFER_OVERFLOW;
    }
    memcpy(string->Buffer, text, bytes);
    string->Length = (USHORT)bytes;
    string->Buffer[at] = 0;
    return STATUS_SUCCESS;
}

/* --- Access masks and LUIDs ------------------------------------------------------------------- */

void WINAPI RtlMapGenericMask(ACCESS_MASK *mask, const GENERIC_MAPPING *mapping)
{
    ACCESS_MASK generic = *mask & (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);

    *mask &= ~generic;
    if (generic & GENERIC_READ)
        *mask |= mapping->GenericRead;
    if (generic & GENERIC_WRITE)
        *mask |= mapping->GenericWrite;
    if (generic & GENERIC_EXECUTE)
        *mask |= mapping->GenericExecute;
    if (generic & GENERIC_ALL)
        *mask |= mapping->GenericAll;
}

BOOLEAN WINAPI RtlAreAllAccessesGranted(ACCESS_MASK granted, ACCESS_MASK desired)
{
    return (granted & desired) == desired;
}

BOOLEAN WINAPI RtlAreAnyAccessesGranted(ACCESS_MASK granted, ACCESS_MASK desired)
{
    return (granted & desired) != 0;
}

#undef RtlCopyLuid
void WINAPI RtlCopyLuid(LUID *to, const LUID *from)
{
    *to = *from;
}

#undef RtlEqualLuid
BOOLEAN WINAPI RtlEqualLuid(const LUID *a, const LUID *b)
{
    return a->LowPart == b->LowPart && a->HighPart == b->HighPart;
}

void WINAPI RtlCopyLuidAndAttributesArray(ULONG count, const LUID_AND_ATTRIBUTES *from,
                                          LUID_AND_ATTRIBUTES *to)
{
    memcpy(to, from, count * sizeof(*to));
}
