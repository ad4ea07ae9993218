// What the C library's allocator offers beyond the standard: settings, and memory given back.
#include <malloc.h>
