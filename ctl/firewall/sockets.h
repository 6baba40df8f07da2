/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/firewall/facts.h"

/* A socket that listens at a port, from a line of /proc/net/tcp or tcp6. */
typedef struct PiListening {
        guint32 uid;
        guint64 inode;
} PiListening;

/* Appends those of the text, of the format of /proc/net/tcp, that listen at the port. Lines that
 * are none are passed over. */
void pi_listening_parse(const char *text, guint16 port, GArray *ret);

/* Who listens at the port of this machine: `uid` and `pid` are the service's, or -1. */
void pi_listener_find(guint16 port, gint64 uid, gint64 pid, PiListener *ret, char **ret_program);
