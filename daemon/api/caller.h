/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* Who is calling, asked of the bus and of polkit without ever waiting for their answer. A handler
 * that calls one of these returns its result at once and goes on in the callback; before that it
 * must not have done anything. */

/* Who is behind which unique name, for those that called lately: a name means one user for as long
 * as its connection lives, so the bus is asked once for each. */
typedef struct PiCallers PiCallers;

#define PI_CALLERS_MAX 1024

PiCallers *pi_callers_new(void);
void pi_callers_free(PiCallers *callers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiCallers, pi_callers_free)

/* Forgets a name whose connection has ended. */
void pi_callers_forget(PiCallers *callers, const char *name);

/* Called with the user id of the caller, perhaps at once. Not called when the caller left
 * meanwhile. */
typedef void (*PiCallerKnown)(sd_bus_message *call, uid_t user, gpointer userdata);

/* Returns 1 or a negative errno. `callers` must outlive the bus. */
int pi_caller_identify(PiCallers *callers, sd_bus_message *call, PiCallerKnown known,
                       gpointer userdata);

/* Called when the caller may; otherwise it was answered with NotAuthorized. */
typedef void (*PiCallerAllowed)(sd_bus_message *call, gpointer userdata);

/* Asks polkit whether the caller may do `action`; it may show the user a prompt if the call says
 * so. Returns 1 or a negative errno. */
int pi_caller_authorise(sd_bus_message *call, const char *action, PiCallerAllowed allowed,
                        gpointer userdata);

/* Answers with NotAuthorized. */
int pi_caller_refuse(sd_bus_message *call, const char *action, const char *why);
