/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/verbs.h"
#include "ctl/wsl/host.h"

/* pictl wsl on a host that may be a test's. */
int pi_wsl_run(PiInvocation *inv, PiWslHost *host, GError **error);
