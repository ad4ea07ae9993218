// epoll(7) and what a loop needs beside it, which Swift's Glibc module leaves out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

// The calling thread's name, for operators: prctl(2) is variadic, which Swift cannot call.
static inline void name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);

// Accepts a connection that never blocks, and that programs which are started do not inherit.
static inline int accept_connection(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
