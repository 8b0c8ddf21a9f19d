/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include "portside/attr.h"
#include "portside/file.h"

#include <dirent.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

#define STATM_BYTES 1024U
#define US_PER_S 1000000

static void write_head(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_gauge(FILE *out, const char *name, const char *help, uint64_t value)
{
    write_head(out, name, "gauge", help);
    (void)fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void write_cpu(FILE *out)
{
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage);
    int64_t us = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_S +
                 usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    write_head(out, "process_cpu_seconds_total", "counter",
               "User and system time of the processor spent so far.");
    (void)fprintf(out, "process_cpu_seconds_total %" PRId64 ".%06" PRId64 "\n", us / US_PER_S,
                  us % US_PER_S);
}

/* The second number of /proc/self/statm, in pages (proc(5)). */
static void write_memory(FILE *out)
{
    struct ps_file file PS_CLEANUP(ps_file_clear) = {0};
    struct ps_str total;
    struct ps_str resident;
    uint64_t pages;
    if (!ps_ok(ps_file_read("/proc/self/statm", STATM_BYTES, &file, NULL))) {
        return;
    }
    struct ps_str text = ps_file_view(&file);
    if (ps_str_split(&text, ' ', &total) && ps_str_split(&text, ' ', &resident) &&
        ps_str_to_uint(resident, UINT32_MAX, &pages)) {
        write_gauge(out, "process_resident_memory_bytes", "Memory that the process has now.",
                    pages * (uint64_t)sysconf(_SC_PAGESIZE));
    }
}

static void write_descriptors(FILE *out)
{
    struct rlimit limit = {0};
    uint64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(folder);
    write_gauge(out, "process_open_fds", "Open descriptors.", count - 1); /* but for the folder's */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        write_gauge(out, "process_max_fds", "Descriptors that may be open.", limit.rlim_cur);
    }
}

void ps_process_write(int64_t start_ms, FILE *out)
{
    write_cpu(out);
    write_memory(out);
    write_descriptors(out);
    write_head(out, "process_start_time_seconds", "gauge",
               "When the process began, in seconds since 1970.");
    (void)fprintf(out, "process_start_time_seconds %" PRId64 ".%03" PRId64 "\n", start_ms / 1000,
                  start_ms % 1000);
}
