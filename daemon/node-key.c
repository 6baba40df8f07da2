/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/node-key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/cluster/module.h"
#include "dbus/error.h"

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"
#define CERTIFICATE_BYTES_MAX 65536

G_STATIC_ASSERT(PI_NODE_ID_LENGTH == PI_CLUSTER_NODE_ID_LENGTH);

/* SHA-256 over the certificate's DER form, as of pi_fingerprint_of_der(); whether it is sound is
 * looked at when it is used. */
static gboolean read_id(const char *directory, char ret[PI_NODE_ID_LENGTH + 1]) {
        g_autofree char *path = g_build_filename(directory, PI_CRT_FILE, NULL);
        g_autofree char *text = NULL, *hex = NULL;
        g_autofree guchar *der = NULL;
        char *begin, *end;
        gsize length;

        if (!g_file_get_contents(path, &text, &length, NULL) || length > CERTIFICATE_BYTES_MAX)
                return FALSE;
        begin = strstr(text, PEM_BEGIN);
        end = begin ? strstr(begin, PEM_END) : NULL;
        if (!end)
                return FALSE;
        *end = '\0';
        der = g_base64_decode(begin + strlen(PEM_BEGIN), &length);
        hex = g_compute_checksum_for_data(G_CHECKSUM_SHA256, der, length);
        g_strlcpy(ret, hex, PI_NODE_ID_LENGTH + 1);
        return length > 0;
}

/* In the other process: what it says on the way out is why it failed. */
static G_GNUC_NORETURN void make_and_exit(const char *directory, int fd) {
        g_autoptr(GError) error = NULL;
        const PiClusterModule *module = pi_cluster_module_load(&error);
        PiIdentity *identity = module ? module->identity_load(directory, &error) : NULL;

        if (!identity && write(fd, error->message, strlen(error->message)) < 0)
                _exit(2);
        if (!identity)
                _exit(1);
        module->identity_free(identity);
        _exit(0);
}

static char *read_all(int fd) {
        GString *said = g_string_new(NULL);
        char buffer[512];
        ssize_t n;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR))
                if (n > 0)
                        g_string_append_len(said, buffer, n);
        return g_string_free(said, FALSE);
}

static gboolean make_apart(const char *directory, GError **error) {
        g_autofree char *said = NULL;
        int fds[2], status = -1;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "No process to make the key of this node in: %s", g_strerror(errno));
                return FALSE;
        }
        if (pid == 0)
                make_and_exit(directory, fds[1]);
        (void) close(fds[1]);
        said = read_all(fds[0]);
        (void) close(fds[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (status == 0)
                return TRUE;
        g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                            said[0] ? said : "The process that makes the key of this node died");
        return FALSE;
}

gboolean pi_node_key_ensure(const char *directory, char ret_id[PI_NODE_ID_LENGTH + 1],
                            GError **error) {
        if (read_id(directory, ret_id))
                return TRUE;
        if (!make_apart(directory, error))
                return FALSE;
        if (read_id(directory, ret_id))
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s/%s cannot be read", directory,
                    PI_CRT_FILE);
        return FALSE;
}
