/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What goes from a process to the one that it creates: parameters and inherited handles. How they lie in the memfd
 * between the two is process_handover.c's alone.
 */
#ifndef DECANT_NTDLL_UNIX_PROCESS_HANDOVER_H
#define DECANT_NTDLL_UNIX_PROCESS_HANDOVER_H

#include "unix.h"

/* The environment variable by which the child finds what it is given: the descriptors of the blob and of its page
 * (child.h). */
#define HANDOVER_VARIABLE "DECANT_CHILD"
#define HANDOVER_NUMBERS  "%d:%d"

struct sync;

/* --- The parent's side --- */

/* What one child is given. */
struct handover;

/* Collects the handles: with `inherit_all` the inheritable ones, or of these the `only_count` in `only` if that is
 * not NULL (PROC_THREAD_ATTRIBUTE_HANDLE_LIST); the standard handles in any case. Keeps `parameters` and `only`,
 * which the caller owns. NULL: no memory. */
struct handover *handover_create(const RTL_USER_PROCESS_PARAMETERS *parameters, bool inherit_all,
                                 const HANDLE *only, size_t only_count);

/* The waitable state of the child's first thread; made by the parent, so that its end and exit status are seen
 * however soon it ends. NULL: no memory, now or while the handles were collected. */
struct sync *handover_share_first_thread(struct handover *handover);

/* The blob as a memfd (close-on-exec), or -errno. */
int handover_write(const struct handover *handover, bool is_suspended);

/* Makes the inherited descriptors survive an exec. Safe between vfork and exec. */
void handover_keep_descriptors(const struct handover *handover);

/* Accepts NULL. */
void handover_free(struct handover *handover);

/* --- The child's side --- */

/* When another Windows program started us: its parameters for us, with the inherited handles in
 * place. *out stays NULL when the user started us. */
NTSTATUS child_take_parameters(RTL_USER_PROCESS_PARAMETERS **out);

/* Tells the parent, if there is one, that the program runs (STATUS_SUCCESS) or why not. */
void child_report_start(NTSTATUS status);

#endif
