/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/membership.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "config.h"
#include "daemon/cluster/journal.h"
#include "daemon/cluster/module.h"
#include "daemon/cluster/name.h"
#include "daemon/cluster/roster-file.h"
#include "daemon/node-key.h"
#include "dbus/error.h"

/* FileDescriptorName= in pi-computed.socket. */
#define SOCKET_NAME "cluster"

struct PiMembership {
        char *directory; /* NULL for memory only */
        char node_id[PI_NODE_ID_LENGTH + 1];
        GError *why_not; /* this node can be in no cluster; else NULL */
        char *name;
        char **addresses; /* to be reached at, as in the settings; empty: those of the machine */
        uint16_t port; /* of the settings */
        GArray *sockets;
        PiJobs *jobs;
        const PiClusterModule *module; /* NULL until it is needed; so all that follows */
        PiIdentity *identity;
        PiCluster *cluster;
        PiClusterJournal *journal;
};

static gboolean load_identity(PiMembership *m, GError **error) {
        m->module = pi_cluster_module_load(error);
        if (m->module)
                m->identity = m->module->identity_load(m->directory, error);
        return m->identity != NULL;
}

/* Without a directory the key lives in this process. */
static gboolean find_id(PiMembership *m, GError **error) {
        if (m->directory)
                return pi_node_key_ensure(m->directory, m->node_id, error);
        if (!load_identity(m, error))
                return FALSE;
        g_strlcpy(m->node_id, m->identity->node_id, sizeof(m->node_id));
        return TRUE;
}

PiMembership *pi_membership_new(const char *directory) {
        PiMembership *m = g_new0(PiMembership, 1);
        sd_id128_t id;

        m->directory = g_strdup(directory);
        m->sockets = g_array_new(FALSE, FALSE, sizeof(int));
        if (!find_id(m, &m->why_not) && sd_id128_randomize(&id) >= 0)
                sd_id128_to_string(id, m->node_id);
        return m;
}

void pi_membership_free(PiMembership *m) {
        if (!m)
                return;
        if (m->identity)
                m->module->identity_free(m->identity);
        g_clear_error(&m->why_not);
        g_array_unref(m->sockets);
        g_strfreev(m->addresses);
        g_free(m->directory);
        g_free(m->name);
        g_free(m);
}

const char *pi_membership_node_id(const PiMembership *m) {
        return m->node_id;
}

void pi_membership_configure(PiMembership *m, const PiSettings *settings) {
        m->name = settings->name[0] ? g_strdup(settings->name)
                                    : pi_node_name_make_valid(g_get_host_name());
        m->addresses = g_strdupv(settings->addresses);
        m->port = (uint16_t) settings->port;
}

const char *pi_membership_name(const PiMembership *m) {
        return m->name;
}

/* Those of systemd that are for the cluster; others, which nobody here knows, are closed. */
static void take_sockets(PiMembership *m) {
        char **names = NULL;
        int n = sd_listen_fds_with_names(/* unset_environment = */ 1, &names);

        for (int i = 0; i < n; i++) {
                int fd = SD_LISTEN_FDS_START + i;

                if (strcmp(names[i], SOCKET_NAME) == 0)
                        g_array_append_val(m->sockets, fd);
                else
                        (void) close(fd);
        }
        for (int i = 0; names && names[i]; i++)
                free(names[i]);
        free(names);
}

/* Of the first socket, which comes before the settings; 0 when it is of another kind. */
static uint16_t port_of(const GArray *sockets) {
        struct sockaddr_storage address = {};
        socklen_t length = sizeof(address);

        if (getsockname(g_array_index(sockets, int, 0), (struct sockaddr *) &address, &length) < 0)
                return 0;
        if (address.ss_family == AF_INET)
                return ntohs(((const struct sockaddr_in *) (const void *) &address)->sin_port);
        if (address.ss_family == AF_INET6)
                return ntohs(((const struct sockaddr_in6 *) (const void *) &address)->sin6_port);
        return 0;
}

PiCluster *pi_membership_open(PiMembership *m, gboolean begin, GError **error) {
        PiClusterConfig config = {
                .directory = m->directory,
                .name = m->name,
                .version = PI_VERSION,
                .port = m->sockets->len > 0 ? port_of(m->sockets) : m->port,
                .addresses = (const char *const *) m->addresses,
                .sockets = (const int *) (const void *) m->sockets->data,
                .n_sockets = m->sockets->len,
        };

        if (m->cluster)
                return m->cluster;
        if (m->why_not) {
                g_propagate_error(error, g_error_copy(m->why_not));
                return NULL;
        }
        if (!begin) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER,
                                    "This node is in no cluster: \"pictl cluster init\" makes one, "
                                    "\"pictl cluster join TOKEN\" joins one");
                return NULL;
        }
        if (!m->identity && !load_identity(m, error))
                return NULL;
        config.identity = m->identity;
        m->cluster = m->module->new(&config, m->jobs, error);
        if (!m->cluster)
                return NULL;
        m->journal = pi_cluster_journal_new(m->cluster);
        pi_jobs_set_peers(m->jobs, pi_cluster_peers(m->cluster));
        return m->cluster;
}

static gboolean is_member(const PiMembership *m) {
        g_autofree char *path = NULL;

        if (!m->directory)
                return FALSE;
        path = g_build_filename(m->directory, PI_ROSTER_FILE, NULL);
        return g_file_test(path, G_FILE_TEST_EXISTS);
}

void pi_membership_begin(PiMembership *m, PiJobs *jobs) {
        m->jobs = jobs;
        take_sockets(m);
        if (!m->why_not && is_member(m))
                (void) pi_membership_open(m, TRUE, &m->why_not);
        if (m->why_not)
                pi_cluster_journal_unavailable(m->why_not);
}

PiCluster *pi_membership_cluster(const PiMembership *m) {
        return m->cluster;
}

void pi_membership_end(PiMembership *m) {
        g_clear_pointer(&m->cluster, pi_cluster_free);
        g_clear_pointer(&m->journal, pi_cluster_journal_free);
}
