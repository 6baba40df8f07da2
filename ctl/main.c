/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/invocation.h"

int main(int argc, char **argv) {
        return pi_invoke(argc, argv);
}
