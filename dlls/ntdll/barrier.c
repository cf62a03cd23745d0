/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Synchronisation barriers, in the 32 bytes of Windows' RTL_BARRIER.
 *
 * The last thread to arrive opens the next phase; the others look for the phase to change. `arrived` is set
 * back before the phase changes, so a thread that comes round early counts for the next phase.
 * Deleting waits until every thread has left: leaving is a thread's last access.
 */
#include "addrwait.h"

#define FLAG_SPIN_ONLY  0x1u
#define FLAG_BLOCK_ONLY 0x2u
#define FLAG_NO_DELETE  0x4u
#define DEFAULT_SPIN    2000

struct barrier {
    _Atomic uint32_t arrived, phase, inside;
    uint32_t total, spin;
    uint32_t reserved[3];
};
_Static_assert(sizeof(struct barrier) == 32, "RTL_BARRIER's size");

NTSTATUS WINAPI RtlInitBarrier(struct barrier *barrier, LONG total, LONG spin);
BOOLEAN WINAPI RtlBarrier(struct barrier *barrier, ULONG flags);
BOOLEAN WINAPI RtlBarrierForDelete(struct barrier *barrier, ULONG flags);
NTSTATUS WINAPI RtlDeleteBarrier(struct barrier *barrier);

NTSTATUS WINAPI RtlInitBarrier(struct barrier *barrier, LONG total, LONG spin)
{
    if (total < 1 || spin < -1)
        return STATUS_INVALID_PARAMETER;
    memset(barrier, 0, sizeof(*barrier));
    barrier->total = (uint32_t)total;
    barrier->spin = spin == -1 ? DEFAULT_SPIN : (uint32_t)spin;
    if (current_peb()->NumberOfProcessors < 2)
        barrier->spin = 0;
    return STATUS_SUCCESS;
}

static void wait_for_phase(struct barrier *barrier, uint32_t phase, ULONG flags)
{
    uint32_t spins = flags & FLAG_BLOCK_ONLY ? 0 : barrier->spin;

    while (atomic_load_explicit(&barrier->phase, memory_order_acquire) == phase) {
        if (flags & FLAG_SPIN_ONLY || spins) {
            spins -= spins != 0;
            spin_pause();
        } else {
            address_wait(&barrier->phase, &phase, sizeof(phase), NULL);
        }
    }
}

/* TRUE for exactly one thread of each phase, the last to arrive. */
BOOLEAN WINAPI RtlBarrier(struct barrier *barrier, ULONG flags)
{
    uint32_t phase;
    BOOLEAN is_last;

    if (!(flags & FLAG_NO_DELETE))
        atomic_fetch_add(&barrier->inside, 1);
    phase = atomic_load(&barrier->phase);
    is_last = atomic_fetch_add(&barrier->arrived, 1) + 1 == barrier->total;
    if (is_last) {
        atomic_store(&barrier->arrived, 0);
        atomic_fetch_add(&barrier->phase, 1);
        RtlWakeAddressAll((const void *)&barrier->phase);
    } else {
        wait_for_phase(barrier, phase, flags);
    }
    if (!(flags & FLAG_NO_DELETE) && atomic_fetch_sub(&barrier->inside, 1) == 1)
        RtlWakeAddressAll((const void *)&barrier->inside);
    return is_last;
}

/* Enters like RtlBarrier; afterwards the barrier may be deleted by any of the threads. */
BOOLEAN WINAPI RtlBarrierForDelete(struct barrier *barrier, ULONG flags)
{
    return RtlBarrier(barrier, flags & ~FLAG_NO_DELETE);
}

NTSTATUS WINAPI RtlDeleteBarrier(struct barrier *barrier)
{
    uint32_t inside;

    while ((inside = atomic_load(&barrier->inside)))
        address_wait(&barrier->inside, &inside, sizeof(inside), NULL);
    return STATUS_SUCCESS;
}
