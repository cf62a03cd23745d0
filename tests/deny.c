/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs a program as a sandbox would, for the tests of the write-watch backends:
 *
 *     deny userfaultfd=EPERM PROGRAM ARGS…   the system call is refused with this error (EPERM, ENOSYS); so are others
 *                                            of `calls` below
 *     deny scan=EPERM PROGRAM ARGS…          the PAGEMAP_SCAN ioctl is
 *     deny scan-after=N PROGRAM ARGS…        the first N scans work, later ones fail with EPERM
 *
 * A seccomp filter answers; for scan-after it asks this process, which counts (seccomp_unotify(2)). Exit
 * code: the program's.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decant/uapi_pagemap.h"

#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, value)
#define LOAD(field)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Goes on `skip` instructions further unless equal. */
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)

static void fail(const char *what)
{
    fprintf(stderr, "deny: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* Installs the filter; the listener's descriptor, or 0. */
static int install(const struct sock_filter *code, size_t count, unsigned flags)
{
    struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)code};
    int fd;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        fail("no_new_privs");
    fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (fd < 0)
        fail("seccomp");
    return fd;
}

static const struct {
    const char *name;
    uint32_t number;
} calls[] = {
    {"futex_waitv", 449 /* Debian 12's headers lack it */},
    {"memfd_create", SYS_memfd_create},
    {"pidfd_open", SYS_pidfd_open},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
    {"userfaultfd", SYS_userfaultfd},
};

static void deny_call(const char *name, size_t length, uint32_t answer)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        const struct sock_filter code[] = {
            LOAD(nr), UNLESS(calls[i].number, 1), ANSWER(answer), ANSWER(SECCOMP_RET_ALLOW),
        };

        if (strlen(calls[i].name) == length && !strncmp(calls[i].name, name, length)) {
            install(code, sizeof(code) / sizeof(code[0]), 0);
            return;
        }
    }
    fprintf(stderr, "deny: nobody denies \"%s\" yet\n", name);
    exit(125);
}

static int deny_scan(uint32_t answer, unsigned flags)
{
    const struct sock_filter code[] = {
        LOAD(nr),
        UNLESS(SYS_ioctl, 3),
        LOAD(args[1]), /* the low half; an ioctl's command has no other */
        UNLESS((uint32_t)PAGEMAP_SCAN, 1),
        ANSWER(answer),
        ANSWER(SECCOMP_RET_ALLOW),
    };

    return install(code, sizeof(code) / sizeof(code[0]), flags);
}

static void send_descriptor(int socket, int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    if (sendmsg(socket, &message, 0) != 1)
        fail("sendmsg");
}

static int receive_descriptor(int socket)
{
    char byte, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int fd;

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
        fail("recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    return fd;
}

/* Answers the program's scans until nobody is left that could make one. */
static void serve(int listener, unsigned long allowed)
{
    struct pollfd wait = {listener, POLLIN, 0};

    while (poll(&wait, 1, -1) > 0 && !(wait.revents & POLLHUP)) {
        struct seccomp_notif request = {0};
        struct seccomp_notif_resp answer = {0};

        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request))
            continue; /* the thread is gone */
        answer.id = request.id;
        if (allowed) {
            allowed--;
            answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        } else {
            answer.error = -EPERM;
        }
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

static int deny_after(unsigned long allowed, char **command)
{
    int sockets[2], status;
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
        fail("socketpair");
    child = fork();
    if (child < 0)
        fail("fork");
    if (!child) {
        int listener = deny_scan(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);

        send_descriptor(sockets[1], listener);
        close(listener);
        execvp(command[0], command);
        fail(command[0]);
    }
    close(sockets[1]);
    serve(receive_descriptor(sockets[0]), allowed);
    if (waitpid(child, &status, 0) < 0)
        fail("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    const char *value = argc > 2 ? strchr(argv[1], '=') : NULL;
    uint32_t answer = SECCOMP_RET_ERRNO | (value && !strcmp(value, "=ENOSYS") ? ENOSYS : EPERM);

    if (!value) {
        fputs("Usage: deny CALL=ERROR|scan=ERROR|scan-after=N PROGRAM ARGS...\n", stderr);
        return 125;
    }
    if (!strncmp(argv[1], "scan-after=", 11))
        return deny_after(strtoul(value + 1, NULL, 10), argv + 2);
    if (!strncmp(argv[1], "scan=", 5))
        deny_scan(answer, 0);
    else
        deny_call(argv[1], (size_t)(value - argv[1]), answer);
    execvp(argv[2], argv + 2);
    fail(argv[2]);
}
