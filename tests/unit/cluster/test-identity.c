/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/identity.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/cluster/certificate.h"
#include "dbus/error.h"

/* An RSA key, as somebody might put one there. */
static const char *foreign_key;

typedef struct Place {
        char *directory, *key, *crt, *new_crt;
} Place;

static void place_up(Place *p, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        p->directory = g_dir_make_tmp("pi-identity-XXXXXX", &error);
        g_assert_no_error(error);
        p->key = g_build_filename(p->directory, "node.key", NULL);
        p->crt = g_build_filename(p->directory, "node.crt", NULL);
        p->new_crt = g_build_filename(p->directory, "node.crt.new", NULL);
}

static void place_down(Place *p, gconstpointer unused) {
        (void) g_remove(p->key);
        (void) g_remove(p->crt);
        (void) g_remove(p->new_crt);
        g_assert_cmpint(g_rmdir(p->directory), ==, 0);
        g_free(p->directory);
        g_free(p->key);
        g_free(p->crt);
        g_free(p->new_crt);
}

static PiIdentity *load(const char *directory) {
        g_autoptr(GError) error = NULL;
        PiIdentity *identity = pi_identity_load(directory, &error);

        g_assert_no_error(error);
        g_assert_nonnull(identity);
        return identity;
}

static char *contents(const char *path) {
        g_autoptr(GError) error = NULL;
        char *text;

        g_file_get_contents(path, &text, NULL, &error);
        g_assert_no_error(error);
        return text;
}

static void put(const char *path, const char *text) {
        g_assert_true(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                               NULL));
}

/* It says which file and what is wrong, and leaves both as they were. */
static void refuses(const Place *p, const char *file, const char *problem) {
        g_autofree char *key = g_file_test(p->key, G_FILE_TEST_IS_REGULAR) ? contents(p->key)
                                                                           : NULL;
        g_autofree char *crt = g_file_test(p->crt, G_FILE_TEST_IS_REGULAR) ? contents(p->crt)
                                                                           : NULL;
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_identity_load(p->directory, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_true(g_str_has_prefix(error->message, file));
        if (!strstr(error->message, problem))
                g_error("\"%s\" says nothing of \"%s\"", error->message, problem);
        g_assert_nonnull(strstr(error->message, "node.key"));
        if (key) {
                g_autofree char *after = contents(p->key);
                g_assert_cmpstr(after, ==, key);
        }
        g_assert_cmpint(g_file_test(p->crt, G_FILE_TEST_EXISTS), ==, crt != NULL);
        if (crt) {
                g_autofree char *after = contents(p->crt);
                g_assert_cmpstr(after, ==, crt);
        }
}

static mode_t mode_of(const char *path) {
        struct stat st;

        g_assert_cmpint(lstat(path, &st), ==, 0);
        return st.st_mode & 07777;
}

static void test_made_and_loaded(Place *p, gconstpointer unused) {
        mode_t before = umask(0);
        g_autoptr(PiIdentity) made = load(p->directory);
        g_autoptr(PiIdentity) loaded = NULL;

        umask(before);
        g_assert_true(pi_fingerprint_is_valid(made->fingerprint));
        g_assert_cmpuint(strlen(made->node_id), ==, PI_CLUSTER_NODE_ID_LENGTH);
        g_assert_true(g_str_has_prefix(made->fingerprint, made->node_id));
        g_assert_nonnull(made->credentials);
        g_assert_cmpuint(mode_of(p->key), ==, 0600);
        g_assert_cmpuint(mode_of(p->crt), ==, 0600);
        g_assert_false(g_file_test(p->new_crt, G_FILE_TEST_EXISTS));
        loaded = load(p->directory);
        g_assert_cmpstr(loaded->fingerprint, ==, made->fingerprint);
        g_assert_cmpstr(loaded->node_id, ==, made->node_id);
}

static void test_directory_is_made(Place *p, gconstpointer unused) {
        g_autofree char *inner = g_build_filename(p->directory, "a", NULL);
        g_autofree char *key = g_build_filename(inner, "node.key", NULL);
        g_autofree char *crt = g_build_filename(inner, "node.crt", NULL);

        pi_identity_free(load(inner));
        g_assert_cmpuint(mode_of(inner), ==, 0700);
        g_assert_cmpint(g_remove(key), ==, 0);
        g_assert_cmpint(g_remove(crt), ==, 0);
        g_assert_cmpint(g_rmdir(inner), ==, 0);
}

static void test_in_memory(void) {
        g_autoptr(PiIdentity) a = load(NULL);
        g_autoptr(PiIdentity) b = load(NULL);

        g_assert_cmpstr(a->fingerprint, !=, b->fingerprint);
}

/* The fingerprint is what any tool shows: SHA-256 over the DER form. */
static void test_fingerprint(Place *p, gconstpointer unused) {
        g_autoptr(PiIdentity) identity = load(p->directory);
        g_autofree char *pem = contents(p->crt);
        g_autofree guchar *der = NULL;
        g_autofree char *sum = NULL;
        char *begin = strchr(pem, '\n') + 1;
        gsize size;

        *strstr(begin, "-----END") = '\0';
        der = g_base64_decode(begin, &size);
        sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, der, size);
        g_assert_cmpstr(sum, ==, identity->fingerprint);
}

static void test_fingerprint_is_valid(void) {
        static const char good[] = "0123456789abcdef0123456789abcdef"
                                   "fedcba9876543210fedcba9876543210";
        g_autofree char *upper = g_ascii_strup(good, -1);
        g_autofree char *longer = g_strconcat(good, "0", NULL);

        g_assert_true(pi_fingerprint_is_valid(good));
        g_assert_false(pi_fingerprint_is_valid(good + 1));
        g_assert_false(pi_fingerprint_is_valid(longer));
        g_assert_false(pi_fingerprint_is_valid(upper));
        g_assert_false(pi_fingerprint_is_valid(""));
}

static void test_damaged(Place *p, gconstpointer unused) {
        g_autoptr(PiIdentity) identity = load(p->directory);
        g_autofree char *key = contents(p->key);
        g_autofree char *crt = contents(p->crt);
        g_autofree char *half_key = g_strndup(key, strlen(key) / 2);
        g_autofree char *half_crt = g_strndup(crt, strlen(crt) / 2);

        put(p->key, half_key);
        refuses(p, p->key, "no private key");
        put(p->key, "");
        refuses(p, p->key, "no private key");
        put(p->key, key);
        put(p->crt, half_crt);
        refuses(p, p->crt, "no certificate");
        put(p->crt, key);
        refuses(p, p->crt, "no certificate");
        put(p->crt, crt);
        g_clear_pointer(&identity, pi_identity_free);
        identity = load(p->directory);
}

static void test_too_long(Place *p, gconstpointer unused) {
        g_autofree char *text = g_strnfill(70000, '\n');

        pi_identity_free(load(p->directory));
        put(p->key, text);
        refuses(p, p->key, "has 70000 bytes");
}

static void test_of_another_key(Place *p, gconstpointer unused) {
        g_auto(PiCertificate) other = {};
        gnutls_datum_t key, crt;
        g_autofree char *text = NULL;

        pi_identity_free(load(p->directory));
        g_assert_cmpint(pi_certificate_make(&other), ==, 0);
        g_assert_cmpint(pi_certificate_export(&other, &key, &crt), ==, 0);
        text = g_strndup((const char *) crt.data, crt.size);
        gnutls_free(key.data);
        gnutls_free(crt.data);
        put(p->crt, text);
        refuses(p, p->crt, "not the certificate of the key");
}

static void test_foreign_key(Place *p, gconstpointer unused) {
        pi_identity_free(load(p->directory));
        put(p->key, foreign_key);
        refuses(p, p->key, "ECDSA on P-256");
}

static void test_one_is_missing(Place *p, gconstpointer unused) {
        g_autofree char *crt = NULL;

        pi_identity_free(load(p->directory));
        crt = contents(p->crt);
        g_assert_cmpint(g_remove(p->crt), ==, 0);
        refuses(p, p->crt, "No such file");
        put(p->crt, crt);
        g_assert_cmpint(g_remove(p->key), ==, 0);
        refuses(p, p->key, "No such file");
}

static void test_readable_by_others(Place *p, gconstpointer unused) {
        pi_identity_free(load(p->directory));
        g_assert_cmpint(g_chmod(p->key, 0640), ==, 0);
        refuses(p, p->key, "may be read by others (mode 0640)");
}

static void test_no_regular_file(Place *p, gconstpointer unused) {
        g_assert_cmpint(symlink("/nowhere", p->key), ==, 0);
        refuses(p, p->key, "cannot be opened");
        g_assert_cmpint(g_remove(p->key), ==, 0);
        g_assert_cmpint(mkfifo(p->key, 0600), ==, 0);
        refuses(p, p->key, "no regular file");
}

/* The first start was cut short when the key was on disk and the certificate had not its name. */
static void test_cut_short(Place *p, gconstpointer unused) {
        g_autoptr(PiIdentity) made = load(p->directory);
        g_autoptr(PiIdentity) loaded = NULL;

        g_assert_cmpint(g_rename(p->crt, p->new_crt), ==, 0);
        loaded = load(p->directory);
        g_assert_cmpstr(loaded->fingerprint, ==, made->fingerprint);
        g_assert_false(g_file_test(p->new_crt, G_FILE_TEST_EXISTS));

        /* Or before: what there is of the certificate is of no key. */
        g_assert_cmpint(g_rename(p->crt, p->new_crt), ==, 0);
        g_assert_cmpint(g_remove(p->key), ==, 0);
        g_clear_pointer(&loaded, pi_identity_free);
        loaded = load(p->directory);
        g_assert_cmpstr(loaded->fingerprint, !=, made->fingerprint);
}

static void test_no_directory(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_identity_load("/dev/null/a", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_true(g_str_has_prefix(error->message, "/dev/null/a cannot be made: "));
}

static char *make_foreign_key(void) {
        gnutls_x509_privkey_t key;
        gnutls_datum_t pem;
        char *text;

        g_assert_cmpint(gnutls_x509_privkey_init(&key), ==, 0);
        g_assert_cmpint(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 2048, 0), ==, 0);
        g_assert_cmpint(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem), ==, 0);
        text = g_strndup((const char *) pem.data, pem.size);
        gnutls_free(pem.data);
        gnutls_x509_privkey_deinit(key);
        return text;
}

#define ADD(name, function)                                                                        \
        g_test_add("/identity/" name, Place, NULL, place_up, function, place_down)

int main(int argc, char **argv) {
        g_autofree char *key = make_foreign_key();

        foreign_key = key;
        g_test_init(&argc, &argv, NULL);
        ADD("made-and-loaded", test_made_and_loaded);
        ADD("directory-is-made", test_directory_is_made);
        g_test_add_func("/identity/in-memory", test_in_memory);
        ADD("fingerprint", test_fingerprint);
        g_test_add_func("/identity/fingerprint-is-valid", test_fingerprint_is_valid);
        ADD("damaged", test_damaged);
        ADD("too-long", test_too_long);
        ADD("of-another-key", test_of_another_key);
        ADD("foreign-key", test_foreign_key);
        ADD("one-is-missing", test_one_is_missing);
        ADD("readable-by-others", test_readable_by_others);
        ADD("no-regular-file", test_no_regular_file);
        ADD("cut-short", test_cut_short);
        g_test_add_func("/identity/no-directory", test_no_directory);
        return g_test_run();
}
