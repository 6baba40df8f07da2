/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/output.h"
#include "ctl/wsl/host.h"
#include "ctl/wsl/setup.h"

/* A machine with WSL2 in a folder, and a Windows that answers our scripts: it knows the user
 * C:\Users\Ada, the distribution Debian, and remembers the rule and the logon entry. */
typedef struct Fake {
        PiWslHost *host;
        char *config, *conf; /* paths of the two files */
        const char *version, *mode, *build, *network, *lan;
        gint64 clock_msec;   /* that Windows is before us */
        gboolean logon, rule;
        gboolean deaf;       /* nothing that is run has an effect on firewall or logon entry */
        gboolean mute;       /* the firewall does not tell its rules */
        gboolean declined;   /* the person refuses to elevate */
        PiAnswer answer;
        void (*on_ask)(struct Fake *fake);
        GString *log;        /* names of the scripts that ran */
        char *last;          /* the last script that changes something */
        PiOutput out;
} Fake;

Fake *fake_new(void);
void fake_free(Fake *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fake, fake_free)

/* Makes a file of the machine, with its folders; removes it for NULL. */
void fake_file(Fake *fake, const char *path, const char *text);

/* Its text, NULL if it is not there. Free it with g_free(). */
char *fake_read(const char *path);
char *fake_read_beside(const char *path, const char *ending);

/* What was printed since the last time. */
char *fake_printed(Fake *fake);
