/* Embeddenator: codes and engrams. A test of embeddenator-interop makes this of its sources. */

#ifndef EMBEDDENATOR_H
#define EMBEDDENATOR_H

#include <stddef.h>
#include <stdint.h>

/**
 * How a call ended. The numbers are the exit codes of the command `embeddenator`.
 */
typedef enum EmbeddenatorStatus {
  /**
   * It did what it was asked for.
   */
  EMBEDDENATOR_STATUS_OK = 0,
  /**
   * It failed, for a reason that the others do not name.
   */
  EMBEDDENATOR_STATUS_FAILURE = 1,
  /**
   * What was asked for makes no sense: a null pointer, a handle that is none, a path that cannot be.
   */
  EMBEDDENATOR_STATUS_USAGE = 2,
  /**
   * Something that was named does not exist.
   */
  EMBEDDENATOR_STATUS_NOT_FOUND = 3,
  /**
   * Another process writes to the engram.
   */
  EMBEDDENATOR_STATUS_BUSY = 4,
  /**
   * Stored bytes are not as they were written.
   */
  EMBEDDENATOR_STATUS_DAMAGED = 5,
} EmbeddenatorStatus;

/**
 * What an entry stands for.
 */
typedef enum EmbeddenatorKind {
  /**
   * A regular file.
   */
  EMBEDDENATOR_KIND_FILE = 0,
  /**
   * A directory.
   */
  EMBEDDENATOR_KIND_DIRECTORY = 1,
  /**
   * A symbolic link.
   */
  EMBEDDENATOR_KIND_SYMLINK = 2,
  /**
   * A device, a pipe or a socket.
   */
  EMBEDDENATOR_KIND_SPECIAL = 3,
} EmbeddenatorKind;

/**
 * How `embeddenator_engram_create` makes an engram. All zero is usual.
 */
typedef struct EmbeddenatorCreateOptions {
  /**
   * The choice between speed and size: 0 balanced, 1 fast, 2 archive, 3 max.
   */
  uint32_t profile;
  /**
   * How files can be found later: 0 by whole files, 1 not at all, 2 by fragments too.
   */
  uint32_t index;
  /**
   * Threads; 0 for as many as the machine runs at once.
   */
  uint32_t threads;
  /**
   * Whether an engram that is there may be replaced: 0 if not.
   */
  uint32_t overwrite;
} EmbeddenatorCreateOptions;

/**
 * What `embeddenator_engram_verify` read.
 */
typedef struct EmbeddenatorVerifyReport {
  /**
   * Segments that were read.
   */
  uint64_t segments;
  /**
   * Chunks that were compared with their hashes.
   */
  uint64_t chunks;
  /**
   * Bytes of these chunks.
   */
  uint64_t bytes;
  /**
   * Places that are damaged.
   */
  uint64_t findings;
} EmbeddenatorVerifyReport;

/**
 * An entry of a snapshot. It is there until the callback returns.
 */
typedef struct EmbeddenatorEntry {
  /**
   * Its path from the root of the engram; empty for the root itself.
   */
  const char *path;
  /**
   * What it stands for.
   */
  enum EmbeddenatorKind kind;
  /**
   * Its permissions.
   */
  uint32_t mode;
  /**
   * Bytes of a file, otherwise 0.
   */
  uint64_t size;
  /**
   * When it was modified: seconds since 1970.
   */
  int64_t seconds;
  /**
   * Nanoseconds behind the seconds.
   */
  uint32_t nanoseconds;
} EmbeddenatorEntry;

/**
 * Takes an entry; what it returns ends the list unless it is 0.
 */
typedef int32_t (*EmbeddenatorVisitEntry)(void *context, const struct EmbeddenatorEntry *entry);

/**
 * A file that has a fragment, or is about a text. It is there until the callback returns.
 */
typedef struct EmbeddenatorHit {
  /**
   * Its path from the root of the engram.
   */
  const char *path;
  /**
   * Its bytes.
   */
  uint64_t size;
  /**
   * Where the longest part begins that both have, or the passage that is most like the text.
   */
  uint64_t offset;
  /**
   * The share of the fragment that the file has, from 0 to 1; for a text a cosine.
   */
  float score;
} EmbeddenatorHit;

/**
 * Takes a hit; what it returns ends the list unless it is 0.
 */
typedef int32_t (*EmbeddenatorVisitHit)(void *context, const struct EmbeddenatorHit *hit);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Copies the message of the last call that failed on this thread, with a zero at its end, as far as there is room.
 *
 * Returns the bytes of the whole message without the zero; 0 if no call has failed. Calls that succeed leave it as it is.
 *
 * # Safety
 * `buffer` is null, or `capacity` bytes behind it can be written.
 */
size_t embeddenator_last_error(char *buffer,
                               size_t capacity);

/**
 * The version of this library, a string that is never freed.
 */
const char *embeddenator_version(void);

/**
 * Frees a code or an engram. Calls with it that have begun on other threads end as if it were not; 0 is freed without effect.
 */
enum EmbeddenatorStatus embeddenator_free(uint64_t handle);

/**
 * Makes the block code that follows from a seed: `blocks` blocks of `positions` positions, up to 128 each; 128 and 128 is
 * usual.
 */
enum EmbeddenatorStatus embeddenator_code_new(size_t blocks,
                                              size_t positions,
                                              uint64_t seed,
                                              uint64_t *code);

/**
 * Binds two block codes of one shape. Binding loses nothing: see `embeddenator_code_unbind`.
 */
enum EmbeddenatorStatus embeddenator_code_bind(uint64_t left, uint64_t right, uint64_t *bound);

/**
 * Takes a code out of what it was bound with: the exact inverse of `embeddenator_code_bind`.
 */
enum EmbeddenatorStatus embeddenator_code_unbind(uint64_t bound, uint64_t other, uint64_t *code);

/**
 * Bundles codes of one kind and shape into one that is similar to each of them. A bundle of block codes is thinned to a block
 * code, which is clear for about ten; one of codes of texts or bytes is their majority.
 *
 * # Safety
 * `codes` is null, or `count` handles lie behind it.
 */
enum EmbeddenatorStatus embeddenator_code_bundle(const uint64_t *codes,
                                                 size_t count,
                                                 uint64_t *bundle);

/**
 * The cosine of two codes of one kind and shape, from -1 to 1.
 */
enum EmbeddenatorStatus embeddenator_code_similarity(uint64_t left,
                                                     uint64_t right,
                                                     float *similarity);

/**
 * Encodes a text, so that texts about the same are similar.
 *
 * # Safety
 * `text` is null, or `length` bytes lie behind it.
 */
enum EmbeddenatorStatus embeddenator_code_of_text(const uint8_t *text,
                                                  size_t length,
                                                  uint64_t *code);

/**
 * Encodes bytes, so that those with the same sequences in them are similar.
 *
 * # Safety
 * `bytes` is null, or `length` bytes lie behind it.
 */
enum EmbeddenatorStatus embeddenator_code_of_bytes(const uint8_t *bytes,
                                                   size_t length,
                                                   uint64_t *code);

/**
 * The signature of bytes, the block code by which engrams find near-duplicates: the similarity of two is about the share of
 * what they have in common.
 *
 * # Safety
 * `bytes` is null, or `length` bytes lie behind it.
 */
enum EmbeddenatorStatus embeddenator_code_of_signature(const uint8_t *bytes,
                                                       size_t length,
                                                       uint64_t *code);

/**
 * Writes a code as checksummed bytes, which are the same on every machine. `length` becomes their number also if there is no
 * room for them, which is a usage error unless `capacity` is 0.
 *
 * # Safety
 * `buffer` is null, or `capacity` bytes behind it can be written.
 */
enum EmbeddenatorStatus embeddenator_code_to_bytes(uint64_t code,
                                                   uint8_t *buffer,
                                                   size_t capacity,
                                                   size_t *length);

/**
 * Reads a code from the bytes that `embeddenator_code_to_bytes` wrote.
 *
 * # Safety
 * `bytes` is null, or `length` bytes lie behind it.
 */
enum EmbeddenatorStatus embeddenator_code_from_bytes(const uint8_t *bytes,
                                                     size_t length,
                                                     uint64_t *code);

/**
 * Makes an engram of the contents of a directory; it appears when it is whole. `options` may be null.
 *
 * # Safety
 * `path` and `directory` are null or end with a zero.
 */
enum EmbeddenatorStatus embeddenator_engram_create(const char *path,
                                                   const char *directory,
                                                   const struct EmbeddenatorCreateOptions *options);

/**
 * Opens an engram for reading. It shows the last commit at this moment, whatever is added later.
 *
 * # Safety
 * `path` is null or ends with a zero.
 */
enum EmbeddenatorStatus embeddenator_engram_open(const char *path, uint64_t *engram);

/**
 * Reads a part of a file of a snapshot, given by number or label; null for the newest. `length` becomes the number of bytes
 * that were read, fewer than `capacity` only at the end of the file.
 *
 * # Safety
 * `snapshot` and `path` are null or end with a zero; `buffer` is null, or `capacity` bytes behind it can be written.
 */
enum EmbeddenatorStatus embeddenator_engram_read(uint64_t engram,
                                                 const char *snapshot,
                                                 const char *path,
                                                 uint64_t offset,
                                                 uint8_t *buffer,
                                                 size_t capacity,
                                                 size_t *length);

/**
 * Brings a snapshot, or what stands at `path` in it, out to a directory, which is made if it is missing; nothing is written
 * outside of it. `snapshot` and `path` may be null for the newest and for all. What is in the way is replaced if `overwrite`
 * is not 0.
 *
 * # Safety
 * `snapshot`, `path` and `target` are null or end with a zero.
 */
enum EmbeddenatorStatus embeddenator_engram_extract(uint64_t engram,
                                                    const char *snapshot,
                                                    const char *path,
                                                    const char *target,
                                                    uint32_t overwrite);

/**
 * Compares all that an engram holds with its hashes. The status is that of damage if a place is damaged, and the message is
 * that of the first; `report` may be null.
 */
enum EmbeddenatorStatus embeddenator_engram_verify(uint64_t engram,
                                                   struct EmbeddenatorVerifyReport *report);

/**
 * Hands the entries of a snapshot to `visit`, in tree order: those of a directory, or all if `directory` is null. `context` is
 * for the callback alone; the callback may call this library.
 *
 * # Safety
 * `snapshot` and `directory` are null or end with a zero.
 */
enum EmbeddenatorStatus embeddenator_engram_list(uint64_t engram,
                                                 const char *snapshot,
                                                 const char *directory,
                                                 EmbeddenatorVisitEntry visit,
                                                 void *context);

/**
 * Hands the files of a snapshot that have a fragment to `visit`, the best first and `limit` at most; 0 for 16.
 *
 * # Safety
 * `snapshot` is null or ends with a zero; `fragment` is null, or `length` bytes lie behind it.
 */
enum EmbeddenatorStatus embeddenator_engram_query(uint64_t engram,
                                                  const char *snapshot,
                                                  const uint8_t *fragment,
                                                  size_t length,
                                                  size_t limit,
                                                  EmbeddenatorVisitHit visit,
                                                  void *context);

/**
 * Hands the files of a snapshot with the passages that are most like a text to `visit`, the best first and `limit` at most; 0
 * for 16. All files that are UTF-8 are read.
 *
 * # Safety
 * `snapshot` is null or ends with a zero; `text` is null, or `length` bytes lie behind it.
 */
enum EmbeddenatorStatus embeddenator_engram_query_text(uint64_t engram,
                                                       const char *snapshot,
                                                       const uint8_t *text,
                                                       size_t length,
                                                       size_t limit,
                                                       EmbeddenatorVisitHit visit,
                                                       void *context);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EMBEDDENATOR_H */
