/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/invalid.h"

#include "dbus/error.h"

gboolean pi_setting_invalid(GError **error, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_SETTING, message);
        return FALSE;
}
