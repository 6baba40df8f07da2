/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/series/kernel.h"

/* Terms a second that the calling thread reaches with this kernel: the median of rounds that take
 * about 10 ms together. The baseline of speed-up and efficiency. */
double pi_calibrate(const PiKernel *kernel);

/* The same for every kernel of this CPU, in a thread of its own. */
typedef struct PiCalibrator PiCalibrator;

/* Called once, in the main context, with a rate for each of pi_kernels(), in their order. */
typedef void (*PiCalibrated)(const double *rates, gpointer userdata);

/* NULL and an error of GLib when there is no thread to be had. */
PiCalibrator *pi_calibrator_new(PiCalibrated done, gpointer userdata, GError **error);

/* Waits for the thread; may be called from `done`. */
void pi_calibrator_free(PiCalibrator *calibrator);
