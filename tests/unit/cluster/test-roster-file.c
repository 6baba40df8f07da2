/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/roster-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/cluster/roster-variant.h"
#include "daemon/cluster/roster-write.h"
#include "tests/unit/cluster/sample.h"

typedef struct Place {
        char *directory, *path;
        PiRosterFile *file;
        PiRoster *roster;
        PiTokens *tokens;
} Place;

typedef struct Saved {
        guint told, failed;
        char *why;
} Saved;

/* Held: the disk hangs. */
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;

/* In the place of libc's. */
int fsync(int fd) {
        pthread_mutex_lock(&disk);
        pthread_mutex_unlock(&disk);
        return fdatasync(fd);
}

static void setup(Place *p, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        p->directory = g_dir_make_tmp("pi-roster-XXXXXX", &error);
        g_assert_no_error(error);
        p->path = g_build_filename(p->directory, PI_ROSTER_FILE, NULL);
        p->file = pi_roster_file_new(p->directory);
        p->roster = sample_roster(3);
        p->tokens = pi_tokens_new();
        pi_tokens_create(p->tokens, (uint64_t) g_get_real_time(), PI_TOKEN_TTL_USEC_MAX, 2, &error);
        g_assert_no_error(error);
}

static void teardown(Place *p, gconstpointer unused) {
        pi_roster_file_free(p->file);
        pi_roster_free(p->roster);
        pi_tokens_free(p->tokens);
        (void) g_unlink(p->path);
        g_assert_cmpint(g_rmdir(p->directory), ==, 0);
        g_free(p->directory);
        g_free(p->path);
}

static void on_saved(const GError *error, gpointer userdata) {
        Saved *s = userdata;

        s->told++;
        if (!error)
                return;
        g_assert_true(g_error_matches(error, PI_ERROR, PI_ERROR_FAILED));
        s->failed++;
        g_free(s->why);
        s->why = g_strdup(error->message);
}

static void save(Place *p) {
        Saved saved = { 0 };

        pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        g_assert_cmpuint(saved.told, ==, 0);
        while (saved.told == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpstr(saved.why, ==, NULL);
}

static PiRoster *load(Place *p, GError **error) {
        g_autofree char *self = sample_fingerprint(0);
        g_autoptr(PiTokens) tokens = NULL;
        PiRoster *roster = NULL;

        if (!pi_roster_file_load(p->directory, self, &roster, &tokens, error))
                return NULL;
        g_assert_cmpint(roster != NULL, ==, tokens != NULL);
        if (roster)
                g_assert_cmpuint(tokens->list->len, ==, 1);
        return roster;
}

static void assert_kept(Place *p) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PiRoster) read = load(p, &error);
        g_autofree char *x = NULL, *y = NULL;

        g_assert_no_error(error);
        g_assert_nonnull(read);
        x = pi_roster_digest(p->roster);
        y = pi_roster_digest(read);
        g_assert_cmpstr(x, ==, y);
        g_assert_cmpstr(read->id, ==, p->roster->id);
}

static void test_round_trip(Place *p, gconstpointer unused) {
        g_autofree char *gone = sample_fingerprint(1), *bad = sample_fingerprint(2);
        g_autoptr(PiRoster) read = NULL;
        g_autoptr(GError) error = NULL;
        struct stat st;

        pi_roster_remove(p->roster, gone, &error);
        pi_roster_find(p->roster, bad)->quarantine = g_strdup("answered \"wrong\" sums, <'[]{}'>");
        save(p);
        assert_kept(p);
        read = load(p, &error);
        g_assert_cmpstr(pi_roster_find(read, bad)->quarantine, ==,
                        pi_roster_find(p->roster, bad)->quarantine);
        g_assert_cmpint(stat(p->path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
}

static void test_none(Place *p, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        Saved saved = { 0 };

        g_assert_null(load(p, &error));
        g_assert_no_error(error);
        save(p);
        pi_roster_file_save(p->file, NULL, NULL, on_saved, &saved);
        while (saved.told == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(saved.failed, ==, 0);
        g_assert_cmpint(g_access(p->path, F_OK), <, 0);
        g_assert_null(load(p, &error));
        g_assert_no_error(error);
}

static void assert_damaged(Place *p, const char *text, gssize length) {
        g_autoptr(GError) error = NULL, io = NULL;
        g_autofree char *after = NULL;
        gsize n;

        g_file_set_contents(p->path, text, length, &io);
        g_assert_no_error(io);
        g_assert_null(load(p, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, p->path));
        g_assert_nonnull(strstr(error->message, "backup"));
        g_assert_true(g_file_get_contents(p->path, &after, &n, &io));
        g_assert_cmpmem(after, n, text, length < 0 ? strlen(text) : (gsize) length);
}

/* Every cut, and a bit of every byte. */
static void test_damaged(Place *p, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        gsize length;

        save(p);
        g_assert_true(g_file_get_contents(p->path, &text, &length, &error));
        for (gsize i = 0; i < length; i += 7)
                assert_damaged(p, text, (gssize) i);
        for (gsize i = 0; i < length; i += 5) {
                text[i] ^= 1;
                assert_damaged(p, text, (gssize) length);
                text[i] ^= 1;
        }
        assert_damaged(p, "", 0);
        assert_damaged(p, "# another file\n", -1);
}

/* With a digest that is right, as somebody who edits it may well make. */
static void test_wrong_contents(Place *p, gconstpointer unused) {
        static const char *const bodies[] = { "{}", "{'form': <uint32 2>}", "[1, 2]", "" };

        for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
                g_autofree char *digest =
                        g_compute_checksum_for_string(G_CHECKSUM_SHA256, bodies[i], -1);
                g_autofree char *text = g_strdup_printf(
                        "# pi-computed keeps its cluster here; not to be edited. SHA-256 of the "
                        "rest: %s\n%s", digest, bodies[i]);

                assert_damaged(p, text, -1);
        }
}

/* A file of one node beside the key of another. */
static void test_not_ours(Place *p, gconstpointer unused) {
        g_autofree char *other = sample_fingerprint(99);
        g_autoptr(PiTokens) tokens = NULL;
        g_autoptr(PiRoster) roster = NULL;
        g_autoptr(GError) error = NULL;

        save(p);
        g_assert_false(pi_roster_file_load(p->directory, other, &roster, &tokens, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "node.crt"));
}

static void test_coalescing(Place *p, gconstpointer unused) {
        g_autofree char *gone = sample_fingerprint(2);
        g_autoptr(GError) error = NULL;
        Saved saved = { 0 };

        for (guint i = 0; i < 100; i++) {
                if (i == 99)
                        pi_roster_remove(p->roster, gone, &error);
                pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        }
        while (saved.told < 100)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(saved.failed, ==, 0);
        g_assert_cmpuint(pi_roster_file_n_writes(p->file), ==, 2);
        assert_kept(p);
}

/* What is still to be written when the service ends is. */
static void test_freed(Place *p, gconstpointer unused) {
        g_autofree char *gone = sample_fingerprint(2);
        g_autoptr(GError) error = NULL;
        Saved saved = { 0 };

        pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        pi_roster_remove(p->roster, gone, &error);
        pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        pi_roster_file_free(g_steal_pointer(&p->file));
        g_assert_cmpuint(saved.told, ==, 2);
        g_assert_cmpuint(saved.failed, ==, 0);
        assert_kept(p);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(saved.told, ==, 2);
}

static void test_memory(void) {
        g_autofree char *self = sample_fingerprint(0);
        g_autoptr(PiRosterFile) file = pi_roster_file_new(NULL);
        g_autoptr(PiRoster) roster = sample_roster(1), read = NULL;
        g_autoptr(PiTokens) tokens = pi_tokens_new(), none = NULL;
        g_autoptr(GError) error = NULL;
        Saved saved = { 0 };

        pi_roster_file_save(file, roster, tokens, on_saved, &saved);
        while (saved.told == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(saved.failed, ==, 0);
        g_assert_true(pi_roster_file_load(NULL, self, &read, &none, &error));
        g_assert_null(read);
}

/* What cannot be written is told, and the old file stays as it was. */
static void test_unwritable(Place *p, gconstpointer unused) {
        g_autofree char *in_the_way = g_strconcat(p->path, ".new", NULL);
        Saved saved = { 0 };

        save(p);
        g_assert_cmpint(g_mkdir(in_the_way, 0700), ==, 0);
        pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        while (saved.told == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(saved.failed, ==, 1);
        g_assert_nonnull(strstr(saved.why, p->path));
        assert_kept(p);
        g_assert_cmpint(g_rmdir(in_the_way), ==, 0);
        save(p);
        g_free(saved.why);
}

/* A stack that no address space has room for. */
static void allow_threads(gboolean allowed) {
        static gsize usual;
        pthread_attr_t attributes;

        g_assert_cmpint(pthread_getattr_default_np(&attributes), ==, 0);
        if (usual == 0)
                g_assert_cmpint(pthread_attr_getstacksize(&attributes, &usual), ==, 0);
        g_assert_cmpint(pthread_attr_setstacksize(&attributes,
                                                  allowed ? usual : G_MAXSSIZE / 2 + 1),
                        ==, 0);
        g_assert_cmpint(pthread_setattr_default_np(&attributes), ==, 0);
        pthread_attr_destroy(&attributes);
}

/* It is told like any other failure, never from within the call, and mended by the next one. */
static void test_no_thread(Place *p, gconstpointer unused) {
        Saved saved = { 0 };

        allow_threads(FALSE);
        pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        g_assert_cmpuint(saved.told, ==, 0);
        while (saved.told < 2)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(saved.failed, ==, 2);
        g_assert_nonnull(strstr(saved.why, p->path));
        g_assert_nonnull(strstr(saved.why, "no thread"));
        pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        pi_roster_file_free(p->file);
        g_assert_cmpuint(saved.failed, ==, 3);
        allow_threads(TRUE);
        p->file = pi_roster_file_new(p->directory);
        save(p);
        assert_kept(p);
        g_free(saved.why);
}

static guint count_threads(void) {
        g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
        guint n = 0;

        while (g_dir_read_name(tasks))
                n++;
        return n;
}

/* Nobody waits for it for ever, and the thread ends what it has begun by itself. */
static void test_hanging_disk(Place *p, gconstpointer unused) {
        static GSourceFuncs none;
        GSource *wake = g_source_new(&none, sizeof(GSource));
        guint threads = count_threads();
        g_autoptr(GError) error = NULL;
        PiRosterWrite *w;

        pthread_mutex_lock(&disk);
        w = pi_roster_write_new(p->directory,
                                g_variant_ref_sink(g_variant_new_parsed("{'form': <uint32 1>}")),
                                wake);
        error = pi_roster_write_end(w, 1000);
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, p->directory));
        g_assert_nonnull(strstr(error->message, "does not answer"));
        g_source_unref(wake);
        g_assert_cmpint(g_access(p->path, F_OK), <, 0);
        pthread_mutex_unlock(&disk);
        while (count_threads() > threads)
                g_usleep(100);
        g_assert_cmpint(g_access(p->path, F_OK), ==, 0);
}

static gboolean mount_small(const char *directory) {
        return geteuid() == 0 && mount("none", directory, "tmpfs", 0, "size=64k") == 0;
}

static void test_full_disk(Place *p, gconstpointer unused) {
        g_autofree char *filler = g_build_filename(p->directory, "filler", NULL),
                        *plenty = g_strnfill(256 * 1024, 'x');
        Saved saved = { 0 };
        FILE *f;

        if (!mount_small(p->directory)) {
                g_test_skip("only root can mount a small file system");
                return;
        }
        save(p);
        f = fopen(filler, "w");
        g_assert_nonnull(f);
        (void) fwrite(plenty, 1, 256 * 1024, f);
        (void) fclose(f);
        pi_roster_file_save(p->file, p->roster, p->tokens, on_saved, &saved);
        while (saved.told == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(saved.failed, ==, 1);
        g_assert_nonnull(strstr(saved.why, "make room"));
        assert_kept(p);
        g_assert_cmpint(g_unlink(filler), ==, 0);
        save(p);
        g_free(saved.why);
        g_assert_cmpint(umount2(p->directory, MNT_DETACH), ==, 0);
}

static void add(const char *path, void (*test)(Place *p, gconstpointer unused)) {
        g_test_add(path, Place, NULL, setup, test, teardown);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        add("/roster-file/round-trip", test_round_trip);
        add("/roster-file/none", test_none);
        add("/roster-file/damaged", test_damaged);
        add("/roster-file/wrong-contents", test_wrong_contents);
        add("/roster-file/not-ours", test_not_ours);
        add("/roster-file/coalescing", test_coalescing);
        add("/roster-file/freed", test_freed);
        add("/roster-file/unwritable", test_unwritable);
        add("/roster-file/no-thread", test_no_thread);
        add("/roster-file/hanging-disk", test_hanging_disk);
        add("/roster-file/full-disk", test_full_disk);
        g_test_add_func("/roster-file/memory", test_memory);
        return g_test_run();
}
