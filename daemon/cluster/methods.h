/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/link.h"

/* What the other side of a link may call; userdata is the PiContact. Ends with a NULL name. */
extern const PiLinkMethod pi_methods[];
