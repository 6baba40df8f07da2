# SPDX-License-Identifier: GPL-2.0-or-later
[pi-computed]
title=pi-computed
description=Connections between the members of a cluster of pi-computed
ports=31415/tcp
