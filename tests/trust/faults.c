/* Loaded before the C library: once armed, one call that writes below a folder fails, or from there on every one does.

   Python, SQLite, FAISS and Rust all write through these functions. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char below[4096];
static int first, number, every;
static atomic_int counted;

/* The calls from `nth` (0 is the first) fail with `error`: only that one, or all where `forever`. */
void arm(const char *folder, int nth, int error, int forever) {
    strncpy(below, folder, sizeof below - 1);
    first = nth, number = error, every = forever;
    atomic_store(&counted, 0);
}

int calls(void) { return atomic_load(&counted); }

static int named(const char *path) {
    return below[0] && path && strncmp(path, below, strlen(below)) == 0;
}

static int opened(int file) {
    char link[64], path[4096];
    if (!below[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return named(path);
}

static int fails(int concerned) {
    if (!concerned) return 0;
    int nth = atomic_fetch_add(&counted, 1);
    if (nth != first && !(every && nth > first)) return 0;
    errno = number;
    return 1;
}

#define REAL(type, name, ...) type (*real)(__VA_ARGS__) = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define WRITES (O_WRONLY | O_RDWR | O_CREAT)

#define WRITING(name, args, pass, ...) \
    ssize_t name args { REAL(ssize_t, #name, __VA_ARGS__); return fails(opened(file)) ? -1 : real pass; }
WRITING(write, (int file, const void *data, size_t size), (file, data, size), int, const void *, size_t)
WRITING(pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at), int, const void *, size_t, off_t)
WRITING(pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at), int, const void *, size_t, off64_t)
WRITING(writev, (int file, const struct iovec *data, int count), (file, data, count), int, const struct iovec *, int)

#define CHANGING(name, args, pass, concerned, ...) \
    int name args { REAL(int, #name, __VA_ARGS__); return fails(concerned) ? -1 : real pass; }
CHANGING(fsync, (int file), (file), opened(file), int)
CHANGING(fdatasync, (int file), (file), opened(file), int)
CHANGING(ftruncate, (int file, off_t size), (file, size), opened(file), int, off_t)
CHANGING(ftruncate64, (int file, off64_t size), (file, size), opened(file), int, off64_t)
CHANGING(rename, (const char *from, const char *to), (from, to), named(from), const char *, const char *)
CHANGING(mkdir, (const char *path, mode_t mode), (path, mode), named(path), const char *, mode_t)

#define OPENING(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        return fails(flags & WRITES && named(path)) ? -1 : real(path, flags, mode); \
    }
OPENING(open)
OPENING(open64)

#define OPENING_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(int, #name, int, const char *, int, ...); \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        return fails(flags & WRITES && named(path)) ? -1 : real(folder, path, flags, mode); \
    }
OPENING_AT(openat)
OPENING_AT(openat64)

#define STREAM(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(FILE *, #name, const char *, const char *); \
        return fails(strpbrk(mode, "wa+") && named(path)) ? NULL : real(path, mode); \
    }
STREAM(fopen)
STREAM(fopen64)

size_t fwrite(const void *data, size_t size, size_t count, FILE *stream) {
    REAL(size_t, "fwrite", const void *, size_t, size_t, FILE *);
    return fails(opened(fileno(stream))) ? 0 : real(data, size, count, stream);
}

int fclose(FILE *stream) {
    REAL(int, "fclose", FILE *);
    /* What is left in the buffer is written here. */
    int failed = fails((fcntl(fileno(stream), F_GETFL) & O_ACCMODE) != O_RDONLY && opened(fileno(stream)));
    int done = real(stream);
    if (failed) errno = number;
    return failed ? EOF : done;
}
