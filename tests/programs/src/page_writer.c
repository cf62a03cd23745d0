/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes to watched memory in known steps, one for each line on stdin, and says when a step is done; for
 * pages.sh. Step 0 prints the two allocations.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define PAGE 4096
#define STEPS 6

static volatile char *small, *large;

static volatile char *watched(SIZE_T bytes)
{
    return VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
}

static void step(int number)
{
    DWORD old;

    switch (number) {
    case 0:
        small = watched(64 * PAGE);
        large = watched(8192 * PAGE);
        printf("%p %p\n", (void *)small, (void *)large);
        break;
    case 1: /* small: 3 and 10 to 19; large: each 64th */
        small[3 * PAGE] = 1;
        for (int i = 10; i < 20; i++)
            small[i * PAGE] = 1;
        for (int i = 0; i < 8192; i += 64)
            large[i * PAGE] = 1;
        break;
    case 2: /* small: 20; 0 to 9 are reset */
        small[20 * PAGE] = 1;
        ResetWriteWatch((void *)small, 10 * PAGE);
        break;
    case 3: /* reading is no writing */
        for (int i = 0; i < 64; i++)
            (void)small[i * PAGE];
        break;
    case 4: /* a protection change latches, so 10 to 12 outlive the decommit; 30 does not */
        VirtualProtect((void *)(small + 10 * PAGE), 3 * PAGE, PAGE_READONLY, &old);
        small[30 * PAGE] = 1;
        VirtualFree((void *)(small + 10 * PAGE), 21 * PAGE, MEM_DECOMMIT);
        break;
    case 5: /* the large one goes, the small one is all written */
        VirtualFree((void *)large, 0, MEM_RELEASE);
        VirtualAlloc((void *)small, 64 * PAGE, MEM_COMMIT, PAGE_READWRITE);
        for (int i = 0; i < 64; i++)
            small[i * PAGE] = 2;
        break;
    }
}

int main(void)
{
    char line[16];

    for (int number = 0; number < STEPS && fgets(line, sizeof(line), stdin); number++) {
        step(number);
        printf("done %d\n", number);
        fflush(stdout);
    }
    return fgets(line, sizeof(line), stdin) ? 0 : 1;
}
