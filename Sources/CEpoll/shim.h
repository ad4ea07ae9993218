// epoll(7) and what a loop needs beside it, which Swift's Glibc module leaves out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>

// The calling thread's name, for operators: prctl(2) is variadic, which Swift cannot call.
static inline void name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// As <sys/socket.h> has it, which is not included here: Swift would take its constants for ours.
struct sockaddr;
int accept4(int listener, struct sockaddr *address, unsigned int *length, int flags);

// Accepts a connection with these flags (SOCK_NONBLOCK, SOCK_CLOEXEC).
static inline int accept_connection(int listener, void *address, unsigned int *length, int flags) {
    return accept4(listener, (struct sockaddr *)address, length, flags);
}
