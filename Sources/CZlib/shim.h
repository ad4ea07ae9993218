#include <zlib.h>

// What zlib.h has as macros, which Swift cannot see.
static inline int gatehouse_deflate_init(z_stream *stream, int level, int windowBits, int memLevel) {
    return deflateInit2(stream, level, Z_DEFLATED, windowBits, memLevel, Z_DEFAULT_STRATEGY);
}

static inline int gatehouse_inflate_init(z_stream *stream, int windowBits) {
    return inflateInit2(stream, windowBits);
}
