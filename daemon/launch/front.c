/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launch/front.h"

#include "daemon/launch/module.h"
#include "daemon/module.h"

/* ListenStream= of pi-computed-engine.socket. */
#define SOCKET "/run/pi-computed-engine"
#define GRACE_SECONDS 60
#define PROGRAM "pi-computed-engine"

struct PiLaunchFront {
        PiEngine engine;
        gboolean user;
        const PiLaunchModule *module; /* NULL before the first launch; so the launcher */
        PiLauncher *launcher;
};

/* Both are installed in one directory, and so they are where they are built. */
static char *program_beside(void) {
        g_autofree char *own = g_file_read_link("/proc/self/exe", NULL);
        g_autofree char *directory = own ? g_path_get_dirname(own) : NULL;

        return g_build_filename(directory ? directory : ".", PROGRAM, NULL);
}

static gboolean load(PiLaunchFront *front, GError **error) {
        g_autofree char *program = front->user ? program_beside() : NULL;

        front->module = pi_module_load(PI_LAUNCH_MODULE_FILE, PI_LAUNCH_MODULE_SYMBOL, error);
        if (!front->module)
                return FALSE;
        front->launcher = front->module->new(program, SOCKET);
        return TRUE;
}

static PiLaunch *launch(const GArray *ranges, const PiLaunchHooks *hooks, gpointer hooks_userdata,
                        gpointer userdata, GError **error) {
        PiLaunchFront *front = userdata;
        const PiEngine *engine;

        if (!front->module && !load(front, error))
                return NULL;
        engine = front->module->engine(front->launcher);
        return engine->launch(ranges, hooks, hooks_userdata, engine->userdata, error);
}

static void end(PiLaunch *l, gpointer userdata) {
        PiLaunchFront *front = userdata;

        front->module->engine(front->launcher)->end(l, front->launcher);
}

PiLaunchFront *pi_launch_front_new(gboolean user) {
        PiLaunchFront *front = g_new0(PiLaunchFront, 1);

        front->user = user;
        front->engine = (PiEngine) { GRACE_SECONDS, launch, end, front };
        return front;
}

void pi_launch_front_free(PiLaunchFront *front) {
        if (!front)
                return;
        if (front->module)
                front->module->free(front->launcher);
        g_free(front);
}

const PiEngine *pi_launch_front_engine(PiLaunchFront *front) {
        return &front->engine;
}
