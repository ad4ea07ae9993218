/* Preloaded: connections cannot be opened any more, as if no local port were left.
 *
 * NO_PORTS_AFTER: how many can be opened before.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    static int (*real)(int, const struct sockaddr *, socklen_t);
    static long left = -1;
    if (!real) {
        real = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
        left = atol(getenv("NO_PORTS_AFTER"));
    }
    if (address->sa_family == AF_INET && left-- <= 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    return real(descriptor, address, length);
}
