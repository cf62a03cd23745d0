/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Processor model and topology: cores, packages, caches and the one processor group, out of /sys. NUMA is
 * shown as one node. Up to 64 processors, which is what one group holds.
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"

void system_processor_model(USHORT *family, USHORT *model_and_stepping)
{
    unsigned a = 0, b, c, d, base, model;

    __get_cpuid(1, &a, &b, &c, &d);
    base = (a >> 8) & 0xf;
    model = (a >> 4) & 0xf;
    if (base == 6 || base == 15)
        model |= (a >> 12) & 0xf0;
    *family = (USHORT)(base == 15 ? base + ((a >> 20) & 0xff) : base);
    *model_and_stepping = (USHORT)(model << 8 | (a & 0xf));
}

static unsigned processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 64 ? 64 : (unsigned)count;
}

static bool read_line(char *line, size_t room, const char *file, unsigned cpu)
{
    char path[160];
    FILE *stream;
    bool found;

    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/%s", cpu, file);
    stream = fopen(path, "re");
    if (!stream)
        return false;
    found = fgets(line, (int)room, stream) != NULL;
    fclose(stream);
    return found;
}

/* "0-3,8" as a mask. */
static uint64_t read_mask(const char *file, unsigned cpu)
{
    char line[256], *p = line;
    uint64_t mask = 0;

    if (!read_line(line, sizeof(line), file, cpu))
        return (uint64_t)1 << cpu;
    while (*p >= '0' && *p <= '9') {
        unsigned long first = strtoul(p, &p, 10), last = first;

        if (*p == '-')
            last = strtoul(p + 1, &p, 10);
        for (; first <= last && first < 64; first++)
            mask |= (uint64_t)1 << first;
        if (*p == ',')
            p++;
    }
    return mask;
}

struct cache {
    uint64_t mask;
    unsigned level, line, ways, bytes;
    PROCESSOR_CACHE_TYPE type;
};

static bool read_cache(unsigned cpu, unsigned index, struct cache *cache)
{
    char file[64], line[64];

#define FIELD(name) (snprintf(file, sizeof(file), "cache/index%u/" name, index), file)
    if (!read_line(line, sizeof(line), FIELD("level"), cpu))
        return false;
    cache->level = (unsigned)strtoul(line, NULL, 10);
    cache->type = CacheUnified;
    if (read_line(line, sizeof(line), FIELD("type"), cpu))
        cache->type = *line == 'D' ? CacheData : *line == 'I' ? CacheInstruction : CacheUnified;
    cache->line = read_line(line, sizeof(line), FIELD("coherency_line_size"), cpu)
                      ? (unsigned)strtoul(line, NULL, 10) : 64;
    cache->ways = read_line(line, sizeof(line), FIELD("ways_of_associativity"), cpu)
                      ? (unsigned)strtoul(line, NULL, 10) : 0;
    cache->bytes = read_line(line, sizeof(line), FIELD("size"), cpu)
                       ? (unsigned)strtoul(line, NULL, 10) * 1024 : 0;
    cache->mask = read_mask(FIELD("shared_cpu_list"), cpu);
#undef FIELD
    return true;
}

/* What both forms of the answer are made of. */
struct relation {
    LOGICAL_PROCESSOR_RELATIONSHIP kind;
    uint64_t mask;
    struct cache cache;
};

#define MAX_RELATIONS (64 * 12)

static unsigned collect(struct relation *relations)
{
    unsigned count = 0, processors = processor_count();
    uint64_t cores = 0, packages = 0, all = processors == 64 ? ~0ull : (1ull << processors) - 1;

    for (unsigned cpu = 0; cpu < processors; cpu++) {
        uint64_t bit = 1ull << cpu;
        struct cache cache;

        if (!(cores & bit)) {
            uint64_t mask = (read_mask("topology/thread_siblings_list", cpu) & all) | bit;

            cores |= mask;
            relations[count++] = (struct relation){.kind = RelationProcessorCore, .mask = mask};
        }
        if (!(packages & bit)) {
            uint64_t mask = (read_mask("topology/core_siblings_list", cpu) & all) | bit;

            packages |= mask;
            relations[count++] = (struct relation){.kind = RelationProcessorPackage, .mask = mask};
        }
        for (unsigned i = 0; i < 8 && read_cache(cpu, i, &cache); i++) {
            cache.mask &= all;
            /* Each cache is told by the first processor that shares it. */
            if (cache.mask && !(cache.mask & (bit - 1)))
                relations[count++] = (struct relation){
                    .kind = RelationCache, .mask = cache.mask, .cache = cache};
        }
    }
    relations[count++] = (struct relation){.kind = RelationNumaNode, .mask = all};
    return count;
}

NTSTATUS system_processors(void *buffer, ULONG room, ULONG *needed)
{
    struct relation *relations = calloc(MAX_RELATIONS, sizeof(*relations));
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION *info;
    NTSTATUS status;
    unsigned count;
    ULONG bytes;

    if (!relations)
        return STATUS_NO_MEMORY;
    count = collect(relations);
    info = calloc(count, sizeof(*info));
    if (!info) {
        free(relations);
        return STATUS_NO_MEMORY;
    }
    for (unsigned i = 0; i < count; i++) {
        const struct relation *relation = &relations[i];

        info[i].ProcessorMask = relation->mask;
        info[i].Relationship = relation->kind;
        if (relation->kind == RelationProcessorCore)
            info[i].ProcessorCore.Flags = (relation->mask & (relation->mask - 1)) != 0;
        if (relation->kind == RelationCache) {
            info[i].Cache.Level = (BYTE)relation->cache.level;
            info[i].Cache.Associativity = (BYTE)relation->cache.ways;
            info[i].Cache.LineSize = (WORD)relation->cache.line;
            info[i].Cache.Size = relation->cache.bytes;
            info[i].Cache.Type = relation->cache.type;
        }
    }
    bytes = (ULONG)(count * sizeof(*info));
    status = needed ? guest_copy_out(needed, &bytes, sizeof(bytes)) : STATUS_SUCCESS;
    if (!status)
        status = room < bytes ? STATUS_INFO_LENGTH_MISMATCH : guest_copy_out(buffer, info, bytes);
    free(info);
    free(relations);
    return status;
}

static ULONG entry_bytes(LOGICAL_PROCESSOR_RELATIONSHIP kind)
{
    switch (kind) {
    case RelationCache:
        return offsetof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, Cache) + sizeof(CACHE_RELATIONSHIP);
    case RelationNumaNode:
        return offsetof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, NumaNode) +
               sizeof(NUMA_NODE_RELATIONSHIP);
    case RelationGroup:
        return offsetof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, Group) +
               sizeof(GROUP_RELATIONSHIP);
    default:
        return offsetof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, Processor) +
               sizeof(PROCESSOR_RELATIONSHIP);
    }
}

static void fill_entry(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *entry,
                       const struct relation *relation)
{
    entry->Relationship = relation->kind;
    entry->Size = entry_bytes(relation->kind);
    switch (relation->kind) {
    case RelationCache:
        entry->Cache.Level = (BYTE)relation->cache.level;
        entry->Cache.Associativity = (BYTE)relation->cache.ways;
        entry->Cache.LineSize = (WORD)relation->cache.line;
        entry->Cache.CacheSize = relation->cache.bytes;
        entry->Cache.Type = relation->cache.type;
        entry->Cache.GroupMask.Mask = relation->mask;
        break;
    case RelationNumaNode:
        entry->NumaNode.GroupMask.Mask = relation->mask;
        break;
    case RelationGroup:
        entry->Group.MaximumGroupCount = entry->Group.ActiveGroupCount = 1;
        entry->Group.GroupInfo[0].MaximumProcessorCount =
            entry->Group.GroupInfo[0].ActiveProcessorCount = (BYTE)processor_count();
        entry->Group.GroupInfo[0].ActiveProcessorMask = relation->mask;
        break;
    default:
        entry->Processor.Flags = relation->kind == RelationProcessorCore &&
                                 (relation->mask & (relation->mask - 1)) != 0;
        entry->Processor.GroupCount = 1;
        entry->Processor.GroupMask[0].Mask = relation->mask;
    }
}

NTSTATUS system_processors_ex(ULONG wanted, void *buffer, ULONG room, ULONG *needed)
{
    struct relation *relations = calloc(MAX_RELATIONS + 1, sizeof(*relations));
    NTSTATUS status = STATUS_INVALID_PARAMETER;
    unsigned count;
    ULONG bytes = 0, at = 0;
    char *data;

    if (!relations)
        return STATUS_NO_MEMORY;
    if (wanted > RelationGroup && wanted != RelationAll)
        goto done;
    count = collect(relations);
    relations[count] = relations[count - 1];
    relations[count++].kind = RelationGroup;
    for (unsigned i = 0; i < count; i++)
        if (wanted == RelationAll || relations[i].kind == (LOGICAL_PROCESSOR_RELATIONSHIP)wanted)
            bytes += entry_bytes(relations[i].kind);
    data = calloc(1, bytes + 1);
    status = STATUS_NO_MEMORY;
    if (!data)
        goto done;
    for (unsigned i = 0; i < count; i++)
        if (wanted == RelationAll || relations[i].kind == (LOGICAL_PROCESSOR_RELATIONSHIP)wanted) {
            fill_entry((void *)(data + at), &relations[i]);
            at += entry_bytes(relations[i].kind);
        }
    status = needed ? guest_copy_out(needed, &bytes, sizeof(bytes)) : STATUS_SUCCESS;
    if (!status)
        status = room < bytes ? STATUS_INFO_LENGTH_MISMATCH : guest_copy_out(buffer, data, bytes);
    free(data);
done:
    free(relations);
    return status;
}
