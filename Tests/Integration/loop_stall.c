// An event loop that is stuck, for one process (LD_PRELOAD): whoever takes away the file named by LOOP_STALL sleeps for two seconds,
// or for LOOP_STALL_SECONDS.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int epoll_wait(int poll, struct epoll_event *events, int most, int timeout) {
    char name[16] = {0};
    const char *path = getenv("LOOP_STALL"), *seconds = getenv("LOOP_STALL_SECONDS");
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (path && strncmp(name, "loop-", 5) == 0 && unlink(path) == 0) {
        struct timespec stall = {.tv_sec = seconds ? atoi(seconds) : 2};
        nanosleep(&stall, NULL);
    }
    return (int)syscall(SYS_epoll_pwait, poll, events, most, timeout, NULL, 8);
}
