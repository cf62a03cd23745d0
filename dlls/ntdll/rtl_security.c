/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Security descriptors: absolute ones hold pointers, self-relative ones offsets to what lies behind them.
 */
#include "rtl.h"

#define SETTABLE_CONTROL (SE_DACL_AUTO_INHERIT_REQ | SE_SACL_AUTO_INHERIT_REQ | \
                          SE_DACL_AUTO_INHERITED | SE_SACL_AUTO_INHERITED | SE_DACL_PROTECTED | \
                          SE_SACL_PROTECTED)

/* --- The parts -------------------------------------------------------------------------------- */

static void *at_offset(SECURITY_DESCRIPTOR_RELATIVE *sd, DWORD offset)
{
    return offset ? (char *)sd + offset : NULL;
}

static bool is_relative(const SECURITY_DESCRIPTOR *sd)
{
    return sd->Control & SE_SELF_RELATIVE;
}

static PSID owner_of(SECURITY_DESCRIPTOR *sd)
{
    SECURITY_DESCRIPTOR_RELATIVE *relative = (void *)sd;

    return is_relative(sd) ? at_offset(relative, relative->Owner) : sd->Owner;
}

static PSID group_of(SECURITY_DESCRIPTOR *sd)
{
    SECURITY_DESCRIPTOR_RELATIVE *relative = (void *)sd;

    return is_relative(sd) ? at_offset(relative, relative->Group) : sd->Group;
}

/* NULL both without a list and with an empty pointer to one (which grants everything). */
static ACL *sacl_of(SECURITY_DESCRIPTOR *sd)
{
    SECURITY_DESCRIPTOR_RELATIVE *relative = (void *)sd;

    if (!(sd->Control & SE_SACL_PRESENT))
        return NULL;
    return is_relative(sd) ? at_offset(relative, relative->Sacl) : sd->Sacl;
}

static ACL *dacl_of(SECURITY_DESCRIPTOR *sd)
{
    SECURITY_DESCRIPTOR_RELATIVE *relative = (void *)sd;

    if (!(sd->Control & SE_DACL_PRESENT))
        return NULL;
    return is_relative(sd) ? at_offset(relative, relative->Dacl) : sd->Dacl;
}

static DWORD rounded(DWORD bytes)
{
    return (bytes + 3) & ~3u;
}

static DWORD sid_bytes(PSID sid)
{
    return sid ? rounded(RtlLengthSid(sid)) : 0;
}

static DWORD acl_bytes(const ACL *acl)
{
    return acl ? rounded(acl->AclSize) : 0;
}

/* --- Make and check --------------------------------------------------------------------------- */

NTSTATUS WINAPI RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, DWORD revision)
{
    SECURITY_DESCRIPTOR *sd = descriptor;

    if (revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    memset(sd, 0, sizeof(*sd));
    sd->Revision = SECURITY_DESCRIPTOR_REVISION;
    return STATUS_SUCCESS;
}

/* A BOOLEAN by its documentation, whatever the header says. */
NTSTATUS WINAPI RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor)
{
    SECURITY_DESCRIPTOR *sd = descriptor;
    PSID sid;
    ACL *acl;

    if (!sd || sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return FALSE;
    if (((sid = owner_of(sd)) && !RtlValidSid(sid)) || ((sid = group_of(sd)) && !RtlValidSid(sid)))
        return FALSE;
    return !((acl = dacl_of(sd)) && !RtlValidAcl(acl)) && !((acl = sacl_of(sd)) && !RtlValidAcl(acl));
}

/* Whether `bytes` hold the SID or list at the offset whole. */
static bool sid_fits(SECURITY_DESCRIPTOR_RELATIVE *sd, DWORD offset, ULONG bytes)
{
    SID *sid = at_offset(sd, offset);

    return offset >= sizeof(*sd) && offset <= bytes && bytes - offset >= RtlLengthRequiredSid(0) &&
           RtlValidSid(sid) && bytes - offset >= RtlLengthSid(sid);
}

static bool acl_fits(SECURITY_DESCRIPTOR_RELATIVE *sd, DWORD offset, ULONG bytes)
{
    ACL *acl = at_offset(sd, offset);

    return offset >= sizeof(*sd) && offset <= bytes && bytes - offset >= sizeof(*acl) &&
           bytes - offset >= acl->AclSize && RtlValidAcl(acl);
}

BOOLEAN WINAPI RtlValidRelativeSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, ULONG bytes,
                                                  SECURITY_INFORMATION required)
{
    SECURITY_DESCRIPTOR_RELATIVE *sd = descriptor;

    if (bytes < sizeof(*sd) || sd->Revision != SECURITY_DESCRIPTOR_REVISION ||
        !(sd->Control & SE_SELF_RELATIVE))
        return FALSE;
    if (sd->Owner ? !sid_fits(sd, sd->Owner, bytes) : required & OWNER_SECURITY_INFORMATION)
        return FALSE;
    if (sd->Group ? !sid_fits(sd, sd->Group, bytes) : required & GROUP_SECURITY_INFORMATION)
        return FALSE;
    if (sd->Control & SE_DACL_PRESENT ? sd->Dacl && !acl_fits(sd, sd->Dacl, bytes)
                                      : required & DACL_SECURITY_INFORMATION)
        return FALSE;
    if (sd->Control & SE_SACL_PRESENT ? sd->Sacl && !acl_fits(sd, sd->Sacl, bytes)
                                      : required & SACL_SECURITY_INFORMATION)
        return FALSE;
    return TRUE;
}

ULONG WINAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor)
{
    SECURITY_DESCRIPTOR *sd = descriptor;
    ULONG bytes = is_relative(sd) ? sizeof(SECURITY_DESCRIPTOR_RELATIVE) : sizeof(*sd);

    return bytes + sid_bytes(owner_of(sd)) + sid_bytes(group_of(sd)) + acl_bytes(dacl_of(sd)) +
           acl_bytes(sacl_of(sd));
}

/* --- Questions and changes -------------------------------------------------------------------- */

NTSTATUS WINAPI RtlGetControlSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor,
                                                SECURITY_DESCRIPTOR_CONTROL *control,
                                                DWORD *revision)
{
    SECURITY_DESCRIPTOR *sd = descriptor;

    *revision = sd->Revision;
    if (sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    *control = sd->Control;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlSetControlSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor,
                                                SECURITY_DESCRIPTOR_CONTROL mask,
                                                SECURITY_DESCRIPTOR_CONTROL value)
{
    SECURITY_DESCRIPTOR *sd = descriptor;

    if ((mask | value) & ~SETTABLE_CONTROL)
        return STATUS_INVALID_PARAMETER;
    sd->Control = (WORD)((sd->Control & ~mask) | (value & mask));
    return STATUS_SUCCESS;
}

static NTSTATUS get_acl(SECURITY_DESCRIPTOR *sd, WORD present_bit, WORD defaulted_bit, ACL *list,
                        BOOLEAN *present, ACL **acl, BOOLEAN *defaulted)
{
    if (sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    *present = (sd->Control & present_bit) != 0;
    if (*present) {
        *acl = list;
        *defaulted = (sd->Control & defaulted_bit) != 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR sd, BOOLEAN *present, ACL **acl,
                                             BOOLEAN *defaulted)
{
    return get_acl(sd, SE_DACL_PRESENT, SE_DACL_DEFAULTED, dacl_of(sd), present, acl, defaulted);
}

NTSTATUS WINAPI RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR sd, BOOLEAN *present, ACL **acl,
                                             BOOLEAN *defaulted)
{
    return get_acl(sd, SE_SACL_PRESENT, SE_SACL_DEFAULTED, sacl_of(sd), present, acl, defaulted);
}

NTSTATUS WINAPI RtlGetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PSID *owner,
                                              BOOLEAN *defaulted)
{
    SECURITY_DESCRIPTOR *sd = descriptor;

    if (!sd || !owner || !defaulted)
        return STATUS_INVALID_PARAMETER;
    *owner = owner_of(sd);
    *defaulted = (sd->Control & SE_OWNER_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlGetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PSID *group,
                                              BOOLEAN *defaulted)
{
    SECURITY_DESCRIPTOR *sd = descriptor;

    if (!sd || !group || !defaulted)
        return STATUS_INVALID_PARAMETER;
    *group = group_of(sd);
    *defaulted = (sd->Control & SE_GROUP_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

/* Only an absolute descriptor can be changed. */
static NTSTATUS check_absolute(const SECURITY_DESCRIPTOR *sd)
{
    if (sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    return is_relative(sd) ? STATUS_INVALID_SECURITY_DESCR : STATUS_SUCCESS;
}

static void set_bit(SECURITY_DESCRIPTOR *sd, WORD bit, BOOLEAN on)
{
    sd->Control = (WORD)(on ? sd->Control | bit : sd->Control & ~bit);
}

NTSTATUS WINAPI RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, BOOLEAN present,
                                             ACL *acl, BOOLEAN defaulted)
{
    SECURITY_DESCRIPTOR *sd = descriptor;
    NTSTATUS status = check_absolute(sd);

    if (status)
        return status;
    set_bit(sd, SE_DACL_PRESENT, present);
    if (present) {
        sd->Dacl = acl;
        set_bit(sd, SE_DACL_DEFAULTED, defaulted);
    }
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, BOOLEAN present,
                                             ACL *acl, BOOLEAN defaulted)
{
    SECURITY_DESCRIPTOR *sd = descriptor;
    NTSTATUS status = check_absolute(sd);

    if (status)
        return status;
    set_bit(sd, SE_SACL_PRESENT, present);
    if (present) {
        sd->Sacl = acl;
        set_bit(sd, SE_SACL_DEFAULTED, defaulted);
    }
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PSID owner,
                                              BOOLEAN defaulted)
{
    SECURITY_DESCRIPTOR *sd = descriptor;
    NTSTATUS status = check_absolute(sd);

    if (!status) {
        sd->Owner = owner;
        set_bit(sd, SE_OWNER_DEFAULTED, defaulted);
    }
    return status;
}

NTSTATUS WINAPI RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR descriptor, PSID group,
                                              BOOLEAN defaulted)
{
    SECURITY_DESCRIPTOR *sd = descriptor;
    NTSTATUS status = check_absolute(sd);

    if (!status) {
        sd->Group = group;
        set_bit(sd, SE_GROUP_DEFAULTED, defaulted);
    }
    return status;
}

/* --- Absolute and self-relative --------------------------------------------------------------- */

/* Puts a part behind the others and gives its offset. */
static DWORD append(SECURITY_DESCRIPTOR_RELATIVE *sd, DWORD *end, const void *part, DWORD bytes,
                    DWORD room)
{
    DWORD offset = *end;

    if (!part)
        return 0;
    memcpy((char *)sd + offset, part, bytes);
    memset((char *)sd + offset + bytes, 0, room - bytes);
    *end += room;
    return offset;
}

/* From a descriptor of either kind. */
NTSTATUS WINAPI RtlMakeSelfRelativeSD(PSECURITY_DESCRIPTOR from, PSECURITY_DESCRIPTOR to,
                                      DWORD *bytes)
{
    SECURITY_DESCRIPTOR *sd = from;
    SECURITY_DESCRIPTOR_RELATIVE *relative = to;
    PSID owner = owner_of(sd), group = group_of(sd);
    ACL *sacl = sacl_of(sd), *dacl = dacl_of(sd);
    DWORD end = sizeof(*relative);
    DWORD needed = end + sid_bytes(owner) + sid_bytes(group) + acl_bytes(sacl) + acl_bytes(dacl);

    if (*bytes < needed) {
        *bytes = needed;
        return STATUS_BUFFER_TOO_SMALL;
    }
    *bytes = needed;
    relative->Revision = sd->Revision;
    relative->Sbz1 = sd->Sbz1;
    relative->Control = sd->Control | SE_SELF_RELATIVE;
    relative->Sacl = append(relative, &end, sacl, sacl ? sacl->AclSize : 0, acl_bytes(sacl));
    relative->Dacl = append(relative, &end, dacl, dacl ? dacl->AclSize : 0, acl_bytes(dacl));
    relative->Owner = append(relative, &end, owner, owner ? RtlLengthSid(owner) : 0,
                             sid_bytes(owner));
    relative->Group = append(relative, &end, group, group ? RtlLengthSid(group) : 0,
                             sid_bytes(group));
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR from, PSECURITY_DESCRIPTOR to,
                                            ULONG *bytes)
{
    if (is_relative(from))
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    return RtlMakeSelfRelativeSD(from, to, bytes);
}

NTSTATUS WINAPI RtlSelfRelativeToAbsoluteSD(PSECURITY_DESCRIPTOR from, PSECURITY_DESCRIPTOR to,
                                            DWORD *bytes, ACL *dacl, DWORD *dacl_room, ACL *sacl,
                                            DWORD *sacl_room, PSID owner, DWORD *owner_room,
                                            PSID group, DWORD *group_room)
{
    SECURITY_DESCRIPTOR *relative = from, *sd = to;
    ACL *dacl_from, *sacl_from;
    PSID owner_from, group_from;
    DWORD needed[5];
    bool fits;

    if (!is_relative(relative))
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    dacl_from = dacl_of(relative);
    sacl_from = sacl_of(relative);
    owner_from = owner_of(relative);
    group_from = group_of(relative);
    needed[0] = sizeof(*sd);
    needed[1] = dacl_from ? dacl_from->AclSize : 0;
    needed[2] = sacl_from ? sacl_from->AclSize : 0;
    needed[3] = owner_from ? RtlLengthSid(owner_from) : 0;
    needed[4] = group_from ? RtlLengthSid(group_from) : 0;
    fits = *bytes >= needed[0] && *dacl_room >= needed[1] && *sacl_room >= needed[2] &&
           *owner_room >= needed[3] && *group_room >= needed[4];
    *bytes = needed[0];
    *dacl_room = needed[1];
    *sacl_room = needed[2];
    *owner_room = needed[3];
    *group_room = needed[4];
    if (!fits)
        return STATUS_BUFFER_TOO_SMALL;
    memset(sd, 0, sizeof(*sd));
    sd->Revision = relative->Revision;
    sd->Sbz1 = relative->Sbz1;
    sd->Control = (WORD)(relative->Control & ~SE_SELF_RELATIVE);
    if (dacl_from)
        sd->Dacl = memcpy(dacl, dacl_from, needed[1]);
    if (sacl_from)
        sd->Sacl = memcpy(sacl, sacl_from, needed[2]);
    if (owner_from)
        sd->Owner = memcpy(owner, owner_from, needed[3]);
    if (group_from)
        sd->Group = memcpy(group, group_from, needed[4]);
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlCopySecurityDescriptor(PSECURITY_DESCRIPTOR from, PSECURITY_DESCRIPTOR to)
{
    SECURITY_DESCRIPTOR *sd = from;

    if (sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    memcpy(to, from, is_relative(sd) ? RtlLengthSecurityDescriptor(sd) : sizeof(*sd));
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI RtlDeleteSecurityObject(PSECURITY_DESCRIPTOR *descriptor)
{
    RtlFreeHeap(process_heap(), 0, *descriptor);
    *descriptor = NULL;
    return STATUS_SUCCESS;
}
