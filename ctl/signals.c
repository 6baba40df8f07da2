/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/signals.h"

#include "dbus/names.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

const PiMethod pi_method_get_all = { PROPERTIES, "GetAll", "(a{sv})" };
const PiMethod pi_method_managed_objects = { OBJECT_MANAGER, "GetManagedObjects",
                                             "(a{oa{sa{sv}}})" };
const PiMethod pi_method_compute_pi = { PI_INTERFACE_MANAGER, "ComputePi", "(da{sv})" };
const PiMethod pi_method_get_metrics = { PI_INTERFACE_MANAGER, "GetMetrics", "(a{sv})" };
const PiMethod pi_method_list_faults = { PI_INTERFACE_MANAGER, "ListFaults", "(aa{sv})" };
const PiMethod pi_method_list_leases = { PI_INTERFACE_JOB, "ListLeases", "(aa{sv})" };
const PiMethod pi_method_cancel = { PI_INTERFACE_JOB, "Cancel", "()", .interactive = TRUE };

const PiSignal pi_signal_added = { OBJECT_MANAGER, "InterfacesAdded", "(oa{sa{sv}})", NULL };
const PiSignal pi_signal_job_changed = { PROPERTIES, "PropertiesChanged", "(sa{sv}as)",
                                         PI_INTERFACE_JOB };
