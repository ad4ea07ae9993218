// The least that a single-threaded server can do for Socket.IO over long-polling: finds what it needs where `gatehouse bench`
// puts it, answers with heads that are ready, checks nothing. Shows how much of a polling server's cost is the kernel's.
//
//     cc -O2 -o polling_floor polling_floor.c        ./polling_floor PORT
//
// An event with an ack id is acknowledged with its data.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { input_size = 16 * 1024, events = 256, maximum = 20000, queue_size = 4096 };

struct connection {
    int descriptor;
    size_t length;
    char input[input_size];
};

struct session {
    struct connection *poll;  // waits for something to say
    size_t length;
    char queue[queue_size];
};

static struct session sessions[maximum];
static int session_count;

static void answer(struct connection *c, const char *type, const char *body, size_t length) {
    char bytes[queue_size + 256];
    int head = snprintf(bytes, 256,
                        "HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncache-control: no-store\r\nContent-Length: %zu\r\n\r\n", type,
                        length);
    memcpy(bytes + head, body, length);
    if (send(c->descriptor, bytes, head + length, MSG_NOSIGNAL) < 0) return;
}

static void say(struct session *s, const char *packet, size_t length) {
    if (s->poll) {
        answer(s->poll, "text/plain; charset=UTF-8", packet, length);
        s->poll = NULL;
    } else if (s->length + length + 1 <= queue_size) {
        if (s->length) s->queue[s->length++] = 0x1e;
        memcpy(s->queue + s->length, packet, length);
        s->length += length;
    }
}

static void packet(struct session *s, const char *data, size_t length) {
    char text[queue_size];
    const char *array = memchr(data, '[', length), *comma = array ? memchr(array, ',', data + length - array) : NULL;
    if (length >= 2 && !memcmp(data, "40", 2)) {
        say(s, "40{\"sid\":\"x\"}", 12);
    } else if (length > 2 && !memcmp(data, "42", 2) && comma && length < queue_size) {
        // 42<id>["echo",<data>] becomes 43<id>[<data>].
        size_t id = array - data - 2, rest = data + length - comma - 1;
        memcpy(text, "43", 2);
        memcpy(text + 2, data + 2, id);
        text[2 + id] = '[';
        memcpy(text + 3 + id, comma + 1, rest);
        say(s, text, 3 + id + rest);
    }
}

// One request at the start of the input; returns its length, 0 when it is not all there, -1 when it is none.
static long request(struct connection *c) {
    char *end = memmem(c->input, c->length, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = end + 4 - c->input, body = 0;
    char *line = memchr(c->input, '\r', head), *sid = memmem(c->input, line - c->input, "sid=", 4);
    int is_post = c->input[0] == 'P';
    if (is_post) {
        char *field = memmem(line, end - line, "Content-Length: ", 16);
        if (!field) return -1;
        body = strtoul(field + 16, NULL, 10);
        if (head + body > c->length) return 0;
    }
    if (!sid) {
        if (session_count == maximum) return -1;
        char text[128];
        int length = snprintf(text, sizeof text,
                              "0{\"sid\":\"%d\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}",
                              session_count++);
        answer(c, "text/plain; charset=UTF-8", text, length);
        return head;
    }
    unsigned long number = strtoul(sid + 4, NULL, 10);
    if (number >= maximum) return -1;
    struct session *s = &sessions[number];
    if (is_post) {
        packet(s, c->input + head, body);
        answer(c, "text/html", "ok", 2);
    } else if (s->length) {
        answer(c, "text/plain; charset=UTF-8", s->queue, s->length);
        s->length = 0;
    } else {
        s->poll = c;
    }
    return head + body;
}

static int serve(struct connection *c) {
    ssize_t n = recv(c->descriptor, c->input + c->length, input_size - c->length, 0);
    if (n <= 0) return n < 0 && errno == EAGAIN ? 0 : -1;
    c->length += n;
    long used;
    while ((used = request(c)) > 0) {
        memmove(c->input, c->input + used, c->length - used);
        c->length -= used;
    }
    return used < 0 || c->length == input_size ? -1 : 0;
}

static void leave(struct connection *c) {
    for (int i = 0; i < session_count; i++)
        if (sessions[i].poll == c) sessions[i].poll = NULL;
    close(c->descriptor);
    free(c);
}

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "polling_floor PORT\n"), 64;
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, poller = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096))
        return perror("polling_floor"), 1;
    struct epoll_event ready[events] = {{.events = EPOLLIN, .data.ptr = NULL}};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, ready);
    for (;;) {
        int n = epoll_wait(poller, ready, events, -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = ready[i].data.ptr;
            if (c) {
                if (serve(c)) leave(c);
                continue;
            }
            int descriptor;
            while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                c = calloc(1, sizeof *c);
                if (!c) abort();
                c->descriptor = descriptor;
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
                epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
            }
        }
    }
}
