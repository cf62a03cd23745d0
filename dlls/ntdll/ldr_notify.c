/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * LdrRegisterDllNotification: who is told when a DLL was loaded and when it goes. Callbacks run under
 * the loader lock, in the order of registration, before DllMain is called (documented).
 */
#include "ldr.h"

struct notification {
    LIST_ENTRY link;
    PLDR_DLL_NOTIFICATION_FUNCTION callback;
    void *context;
};

static LIST_ENTRY notifications = {&notifications, &notifications};

NTSTATUS WINAPI LdrRegisterDllNotification(ULONG flags, PLDR_DLL_NOTIFICATION_FUNCTION callback,
                                           void *context, void **cookie)
{
    struct notification *notification;

    if (flags || !callback || !cookie)
        return STATUS_INVALID_PARAMETER;
    notification = RtlAllocateHeap(process_heap(), 0, sizeof(*notification));
    if (!notification)
        return STATUS_NO_MEMORY;
    notification->callback = callback;
    notification->context = context;
    lock_loader();
    InsertTailList(&notifications, &notification->link);
    unlock_loader();
    *cookie = notification;
    return STATUS_SUCCESS;
}

NTSTATUS WINAPI LdrUnregisterDllNotification(void *cookie)
{
    NTSTATUS status = STATUS_DLL_NOT_FOUND;
    LIST_ENTRY *link;

    lock_loader();
    for (link = notifications.Flink; link != &notifications; link = link->Flink) {
        struct notification *notification = CONTAINING_RECORD(link, struct notification, link);

        if (notification != cookie)
            continue;
        RemoveEntryList(link);
        RtlFreeHeap(process_heap(), 0, notification);
        status = STATUS_SUCCESS;
        break;
    }
    unlock_loader();
    return status;
}

void notify_modules(ULONG reason, const struct module *module)
{
    LDR_DLL_NOTIFICATION_DATA data = {.Loaded = {.FullDllName = &module->entry.FullDllName,
                                                 .BaseDllName = &module->entry.BaseDllName,
                                                 .DllBase = module->entry.DllBase,
                                                 .SizeOfImage = module->entry.SizeOfImage}};
    LIST_ENTRY *link, *next;

    for (link = notifications.Flink; link != &notifications; link = next) {
        struct notification *notification = CONTAINING_RECORD(link, struct notification, link);

        next = link->Flink;
        notification->callback(reason, &data, notification->context);
    }
}
