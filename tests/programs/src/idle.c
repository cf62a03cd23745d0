/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For sandbox.sh: waits in each way for what does not come, and once for what does. Who spins meanwhile uses up the processor
 * time that the test allows. Exit code 0, or the number of the check that failed.
 */
#include <windows.h>

static DWORD CALLBACK set_second(void *events)
{
    return !SetEvent(((HANDLE *)events)[1]);
}

int main(void)
{
    HANDLE events[2] = {CreateEventA(NULL, FALSE, FALSE, NULL), CreateEventA(NULL, FALSE, FALSE, NULL)};
    LONG word = 0, same = 0;
    HANDLE thread;

    if (WaitForSingleObject(events[0], 800) != WAIT_TIMEOUT)
        return 1;
    if (WaitForMultipleObjects(2, events, FALSE, 800) != WAIT_TIMEOUT)
        return 2;
    if (WaitOnAddress(&word, &same, sizeof(word), 800) || GetLastError() != ERROR_TIMEOUT)
        return 3;
    if (SleepEx(800, TRUE))
        return 4;
    thread = CreateThread(NULL, 0, set_second, events, 0, NULL);
    if (WaitForMultipleObjects(2, events, FALSE, INFINITE) != WAIT_OBJECT_0 + 1)
        return 5;
    return WaitForSingleObject(thread, INFINITE) ? 6 : 0;
}
