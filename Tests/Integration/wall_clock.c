// A wall clock that jumps, for one process (LD_PRELOAD): the file named by WALL_CLOCK_SHIFT holds the seconds to add.
// libfaketime shifts libdispatch's monotonic timers as well, which no jump of a real clock does.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
    const char *path = getenv("WALL_CLOCK_SHIFT");
    char text[24] = {0};
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    return length > 0 ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *seconds) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds) *seconds = now.tv_sec;
    return now.tv_sec;
}

// The deadline is of the wall clock, and a jump meanwhile counts, as it does in the kernel.
int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
    for (;;) {
        struct timespec now;
        if (sem_trywait(semaphore) == 0) return 0;
        if (errno != EAGAIN) return -1;
        clock_gettime(CLOCK_REALTIME, &now);
        if (now.tv_sec > deadline->tv_sec
            || (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec)) {
            errno = ETIMEDOUT;
            return -1;
        }
        struct timespec slice = {.tv_nsec = 2000000};
        nanosleep(&slice, NULL);
    }
}
