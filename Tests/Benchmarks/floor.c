// The least that a single-threaded WebSocket server can do: one read and one write per turn and connection, no limits, no
// timers, no UTF-8 check, no rooms. What a benchmark's figures are divided by.
//
//     cc -O2 -o floor floor.c -lcrypto        ./floor PORT [CERTIFICATE KEY]   (with both: TLS, link with -lssl too)
//
// GET /echo answers every message with itself; GET /room passes it on to everyone in /room, the sender included.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { input_size = 64 * 1024, events = 256, maximum = 200000 };

struct connection {
    int descriptor;
    int open;     // the WebSocket handshake is through
    int greeted;  // and so is TLS
    int member;   // index in the room, or -1
    int dirty;
    SSL *tls;
    uint8_t *input, *output;
    size_t input_length, output_length, output_capacity;
};

static struct connection *connections[maximum];
static struct connection *room[maximum];
static int members;
static struct connection *dirty[maximum];
static int dirty_count;
static SSL_CTX *context;
static int poller;

static void append(struct connection *c, const void *bytes, size_t length) {
    if (c->output_length + length > c->output_capacity) {
        c->output_capacity = (c->output_length + length) * 2;
        c->output = realloc(c->output, c->output_capacity);
        if (!c->output) abort();
    }
    memcpy(c->output + c->output_length, bytes, length);
    c->output_length += length;
    if (!c->dirty) {
        c->dirty = 1;
        dirty[dirty_count++] = c;
    }
}

static void leave(struct connection *c) {
    if (c->member >= 0) {
        room[c->member] = room[--members];
        room[c->member]->member = c->member;
        c->member = -1;
    }
    for (int i = 0; i < dirty_count; i++)
        if (dirty[i] == c) dirty[i] = dirty[--dirty_count];
    connections[c->descriptor] = NULL;
    if (c->tls) SSL_free(c->tls);
    close(c->descriptor);
    free(c->input);
    free(c->output);
    free(c);
}

static void watch(struct connection *c, int writable) {
    struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->descriptor, &event);
}

static int flush(struct connection *c) {
    c->dirty = 0;
    while (c->output_length) {
        ssize_t n = c->tls ? SSL_write(c->tls, c->output, (int)c->output_length)
                           : send(c->descriptor, c->output, c->output_length, MSG_NOSIGNAL);
        if (n <= 0) {
            if (c->tls ? SSL_get_error(c->tls, (int)n) == SSL_ERROR_WANT_WRITE : errno == EAGAIN) {
                watch(c, 1);
                return 0;
            }
            return -1;
        }
        memmove(c->output, c->output + n, c->output_length - n);
        c->output_length -= n;
    }
    return 0;
}

static int handshake(struct connection *c) {
    char *end = memmem(c->input, c->input_length, "\r\n\r\n", 4);
    if (!end) return 0;
    c->input[c->input_length] = 0;
    char *key = strcasestr((char *)c->input, "sec-websocket-key: ");
    if (!key || key > end) return -1;
    key += 19;
    char text[128];
    int length = snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    uint8_t hash[EVP_MAX_MD_SIZE], encoded[64];
    EVP_Digest(text, length, hash, NULL, EVP_sha1(), NULL);
    EVP_EncodeBlock(encoded, hash, 20);
    char answer[256];
    length = snprintf(answer, sizeof answer,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: %s\r\n\r\n", encoded);
    append(c, answer, length);
    if (!strncmp((char *)c->input, "GET /room", 9)) {
        c->member = members;
        room[members++] = c;
    }
    c->open = 1;
    size_t used = (uint8_t *)end + 4 - c->input;
    memmove(c->input, c->input + used, c->input_length - used);
    c->input_length -= used;
    return 0;
}

// Turns each masked frame at the start of the input into a server's frame and passes it on.
static int frames(struct connection *c) {
    size_t start = 0;
    while (c->input_length - start >= 6) {
        uint8_t *frame = c->input + start;
        size_t length = frame[1] & 0x7f, header = 2;
        if (length == 126) {
            length = frame[2] << 8 | frame[3];
            header = 4;
        } else if (length == 127) {
            return -1;
        }
        if (c->input_length - start < header + 4 + length) break;
        if ((frame[0] & 0x0f) == 8) return -1;
        uint8_t *mask = frame + header, *payload = mask + 4;
        uint32_t key;
        memcpy(&key, mask, 4);
        size_t i = 0;
        for (; i + 4 <= length; i += 4) {
            uint32_t word;
            memcpy(&word, payload + i, 4);
            word ^= key;
            memcpy(payload + i, &word, 4);
        }
        for (; i < length; i++) payload[i] ^= ((uint8_t *)&key)[i & 3];
        uint8_t *answer = payload - header;
        memmove(answer, frame, header);
        answer[1] &= 0x7f;
        if (c->member < 0) {
            append(c, answer, header + length);
        } else {
            for (int m = 0; m < members; m++) append(room[m], answer, header + length);
        }
        start += header + 4 + length;
    }
    memmove(c->input, c->input + start, c->input_length - start);
    c->input_length -= start;
    return 0;
}

static int serve(struct connection *c) {
    if (c->tls && !c->greeted) {
        int result = SSL_accept(c->tls);
        if (result != 1) return SSL_get_error(c->tls, result) == SSL_ERROR_WANT_READ ? 0 : -1;
        c->greeted = 1;
    }
    for (;;) {
        size_t space = input_size - 1 - c->input_length;
        if (!space) return -1;
        ssize_t n = c->tls ? SSL_read(c->tls, c->input + c->input_length, (int)space)
                           : recv(c->descriptor, c->input + c->input_length, space, 0);
        if (n <= 0) {
            if (c->tls) return SSL_get_error(c->tls, (int)n) == SSL_ERROR_WANT_READ ? 0 : -1;
            return n < 0 && errno == EAGAIN ? 0 : -1;
        }
        c->input_length += n;
        if (!c->open && handshake(c)) return -1;
        if (c->open && frames(c)) return -1;
        if (!c->tls) return 0;
    }
}

int main(int count, char **arguments) {
    if (count != 2 && count != 4) return fprintf(stderr, "floor PORT [CERTIFICATE KEY]\n"), 64;
    signal(SIGPIPE, SIG_IGN);
    if (count == 4) {
        context = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (SSL_CTX_use_certificate_chain_file(context, arguments[2]) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, arguments[3], SSL_FILETYPE_PEM) != 1)
            return fprintf(stderr, "floor: certificate or key cannot be used\n"), 1;
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096))
        return perror("floor"), 1;
    poller = epoll_create1(0);
    struct epoll_event ready[events] = {{.events = EPOLLIN, .data.ptr = NULL}};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, ready);
    for (;;) {
        int n = epoll_wait(poller, ready, events, -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = ready[i].data.ptr;
            if (!c) {
                int descriptor;
                while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    if (descriptor >= maximum) {
                        close(descriptor);
                        continue;
                    }
                    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    c = calloc(1, sizeof *c);
                    c->descriptor = descriptor;
                    c->member = -1;
                    c->input = malloc(input_size);
                    if (context) {
                        c->tls = SSL_new(context);
                        SSL_set_fd(c->tls, descriptor);
                    }
                    connections[descriptor] = c;
                    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
                    epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
                }
                continue;
            }
            if (ready[i].events & EPOLLOUT) {
                watch(c, 0);
                if (flush(c)) {
                    leave(c);
                    continue;
                }
            }
            if (serve(c)) leave(c);
        }
        while (dirty_count) {
            struct connection *c = dirty[--dirty_count];
            if (flush(c)) leave(c);
        }
    }
}
