/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Waiting on a file. A file object is signalled while its last request has ended; a console's input while there is
 * something to read, which is how programs wait for a key. The waitable state is made when somebody
 * waits for the first time: few ever do.
 */
#include <poll.h>
#include <stdlib.h>

#include "async.h"
#include "sync.h"

struct file_wait {
    struct sync *sync;
    struct async_watch input;   /* a console's: until it can be read */
    bool is_watching;           /* under the async lock */
};

/* On the I/O thread: there is input. The next wait looks again. */
static void input_ready(struct async_watch *watch)
{
    struct file_wait *wait = container_of(watch, struct file_wait, input);

    async_unwatch(watch);
    wait->is_watching = false;
    sync_set(wait->sync);
}

static void look_for_input(struct file *file, struct file_wait *wait)
{
    struct pollfd state = {file->fd, POLLIN, 0};
    bool must_watch = false;
    sigset_t signals;

    async_lock(&signals);
    if (poll(&state, 1, 0) > 0) {
        sync_set(wait->sync);
    } else {
        sync_reset(wait->sync);
        must_watch = !wait->is_watching;
        wait->is_watching = true;
    }
    async_unlock(&signals);
    wait->input.fd = file->fd;
    wait->input.ready = input_ready;
    if (must_watch && async_watch(&wait->input))
        wait->is_watching = false;
}

static struct file_wait *get_wait(struct file *file)
{
    struct file_wait *wait = __atomic_load_n(&file->wait, __ATOMIC_ACQUIRE), *expected = NULL;

    if (wait)
        return wait;
    wait = calloc(1, sizeof(*wait));
    if (!wait)
        return NULL;
    wait->sync = sync_create(SYNC_MANUAL, 0, 1);
    if (!wait->sync) {
        free(wait);
        return NULL;
    }
    if (!__atomic_compare_exchange_n(&file->wait, &expected, wait, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        sync_destroy(wait->sync);
        free(wait);
        return expected;
    }
    /* A request that ended before has left its mark; one that ends from now on finds `wait`. */
    if (atomic_load(&file->is_signaled))
        sync_set(wait->sync);
    return wait;
}

struct sync *file_get_sync(struct object *object)
{
    struct file *file = container_of(object, struct file, header);
    struct file_wait *wait = get_wait(file);

    if (wait && file->kind == FILE_KIND_CONSOLE && file->access & FILE_READ_DATA)
        look_for_input(file, wait);
    return wait ? wait->sync : NULL;
}

void file_set_signaled(struct file *file, bool is_signaled)
{
    struct file_wait *wait;

    if (atomic_load_explicit(&file->is_signaled, memory_order_relaxed) != is_signaled)
        atomic_store(&file->is_signaled, is_signaled);
    wait = __atomic_load_n(&file->wait, __ATOMIC_ACQUIRE);
    if (!wait || file->kind == FILE_KIND_CONSOLE)
        return;
    if (is_signaled)
        sync_set(wait->sync);
    else
        sync_reset(wait->sync);
}

void file_wait_free(struct file *file)
{
    struct file_wait *wait = file->wait;
    sigset_t signals;

    if (!wait)
        return;
    async_lock(&signals);
    if (wait->is_watching)
        async_unwatch(&wait->input);
    async_unlock(&signals);
    sync_destroy(wait->sync);
    free(wait);
}
