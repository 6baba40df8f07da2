/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_LISTEN_MAX 8

/* Sockets that listen for TCP, none of them blocking. */
typedef struct PiListen {
        int fd[PI_LISTEN_MAX];
        unsigned n;
} PiListen;

/* Those that the service manager passed. None is no error. */
gboolean pi_listen_inherit(PiListen *ret, GError **error);

/* Listens on "127.0.0.1:9314" or "[::1]:9314"; port 0 is one that is free. `ret_address` is where
 * that is, in the same form. PI_ERROR_INVALID_OPTION: it is no such text. */
gboolean pi_listen_on(const char *text, PiListen *ret, char **ret_address, GError **error);
