/* Uses every function of the header, as a program would and as it should not: `smoke TREE WORK`. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embeddenator.h"

#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            char message[512];                                                                \
            embeddenator_last_error(message, sizeof message);                                 \
            fprintf(stderr, "%s:%d: %s\nlast error: %s\n", __FILE__, __LINE__, #condition, message); \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)
#define OK(call) CHECK((call) == EMBEDDENATOR_STATUS_OK)
#define USAGE(call) CHECK((call) == EMBEDDENATOR_STATUS_USAGE)

static uint64_t engram;

static int32_t count(void *context, const EmbeddenatorEntry *entry) {
    CHECK(entry->kind == EMBEDDENATOR_KIND_FILE || entry->kind == EMBEDDENATOR_KIND_DIRECTORY);
    ++*(int *)context;
    /* A callback may call the library. */
    OK(embeddenator_engram_verify(engram, NULL));
    return 0;
}

static int32_t first(void *context, const EmbeddenatorHit *hit) {
    snprintf(context, 64, "%s at %llu", hit->path, (unsigned long long)hit->offset);
    return 1;
}

static void codes(void) {
    uint64_t left, right, bound, again, bundle, text, bytes, signature;
    float similarity;
    size_t length;
    uint8_t *stored;
    OK(embeddenator_code_new(128, 128, 1, &left));
    OK(embeddenator_code_new(128, 128, 2, &right));
    OK(embeddenator_code_bind(left, right, &bound));
    OK(embeddenator_code_unbind(bound, right, &again));
    OK(embeddenator_code_similarity(left, again, &similarity));
    CHECK(similarity > 0.999f);
    {
        const uint64_t both[2] = {left, right};
        OK(embeddenator_code_bundle(both, 2, &bundle));
        USAGE(embeddenator_code_bundle(both, SIZE_MAX / 8, &bundle));
        USAGE(embeddenator_code_bundle(NULL, 2, &bundle));
    }
    OK(embeddenator_code_of_text((const uint8_t *)"bytes store", 11, &text));
    OK(embeddenator_code_of_bytes((const uint8_t *)"bytes store", 11, &bytes));
    OK(embeddenator_code_of_signature((const uint8_t *)"bytes store, many of them", 25, &signature));
    OK(embeddenator_code_to_bytes(text, NULL, 0, &length));
    stored = malloc(length);
    CHECK(stored != NULL);
    USAGE(embeddenator_code_to_bytes(text, stored, length - 1, &length));
    OK(embeddenator_code_to_bytes(text, stored, length, &length));
    OK(embeddenator_free(again));
    OK(embeddenator_code_from_bytes(stored, length, &again));
    free(stored);
    OK(embeddenator_code_similarity(text, again, &similarity));
    CHECK(similarity > 0.999f);
    USAGE(embeddenator_code_similarity(left, text, &similarity));
    USAGE(embeddenator_code_similarity(left, 123456789, &similarity));
    USAGE(embeddenator_code_similarity(left, right, NULL));
    OK(embeddenator_free(left));
    USAGE(embeddenator_free(left));
    USAGE(embeddenator_code_bind(left, right, &bound));
    OK(embeddenator_free(right));
    OK(embeddenator_free(bound));
    OK(embeddenator_free(again));
    OK(embeddenator_free(bundle));
    OK(embeddenator_free(text));
    OK(embeddenator_free(bytes));
    OK(embeddenator_free(signature));
    OK(embeddenator_free(0));
}

static void engrams(const char *tree, const char *work) {
    char path[1024], copy[1024], found[64] = "";
    uint8_t buffer[1024];
    size_t length;
    int entries = 0;
    EmbeddenatorCreateOptions options;
    EmbeddenatorVerifyReport report;
    memset(&options, 0, sizeof options);
    options.index = 2;
    snprintf(path, sizeof path, "%s/tree.egm", work);
    snprintf(copy, sizeof copy, "%s/copy", work);
    CHECK(embeddenator_engram_open(path, &engram) == EMBEDDENATOR_STATUS_NOT_FOUND);
    OK(embeddenator_engram_create(path, tree, &options));
    CHECK(embeddenator_engram_create(path, tree, NULL) == EMBEDDENATOR_STATUS_FAILURE);
    OK(embeddenator_engram_open(path, &engram));
    OK(embeddenator_engram_list(engram, NULL, NULL, count, &entries));
    CHECK(entries == 4);
    OK(embeddenator_engram_list(engram, "1", "docs", count, &entries));
    CHECK(entries == 5);
    USAGE(embeddenator_engram_list(engram, NULL, NULL, NULL, NULL));
    OK(embeddenator_engram_read(engram, NULL, "note", 8, buffer, sizeof buffer, &length));
    CHECK(length == 18 && memcmp(buffer, "index, bytes store", length) == 0);
    CHECK(embeddenator_engram_read(engram, NULL, "other", 0, buffer, sizeof buffer, &length) ==
          EMBEDDENATOR_STATUS_NOT_FOUND);
    CHECK(embeddenator_engram_read(engram, "other", "note", 0, buffer, sizeof buffer, &length) ==
          EMBEDDENATOR_STATUS_NOT_FOUND);
    USAGE(embeddenator_engram_read(engram, NULL, NULL, 0, buffer, sizeof buffer, &length));
    USAGE(embeddenator_engram_read(engram, NULL, "note", 0, NULL, sizeof buffer, &length));
    OK(embeddenator_engram_read(engram, NULL, "docs/lines", 30000, buffer, sizeof buffer, &length));
    CHECK(length == sizeof buffer);
    OK(embeddenator_engram_query(engram, NULL, buffer, length, 0, first, found));
    CHECK(strcmp(found, "docs/lines at 30000") == 0);
    OK(embeddenator_engram_query_text(engram, NULL, (const uint8_t *)"vectors", 7, 1, first, found));
    CHECK(strcmp(found, "note at 0") == 0);
    OK(embeddenator_engram_extract(engram, NULL, "note", copy, 0));
    CHECK(embeddenator_engram_extract(engram, NULL, NULL, copy, 0) != EMBEDDENATOR_STATUS_OK);
    OK(embeddenator_engram_extract(engram, NULL, NULL, copy, 1));
    OK(embeddenator_engram_verify(engram, &report));
    CHECK(report.chunks > 0 && report.findings == 0);
    OK(embeddenator_free(engram));
    USAGE(embeddenator_engram_verify(engram, &report));
}

int main(int count, char **arguments) {
    char message[8];
    if (count != 3) {
        return 2;
    }
    CHECK(strlen(embeddenator_version()) > 0);
    CHECK(embeddenator_last_error(message, sizeof message) == 0 && message[0] == 0);
    codes();
    CHECK(embeddenator_last_error(message, sizeof message) > 8 && strlen(message) == 7);
    engrams(arguments[1], arguments[2]);
    puts("all is well");
    return 0;
}
