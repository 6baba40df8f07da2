/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/cluster/certificate.h"
#include "dbus/error.h"

#define KEY_FILE "node.key"
#define NEW_PI_CRT_FILE PI_CRT_FILE ".new" /* until its key is on disk */
#define FILE_BYTES_MAX 65536
#define PRIORITY "SECURE128:-VERS-ALL:+VERS-TLS1.3"

#define ANEW                                                                                       \
        "restore it from a backup, or remove " KEY_FILE " and " PI_CRT_FILE                \
        ": the node is then a new one, which has to join its cluster again"

static gboolean fail(GError **error, const char *path, const char *problem, const char *remedy) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s %s; %s", path, problem, remedy);
        return FALSE;
}

static gboolean fail_tls(GError **error, const char *doing, int r) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s the key of this node failed: %s", doing,
                    gnutls_strerror(r));
        return FALSE;
}

static void wipe(gnutls_datum_t *secret) {
        if (secret->data)
                gnutls_memset(secret->data, 0, secret->size);
        g_clear_pointer(&secret->data, gnutls_free);
}

static char *read_error(const char *what, int code) {
        return g_strdup_printf("cannot be %s: %s", what, g_strerror(code));
}

/* What is wrong with the file, NULL if nothing; the contents have room for a byte more. */
static char *read_fd(int fd, gnutls_datum_t *ret) {
        struct stat st;
        ssize_t n;

        if (fstat(fd, &st) < 0)
                return read_error("looked at", errno);
        if (!S_ISREG(st.st_mode))
                return g_strdup("is no regular file");
        if (st.st_size > FILE_BYTES_MAX)
                return g_strdup_printf("has %" G_GINT64_FORMAT " bytes, at most %d are read",
                                       (gint64) st.st_size, FILE_BYTES_MAX);
        ret->data = gnutls_malloc((size_t) st.st_size + 1);
        if (!ret->data)
                return read_error("read", ENOMEM);
        n = pread(fd, ret->data, (size_t) st.st_size, 0);
        if (n < 0)
                return read_error("read", errno);
        ret->size = (unsigned) n;
        return NULL;
}

/* Others could be this node if they could read its key. */
static char *check_mode(int fd) {
        struct stat st;

        if (fstat(fd, &st) == 0 && (st.st_mode & 077) != 0)
                return g_strdup_printf("may be read by others (mode %04o)", st.st_mode & 07777);
        return NULL;
}

static gboolean read_file(const char *path, gboolean secret, gnutls_datum_t *ret, GError **error) {
        g_autofree char *problem = NULL;
        /* Nobody waits for the other end of a pipe that was put here. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);

        if (fd < 0) {
                problem = read_error("opened", errno);
                return fail(error, path, problem, ANEW);
        }
        problem = read_fd(fd, ret);
        if (problem) {
                (void) close(fd);
                return fail(error, path, problem, ANEW);
        }
        problem = secret ? check_mode(fd) : NULL;
        (void) close(fd);
        if (problem)
                return fail(error, path, problem,
                            "if nobody has, take that away with chmod 0600, else remove " KEY_FILE
                            " and " PI_CRT_FILE " and let the node join its cluster again");
        return TRUE;
}

static gboolean read_both(const char *key_path, const char *crt_path, PiCertificate *ret,
                          GError **error) {
        gnutls_datum_t key = {}, crt = {};
        const char *problem;
        gboolean good = read_file(key_path, TRUE, &key, error) &&
                        read_file(crt_path, FALSE, &crt, error);

        if (good) {
                problem = pi_certificate_import_key(ret, &key);
                good = !problem || fail(error, key_path, problem, ANEW);
        }
        if (good) {
                problem = pi_certificate_import_crt(ret, &crt);
                good = !problem || fail(error, crt_path, problem, ANEW);
        }
        if (good && !pi_certificate_matches(ret))
                good = fail(error, crt_path, "is not the certificate of the key in " KEY_FILE,
                            ANEW);
        wipe(&key);
        wipe(&crt);
        return good;
}

static gboolean write_file(const char *path, const gnutls_datum_t *pem, GError **error) {
        g_autoptr(GError) cause = NULL;

        if (g_file_set_contents_full(path, (const char *) pem->data, (gssize) pem->size,
                                     G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                     0600, &cause))
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "The key of this node cannot be kept (%s): make room, or let the service write "
                    "to that directory",
                    cause->message);
        return FALSE;
}

static gboolean rename_crt(const char *from, const char *to, GError **error) {
        g_autofree char *problem = NULL;

        if (g_rename(from, to) == 0)
                return TRUE;
        problem = g_strdup_printf("cannot be renamed to %s: %s", to, g_strerror(errno));
        return fail(error, from, problem, "let the service write to that directory");
}

/* The certificate gets its name last, so that a start that was cut short can be told from a
 * certificate that was lost. */
static gboolean keep(const PiCertificate *c, const char *key_path, const char *crt_path,
                     const char *new_crt_path, GError **error) {
        gnutls_datum_t key = {}, crt = {};
        int r = pi_certificate_export(c, &key, &crt);
        gboolean good;

        if (r < 0)
                return fail_tls(error, "Exporting", r);
        good = write_file(new_crt_path, &crt, error) && write_file(key_path, &key, error) &&
               rename_crt(new_crt_path, crt_path, error);
        wipe(&key);
        wipe(&crt);
        return good;
}

/* A link to nowhere is there, and will be told of. */
static gboolean is_there(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0 || errno != ENOENT;
}

static gboolean make(PiCertificate *ret, GError **error) {
        int r = pi_certificate_make(ret);

        return r >= 0 || fail_tls(error, "Making", r);
}

static gboolean load(const char *directory, PiCertificate *ret, GError **error) {
        g_autofree char *key = g_build_filename(directory, KEY_FILE, NULL);
        g_autofree char *crt = g_build_filename(directory, PI_CRT_FILE, NULL);
        g_autofree char *new_crt = g_build_filename(directory, NEW_PI_CRT_FILE, NULL);
        g_autofree char *problem = NULL;

        if (g_mkdir_with_parents(directory, 0700) < 0) {
                problem = read_error("made", errno);
                return fail(error, directory, problem, "make it a directory of the service");
        }
        if (!is_there(key) && !is_there(crt))
                return make(ret, error) && keep(ret, key, crt, new_crt, error);
        if (!is_there(crt) && is_there(new_crt) && !rename_crt(new_crt, crt, error))
                return FALSE;
        return read_both(key, crt, ret, error);
}

/* One for all sessions: it takes more memory than one of these. */
static gboolean set_priority(PiIdentity *identity, GError **error) {
        int r = gnutls_priority_init(&identity->priority, PRIORITY, NULL);

        return r >= 0 || fail_tls(error, "Using", r);
}

static gboolean set_credentials(PiIdentity *identity, PiCertificate *c, GError **error) {
        int r = gnutls_certificate_allocate_credentials(&identity->credentials);

        if (r >= 0)
                r = gnutls_certificate_set_x509_key(identity->credentials, &c->crt, 1, c->key);
        return r >= 0 || fail_tls(error, "Using", r);
}

static gboolean set_names(PiIdentity *identity, const PiCertificate *c, GError **error) {
        gnutls_datum_t der = {};
        int r = gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_DER, &der);
        gboolean good = r >= 0 && pi_fingerprint_of_der(&der, identity->fingerprint);

        gnutls_free(der.data);
        if (!good)
                return fail_tls(error, "Naming", r < 0 ? r : GNUTLS_E_HASH_FAILED);
        g_strlcpy(identity->node_id, identity->fingerprint, sizeof(identity->node_id));
        return TRUE;
}

PiIdentity *pi_identity_load(const char *directory, GError **error) {
        g_autoptr(PiIdentity) identity = g_new0(PiIdentity, 1);
        g_auto(PiCertificate) certificate = {};

        if (!(directory ? load(directory, &certificate, error) : make(&certificate, error)) ||
            !set_names(identity, &certificate, error) ||
            !set_credentials(identity, &certificate, error) || !set_priority(identity, error))
                return NULL;
        return g_steal_pointer(&identity);
}

void pi_identity_free(PiIdentity *identity) {
        if (!identity)
                return;
        g_clear_pointer(&identity->credentials, gnutls_certificate_free_credentials);
        g_clear_pointer(&identity->priority, gnutls_priority_deinit);
        g_free(identity);
}

gboolean pi_fingerprint_of_der(const gnutls_datum_t *der, char ret[PI_FINGERPRINT_LENGTH + 1]) {
        guint8 digest[PI_FINGERPRINT_BYTES];

        if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, digest) < 0)
                return FALSE;
        for (gsize i = 0; i < sizeof(digest); i++)
                g_snprintf(ret + 2 * i, 3, "%02x", digest[i]);
        return TRUE;
}

gboolean pi_fingerprint_is_valid(const char *text) {
        return strlen(text) == PI_FINGERPRINT_LENGTH &&
               strspn(text, "0123456789abcdef") == PI_FINGERPRINT_LENGTH;
}
