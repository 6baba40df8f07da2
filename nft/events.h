/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* MESSAGE_ID of each record of pi-computed-firewall; units/pi-computed.catalog explains them. */
#define PI_EVENT_FIREWALL_APPLIED "82d600bc93a04003958d569a9b0c369a"
#define PI_EVENT_FIREWALL_REMOVED "46ce8408c704417ebcf9ce0d487291b1"
#define PI_EVENT_FIREWALL_RESTORED "3f7f35fc018144baab7d23896d896952"
#define PI_EVENT_FIREWALL_NOT_RESTORED "fdced090c4e844e899401c3616a15ac7"
