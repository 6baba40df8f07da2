/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Shows text in $PAGER, else less, else more, and waits until it is closed. FALSE when no pager is
 * wanted ($PAGER is empty or cat) or none could be started: the caller writes the text itself.
 * Commands are run without a shell; under sudo $PAGER is not followed, and less is told not to run
 * other programs. */
gboolean pi_pager_show(const char *text, gsize length, gboolean utf8);
