/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/engine/contract.h"

/* Whether a line of stderr is srun's about where its job stands, and where. */
gboolean pi_slurm_words(const char *line, PiContractState *ret);
