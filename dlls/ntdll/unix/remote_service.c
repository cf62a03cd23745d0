/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The service thread: takes requests of other processes and serves them. See remote.h.
 *
 * The program does not see it: it has no TEB and is not in the list of threads, so no DllMain hears of it, it
 * counts for nothing, and its name tells the list of processes to leave it out (system_process.c). All signals are
 * blocked on it. It runs none of the program's code and touches none of the program's memory, only the books about
 * it: a fault here would be a bug of ours. It never waits for anything but messages, with one exception: for a
 * thread that is to be suspended to come to a stop, as the local call does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "job.h"
#include "remote.h"
#include "remote_socket.h"
#include "server_client.h"

#define MAX_PEERS     64
#define SERVICE_STACK (128 * 1024)

static remote_handler *const handlers[REMOTE_CODES] = {
    [REMOTE_ALLOCATE] = remote_serve_allocate,
    [REMOTE_FREE] = remote_serve_free,
    [REMOTE_PROTECT] = remote_serve_protect,
    [REMOTE_WRITE] = remote_serve_write,
    [REMOTE_LOCK] = remote_serve_lock,
    [REMOTE_QUERY_MEMORY] = remote_serve_query_memory,
    [REMOTE_MAP] = remote_serve_map,
    [REMOTE_UNMAP] = remote_serve_unmap,
    [REMOTE_MARK_WRITTEN] = remote_serve_mark_written,
    [REMOTE_GET_WRITE_WATCH] = remote_serve_get_write_watch,
    [REMOTE_RESET_WRITE_WATCH] = remote_serve_reset_write_watch,
    [REMOTE_CREATE_THREAD] = remote_serve_create_thread,
    [REMOTE_OPEN_THREAD] = remote_serve_open_thread,
    [REMOTE_CLOSE_THREAD] = remote_serve_close_thread,
    [REMOTE_SUSPEND_THREAD] = remote_serve_suspend_thread,
    [REMOTE_RESUME_THREAD] = remote_serve_resume_thread,
    [REMOTE_TERMINATE_THREAD] = remote_serve_terminate_thread,
    [REMOTE_GET_CONTEXT] = remote_serve_get_context,
    [REMOTE_SET_CONTEXT] = remote_serve_set_context,
    [REMOTE_QUEUE_APC] = remote_serve_queue_apc,
    [REMOTE_QUERY_THREAD] = remote_serve_query_thread,
    [REMOTE_JOB_JOIN] = remote_serve_job_join,
    [REMOTE_JOB_MAY_SPAWN] = remote_serve_job_may_spawn,
    [REMOTE_JOB_ADD] = remote_serve_job_add,
    [REMOTE_JOB_QUERY] = remote_serve_job_query,
    [REMOTE_QUERY_PROCESS] = remote_serve_query_process,
    [REMOTE_SUSPEND_PROCESS] = remote_serve_suspend_process,
    [REMOTE_RESUME_PROCESS] = remote_serve_resume_process,
    [REMOTE_GIVE_HANDLE] = remote_serve_give_handle,
    [REMOTE_TAKE_HANDLE] = remote_serve_take_handle,
    [REMOTE_CLOSE_HANDLE] = remote_serve_close_handle,
};

/* For the functions that ask which thread runs them, for guest_try above all. */
static struct thread service_thread;
static struct remote_message message; /* the service thread's alone */

static bool say_hello(int fd)
{
    int page_fd = -1;

    message.code = REMOTE_HELLO;
    message.bytes = 0;
    memset(message.values, 0, sizeof(message.values));
    message.values[0] = REMOTE_VERSION;
    own_child_page(&page_fd);
    return !remote_send(fd, &message, page_fd);
}

/* False: the connection is at its end. */
static bool serve(struct remote_peer *peer)
{
    struct pollfd gone = {peer->fd, 0, 0};
    int came, fd;
    ssize_t got = remote_receive(peer->fd, &message, &came);
    NTSTATUS status = STATUS_INVALID_SYSTEM_SERVICE;
    bool is_sent;

    if (got == -EAGAIN)
        return true;
    if (got <= 0)
        return false;
    /* A caller who gave up takes his request with him. */
    if (poll(&gone, 1, 0) > 0 && gone.revents & (POLLHUP | POLLERR)) {
        if (came >= 0)
            close(came);
        return false;
    }
    fd = came;
    trace(TRACE_SERVER, "request %u", message.code);
    if (message.code < REMOTE_CODES && handlers[message.code]) {
        status = handlers[message.code](peer, &message, &fd);
        if (fd == came)
            fd = -1;
    } else {
        fd = -1;
        message.bytes = 0;
    }
    if (came >= 0)
        close(came);
    message.code = (uint32_t)status;
    is_sent = !remote_send(peer->fd, &message, fd);
    if (peer->lent)
        object_release(peer->lent);
    peer->lent = NULL;
    return is_sent;
}

static void forget(struct remote_peer *peer)
{
    close(peer->fd);
    for (size_t i = 0; i < peer->thread_room; i++)
        if (peer->threads[i])
            object_release(peer->threads[i]);
    free(peer->threads);
}

/* A notice of the server: a new caller. False: the server is gone. */
static bool take_notice(int channel, struct remote_peer *peers, size_t *count)
{
    struct notice_connect notice;
    struct iovec part = {&notice, sizeof(notice)};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = CMSG_LEN(sizeof(int))};
    struct cmsghdr *rights;
    ssize_t got;
    int fd = -1;

    got = recvmsg(channel, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got <= 0)
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    rights = CMSG_FIRSTHDR(&header);
    if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    if (fd < 0)
        return true;
    if (got == sizeof(notice) && notice.header.type == PROTOCOL_NOTICE_connect &&
        !fcntl(fd, F_SETFL, O_NONBLOCK) && say_hello(fd))
        peers[(*count)++] = (struct remote_peer){.fd = fd};
    else
        close(fd);
    return true;
}

static void become_service_thread(void)
{
    service_thread.tid = gettid();
    current_thread = &service_thread;
    prctl(PR_SET_NAME, "decant:service");
}

static void *serve_channel(void *pointer)
{
    struct remote_peer peers[MAX_PEERS];
    size_t count = 0;
    int channel = (int)(intptr_t)pointer;

    become_service_thread();
    for (;;) {
        struct pollfd fds[MAX_PEERS + 1 + MAX_JOINED];
        int holders[MAX_JOINED];
        size_t holder_count = job_holder_fds(holders, MAX_JOINED);

        /* With all places taken a new caller waits in the channel. */
        fds[0] = (struct pollfd){channel, count < MAX_PEERS ? POLLIN : 0, 0};
        for (size_t i = 0; i < count; i++)
            fds[i + 1] = (struct pollfd){peers[i].fd, POLLIN, 0};
        for (size_t i = 0; i < holder_count; i++)
            fds[count + 1 + i] = (struct pollfd){holders[i], POLLIN, 0};
        if (poll(fds, count + 1 + holder_count, -1) < 0)
            continue;
        for (size_t i = 0; i < holder_count; i++)
            if (fds[count + 1 + i].revents)
                job_holder_ended(holders[i]);
        for (size_t i = count; i-- > 0;) {
            if (fds[i + 1].revents && !serve(&peers[i])) {
                forget(&peers[i]);
                peers[i] = peers[--count];
            }
        }
        /* Without a server nobody new comes; poll passes over a negative descriptor. */
        if (fds[0].revents && !take_notice(channel, peers, &count)) {
            close(channel);
            channel = -1;
        }
    }
    return NULL;
}

int remote_service_start(int channel)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, old;
    int error;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, SERVICE_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&thread, &attributes, serve_channel, (void *)(intptr_t)channel);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return -error;
}

void remote_service_serve(int fd)
{
    struct remote_peer peer = {.fd = fd};
    struct pollfd ready = {fd, POLLIN, 0};

    become_service_thread();
    if (say_hello(fd))
        while (poll(&ready, 1, -1) >= 0 && serve(&peer))
            ;
    forget(&peer);
}
