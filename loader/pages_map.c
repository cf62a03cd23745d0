/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The map in the terminal: for each watched allocation a line of numbers and some lines of cells, each of
 * which stands for a few pages. On a terminal the whole screen is drawn anew at each look, as large as it
 * is then; elsewhere each look is a block of plain lines.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pages.h"

#define PLAIN_COLUMNS 80

static bool is_screen, has_unicode;

void map_begin(void)
{
    const char *term = getenv("TERM");

    setlocale(LC_CTYPE, "");
    is_screen = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
    has_unicode = is_screen && !strcmp(nl_langinfo(CODESET), "UTF-8");
    if (is_screen)
        fputs("\033[?1049h\033[?25l", stdout); /* the alternate screen, no cursor */
}

void map_end(void)
{
    if (is_screen)
        fputs("\033[0m\033[?25h\033[?1049l", stdout);
    fflush(stdout);
}

static void screen_size(size_t *columns, size_t *lines)
{
    struct winsize size;

    *columns = PLAIN_COLUMNS;
    *lines = SIZE_MAX;
    if (is_screen && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > 20 && size.ws_row > 4) {
        *columns = size.ws_col;
        *lines = size.ws_row;
    }
}

/* How many bits of [first, last) are set. */
static size_t count_bits(const uint64_t *bits, size_t first, size_t last)
{
    size_t count = 0;

    while (first < last) {
        size_t end = (first / 64 + 1) * 64 < last ? (first / 64 + 1) * 64 : last;
        uint64_t word = bits[first / 64] >> (first % 64);

        if (end - first < 64)
            word &= (1ull << (end - first)) - 1;
        count += (size_t)__builtin_popcountll(word);
        first = end;
    }
    return count;
}

/* Hot: written since the look before, by how much of the cell; warm: written earlier; else clean. */
static void draw_cell(const struct watched *region, size_t first, size_t last)
{
    static const char *const blocks[] = {"\u2591", "\u2592", "\u2593", "\u2588"};
    static const int heat[] = {220, 214, 208, 196};
    size_t fresh = count_bits(region->fresh, first, last);
    size_t level = fresh ? (4 * fresh - 1) / (last - first) : 0;
    bool is_written = fresh || count_bits(region->written, first, last);

    if (!is_screen)
        putchar(fresh ? "-+*#"[level] : is_written ? ':' : '.');
    else if (fresh)
        printf("\033[38;5;%dm%s", heat[level], has_unicode ? blocks[level] : "#");
    else if (is_written)
        printf("\033[38;5;67m%s", has_unicode ? "\u2592" : ":");
    else
        printf("\033[38;5;240m%s", has_unicode ? "\u00b7" : ".");
}

static const char *size_text(size_t pages)
{
    static char text[32];
    double kib = (double)pages * (PAGES_BYTES / 1024);
    const char *unit = "KiB";

    if (kib >= 1048576) {
        kib /= 1048576;
        unit = "GiB";
    } else if (kib >= 1024) {
        kib /= 1024;
        unit = "MiB";
    }
    snprintf(text, sizeof(text), "%.4g %s", kib, unit);
    return text;
}

static void draw_region(const struct watched *region, size_t columns, size_t rows)
{
    size_t cells = columns * rows, each;

    if (cells > region->pages)
        cells = region->pages;
    each = (region->pages + cells - 1) / cells;
    printf("%012llx  %s  %zu written  +%zu new  -%zu cleared", (unsigned long long)region->base,
           size_text(region->pages), region->written_count, region->fresh_count,
           region->cleared_count);
    if (region->resets)
        printf("  the program: %llu reset%s, told of %llu", (unsigned long long)region->resets,
               region->resets == 1 ? "" : "s", (unsigned long long)region->reported);
    if (each > 1)
        printf("  (a cell: %zu pages)", each);
    puts(is_screen ? "\033[K" : "");
    for (size_t cell = 0, first = 0; first < region->pages; cell++, first += each) {
        size_t last = first + each < region->pages ? first + each : region->pages;

        draw_cell(region, first, last);
        if (cell % columns == columns - 1 && last < region->pages)
            puts(is_screen ? "\033[0m\033[K" : "");
    }
    puts(is_screen ? "\033[0m\033[K" : "");
}

void map_draw(const struct target *target, double interval)
{
    const struct look *look = &target->look;
    size_t columns, lines, used = 2, drawn = 0;

    screen_size(&columns, &lines);
    if (is_screen)
        fputs("\033[H", stdout);
    printf("%.*s\n", (int)columns, target->program);
    printf("process %d  look %u  at %.2f s  every %.3g s  %zu watched allocation%s", target->pid,
           look->number, look->seconds, interval, look->count, look->count == 1 ? "" : "s");
    puts(is_screen ? "\033[K" : "");
    for (; drawn < look->count; drawn++) {
        const struct watched *region = &look->regions[drawn];
        size_t wanted = (region->pages + columns - 1) / columns, left = look->count - drawn, rows = 4;

        /* The allocations share the screen; each gets a line of cells at least. */
        if (lines != SIZE_MAX) {
            if (lines < used + 3)
                break;
            rows = (lines - used - 1) / left;
            rows = rows > 2 ? rows - 1 : 1;
        }
        rows = rows < wanted ? rows : wanted;
        draw_region(region, columns, rows);
        used += rows + 1;
    }
    if (drawn < look->count)
        printf("and %zu more", look->count - drawn);
    if (is_screen)
        fputs("\033[0m\033[J", stdout);
    fflush(stdout);
}
