// Counts what a process takes from the allocator (LD_PRELOAD): the file named by ALLOCATION_COUNT gets the number, as eight
// bytes that can be read at any time. Whatever creates an object, a closure that escapes or a task allocates.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static uint64_t before;
static uint64_t *count = &before;

__attribute__((constructor)) static void share(void) {
    const char *path = getenv("ALLOCATION_COUNT");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) count = page;
}

static void add(void) { __atomic_fetch_add(count, 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) { return add(), __libc_malloc(size); }

void *calloc(size_t number, size_t size) { return add(), __libc_calloc(number, size); }

void *realloc(void *block, size_t size) { return add(), __libc_realloc(block, size); }

void *memalign(size_t alignment, size_t size) { return add(), __libc_memalign(alignment, size); }

void *aligned_alloc(size_t alignment, size_t size) { return add(), __libc_memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    add();
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}
