// io_uring(7): its two system calls, which the C library does not wrap, and what of its shared memory Swift cannot say.
#pragma once
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// Headers may be older than the kernel that the program meets: those of Linux 5.15 lack these.
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif
#ifndef IORING_SETUP_SUBMIT_ALL
#define IORING_SETUP_SUBMIT_ALL (1U << 7)
#endif

static inline int uring_setup(uint32_t entries, struct io_uring_params *parameters) {
    return (int)syscall(__NR_io_uring_setup, entries, parameters);
}

static inline int uring_enter(int ring, uint32_t submit, uint32_t wait_for, uint32_t flags) {
    return (int)syscall(__NR_io_uring_enter, ring, submit, wait_for, flags, NULL, 0);
}

// What the kernel has written before it stored this is seen after it.
static inline uint32_t uring_load(const uint32_t *shared) { return __atomic_load_n(shared, __ATOMIC_ACQUIRE); }

// What was written before it is seen by the kernel when it sees this.
static inline void uring_store(uint32_t *shared, uint32_t value) { __atomic_store_n(shared, value, __ATOMIC_RELEASE); }

static inline void uring_prepare_send(
    struct io_uring_sqe *entry, int descriptor, const void *bytes, uint32_t count, uint32_t flags, uint64_t name) {
    *entry = (struct io_uring_sqe){
        .opcode = IORING_OP_SEND, .fd = descriptor, .addr = (uintptr_t)bytes, .len = count, .msg_flags = flags,
        .user_data = name};
}

// The offsets at which the parts of a ring are mapped; macros with casts do not reach Swift.
static const int64_t uring_offset_ring = IORING_OFF_SQ_RING;
static const int64_t uring_offset_entries = IORING_OFF_SQES;
