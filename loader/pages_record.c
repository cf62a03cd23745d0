/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The files of `decant pages`: a record of JSON lines (docs/decant-pages.md describes them) and a page for the
 * browser, which is the template pages.html with the same lines in its middle. Both are written as
 * the looks happen, so they are whole up to the last one whatever ends the command.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "pages.h"

/* pages_template.S */
extern const char pages_template[], pages_template_end[];
static const char mark[] = "/*LOOKS*/";

static const char *split_template(void)
{
    return memmem(pages_template, (size_t)(pages_template_end - pages_template), mark, sizeof(mark) - 1);
}

static void put_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == '"' || c == '\\' || c == '<') /* "<": it stands within a script, too */
            fprintf(file, "\\u%04x", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

/* Runs of set bits: [first page, how many]. */
static void put_runs(FILE *file, const char *name, const uint64_t *bits, size_t pages)
{
    const char *separator = "";

    fprintf(file, ",\"%s\":[", name);
    for (size_t page = 0; page < pages;) {
        size_t first;

        if (!bits[page / 64]) {
            page = (page / 64 + 1) * 64;
            continue;
        }
        if (!page_bit(bits, page)) {
            page++;
            continue;
        }
        for (first = page; page < pages && page_bit(bits, page);)
            page++;
        fprintf(file, "%s[%zu,%zu]", separator, first, page - first);
        separator = ",";
    }
    fputc(']', file);
}

static void put_header(FILE *file, const struct target *target, double interval)
{
    time_t seconds = time(NULL);
    char started[32];
    struct tm parts;

    gmtime_r(&seconds, &parts);
    strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &parts);
    fprintf(file, "{\"decant_pages\":1,\"pid\":%d,\"program\":", target->pid);
    put_string(file, target->program);
    fprintf(file, ",\"started\":\"%s\",\"interval\":%.6g,\"page_bytes\":%u}", started, interval,
            PAGES_BYTES);
}

static void put_look(FILE *file, const struct look *look)
{
    fprintf(file, "{\"look\":%u,\"seconds\":%.6f,\"regions\":[", look->number, look->seconds);
    for (size_t i = 0; i < look->count; i++) {
        const struct watched *region = &look->regions[i];

        fprintf(file, "%s{\"base\":\"0x%llx\",\"pages\":%zu,\"written\":%zu,\"new\":%zu,\"cleared\":%zu,"
                      "\"resets\":%llu,\"reported\":%llu", i ? "," : "",
                (unsigned long long)region->base, region->pages, region->written_count,
                region->fresh_count, region->cleared_count, (unsigned long long)region->resets,
                (unsigned long long)region->reported);
        put_runs(file, "new_runs", region->fresh, region->pages);
        put_runs(file, "cleared_runs", region->cleared, region->pages);
        fputc('}', file);
    }
    fputs("]}", file);
}

static bool check(FILE *file, const char *path)
{
    if (!file || (!fflush(file) && !ferror(file)))
        return true;
    fail("%s: %s", path, strerror(errno));
    return false;
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file)
        fail("%s: %s", path, strerror(errno));
    return file;
}

bool recorder_open(struct recorder *recorder, const char *lines, const char *page,
                   const struct target *target, double interval)
{
    *recorder = (struct recorder){.lines_path = lines, .page_path = page};
    if (lines && !(recorder->lines = create(lines)))
        return false;
    if (page && !(recorder->page = create(page)))
        return false;
    if (recorder->lines) {
        put_header(recorder->lines, target, interval);
        fputc('\n', recorder->lines);
    }
    if (recorder->page) {
        fwrite(pages_template, 1, (size_t)(split_template() - pages_template), recorder->page);
        put_header(recorder->page, target, interval);
    }
    return check(recorder->lines, lines) && check(recorder->page, page);
}

bool recorder_add(struct recorder *recorder, const struct look *look)
{
    if (recorder->lines) {
        put_look(recorder->lines, look);
        fputc('\n', recorder->lines);
    }
    if (recorder->page) {
        fputs(",\n", recorder->page);
        put_look(recorder->page, look);
    }
    return check(recorder->lines, recorder->lines_path) && check(recorder->page, recorder->page_path);
}

bool recorder_close(struct recorder *recorder, const char *end)
{
    bool good = true;

    if (recorder->lines) {
        fprintf(recorder->lines, "{\"end\":\"%s\"}\n", end);
        good &= check(recorder->lines, recorder->lines_path);
        fclose(recorder->lines);
    }
    if (recorder->page) {
        const char *rest = split_template() + sizeof(mark) - 1;

        fprintf(recorder->page, ",\n{\"end\":\"%s\"}", end);
        fwrite(rest, 1, (size_t)(pages_template_end - rest), recorder->page);
        good &= check(recorder->page, recorder->page_path);
        fclose(recorder->page);
    }
    return good;
}
