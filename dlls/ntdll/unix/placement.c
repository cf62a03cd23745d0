/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a program wants an allocation or a view: MEM_EXTENDED_PARAMETER and MEM_ADDRESS_REQUIREMENTS.
 */
#include "views.h"

/* MEM_ADDRESS_REQUIREMENTS' rules (its documentation page, and Wine's tests that pass on Windows): the lowest
 * address is on 64 KiB, the highest one the last byte of a page in user space, the alignment a power of two and
 * at least 64 KiB; zero means no wish. */
static bool are_valid(const MEM_ADDRESS_REQUIREMENTS *wish)
{
    uintptr_t low = (uintptr_t)wish->LowestStartingAddress;
    uintptr_t high = (uintptr_t)wish->HighestEndingAddress;
    size_t align = wish->Alignment;

    if (align && (align & (align - 1) || align < GRANULARITY))
        return false;
    if (low & (GRANULARITY - 1))
        return false;
    return !high || (!((high + 1) & PAGE_OFFSET) && high > low && high < USER_SPACE_HIGH);
}

NTSTATUS placement_read(const MEM_EXTENDED_PARAMETER *parameters, ULONG count, bool has_address,
                        struct placement *where)
{
    unsigned seen = 0;

    if (count && !parameters)
        return STATUS_INVALID_PARAMETER;
    for (ULONG i = 0; i < count; i++) {
        MEM_EXTENDED_PARAMETER parameter;
        MEM_ADDRESS_REQUIREMENTS wish;

        if (guest_copy_in(&parameter, &parameters[i], sizeof(parameter)))
            return STATUS_ACCESS_VIOLATION;
        /* No type may come twice. */
        if (parameter.Type >= 32 || seen & 1u << parameter.Type)
            return STATUS_INVALID_PARAMETER;
        seen |= 1u << parameter.Type;
        switch ((int)parameter.Type) {
        case MemExtendedParameterAddressRequirements:
            if (guest_copy_in(&wish, parameter.Pointer, sizeof(wish)))
                return STATUS_ACCESS_VIOLATION;
            if (!are_valid(&wish))
                return STATUS_INVALID_PARAMETER;
            where->low = (uintptr_t)wish.LowestStartingAddress;
            where->high = wish.HighestEndingAddress ? (uintptr_t)wish.HighestEndingAddress + 1 : 0;
            where->align = wish.Alignment;
            break;
        case MemExtendedParameterNumaNode:
        case MemExtendedParameterAttributeFlags:
            break; /* hints */
        default:
            return STATUS_INVALID_PARAMETER;
        }
    }
    return has_address && (where->low || where->high || where->align) ? STATUS_INVALID_PARAMETER
                                                                      : STATUS_SUCCESS;
}
