#include <zlib.h>

// `deflateInit2` is a macro that Swift cannot see.
static inline int gatehouse_deflate_init(z_stream *stream, int level, int windowBits) {
    return deflateInit2(stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY);
}
