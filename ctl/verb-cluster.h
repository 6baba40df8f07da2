/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/invocation.h"

/* What the actions of the verb cluster share. */

/* ListJoinTokens; `interactive`: a person may be asked for a password. An aa{sv}. */
GVariant *pi_cluster_tokens(PiClient *client, gboolean interactive, GError **error);

/* CreateJoinToken; 0: what the service takes by itself. The token, to be freed with g_free(). */
char *pi_cluster_make_token(PiClient *client, guint64 ttl_usec, guint64 uses, GError **error);

/* "9min 3s", or "-" for what is over. */
char *pi_cluster_time_left(guint64 expires_usec);

/* Actions, see pictl cluster --help; they return as verbs do. */
int pi_cluster_token(PiInvocation *inv, GError **error);
int pi_cluster_sbatch(PiInvocation *inv, GError **error);
int pi_cluster_list_tokens(PiInvocation *inv, GError **error);
int pi_cluster_status(PiInvocation *inv, GError **error);
