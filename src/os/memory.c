/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/memory.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The loader has written into the code of such a library, and its file does not have what was
 * written. None of Debian's has text relocations.
 */
static bool has_text_relocations(const struct dl_phdr_info *object)
{
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_DYNAMIC) {
            continue;
        }
        const ElfW(Dyn) *tag = (const ElfW(Dyn) *)(object->dlpi_addr + part->p_vaddr);
        for (; tag->d_tag != DT_NULL; tag++) {
            if (tag->d_tag == DT_TEXTREL ||
                (tag->d_tag == DT_FLAGS && (tag->d_un.d_val & DF_TEXTREL) != 0)) {
                return true;
            }
        }
    }
    return false;
}

static int release_object(struct dl_phdr_info *object, size_t size, void *page_bytes)
{
    const uintptr_t page = *(const uintptr_t *)page_bytes;
    (void)size;
    for (size_t i = 0; !has_text_relocations(object) && i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_W) == 0) {
            uintptr_t begin = (object->dlpi_addr + part->p_vaddr) / page * page;
            uintptr_t end = object->dlpi_addr + part->p_vaddr + part->p_memsz;
            (void)madvise((void *)begin, end - begin, MADV_DONTNEED); /* if not, they stay */
        }
    }
    return 0;
}

void ps_memory_release_code(void)
{
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)dl_iterate_phdr(release_object, &page_bytes);
}
