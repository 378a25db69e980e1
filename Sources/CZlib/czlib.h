#ifndef HOTRELOAD_CZLIB_H
#define HOTRELOAD_CZLIB_H

#include <zlib.h>

// deflateInit2 is a macro, which Swift does not see.
static inline int czlib_gzip_init(z_streamp stream, int level) {
  // 15 bits of window, and 16 for a gzip header instead of zlib's.
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
