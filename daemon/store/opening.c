/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/opening.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/store/schema.h"
#include "daemon/store/set-aside.h"
#include "dbus/error.h"

typedef enum Judgement {
        FINE,
        EMPTY,
        DAMAGED,
        NEWER,
        UNREADABLE, /* whatever it is, it cannot be told now */
} Judgement;

static Judgement failed(const PiDatabase *db) {
        PiTrouble trouble = pi_database_trouble(db);

        /* Nothing of ours is being put yet: a row that cannot be is one of the file's. */
        return trouble == PI_TROUBLE_DAMAGE || trouble == PI_TROUBLE_ROW ? DAMAGED : UNREADABLE;
}

static Judgement damaged(PiDatabase *db, const char *what) {
        pi_database_note_damage(db, what);
        return DAMAGED;
}

/* A headline is of no use to who reads it. */
static const char *last_line(const char *text) {
        const char *end = strrchr(text, '\n');

        return end ? end + 1 : text;
}

/* "ok", or the first thing that is wrong with the file. */
static Judgement check_all(PiDatabase *db) {
        Judgement judgement = FINE;
        sqlite3_stmt *statement = NULL;
        int rc = sqlite3_prepare_v2(pi_database_sqlite(db), "PRAGMA quick_check(1)", -1, &statement,
                                    NULL);

        if (rc == SQLITE_OK)
                rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
                g_autofree char *text =
                        g_strdup((const char *) sqlite3_column_text(statement, 0));

                if (g_strcmp0(text, "ok") != 0)
                        judgement = damaged(db, text ? last_line(text) : "it cannot be checked");
        } else {
                pi_database_note(db, rc);
                judgement = failed(db);
        }
        (void) sqlite3_finalize(statement);
        return judgement;
}

static Judgement judge(PiDatabase *db, bool check, int *ret_version) {
        int64_t application = 0, version = 0, tables = 0;

        if (pi_database_trouble(db) != PI_TROUBLE_NONE ||
            !pi_database_ask(db, "PRAGMA application_id", &application) ||
            !pi_database_ask(db, "PRAGMA user_version", &version) ||
            !pi_database_ask(db, "SELECT count(*) FROM sqlite_schema", &tables))
                return failed(db);
        *ret_version = (int) version;
        if (application == 0 && version == 0 && tables == 0)
                return EMPTY;
        if (application != PI_SCHEMA_APPLICATION_ID)
                return damaged(db, "it is a database of another program");
        if (version > pi_schema_version)
                return NEWER;
        if (version < 1)
                return damaged(db, "it has no version");
        return check ? check_all(db) : FINE;
}

/* A file whose tables are not those of its version shows here at the latest. */
static bool prepare_all(PiDatabase *db) {
        for (PiStatement s = 0; s < _PI_STATEMENT_MAX; s++) {
                sqlite3_stmt *statement = NULL;
                int rc = sqlite3_prepare_v2(pi_database_sqlite(db), pi_statement_sql(s), -1,
                                            &statement, NULL);

                pi_database_note(db, rc);
                (void) sqlite3_finalize(statement);
                if (rc != SQLITE_OK)
                        return false;
        }
        return true;
}

static Judgement make_ready(PiDatabase *db, Judgement judgement, int version) {
        int rc = SQLITE_OK;

        if (!pi_database_settle(db) && !pi_database_is_read_only(db))
                return failed(db);
        errno = 0;
        if (version < pi_schema_version)
                rc = pi_schema_migrate(pi_database_sqlite(db), version, pi_schema_version);
        if (!pi_database_note(db, rc) || !prepare_all(db))
                return failed(db);
        return judgement;
}

static GError *told(const char *path, const char *name, Judgement judgement, int version,
                    const char *what) {
        if (judgement == NEWER)
                return g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                                   "The store %s is of version %d, and this pi-computed knows "
                                   "versions up to %d only: it is kept as %s, and a new one is "
                                   "begun; to have its jobs back, install the newer pi-computed "
                                   "and rename it while the service is stopped",
                                   path, version, pi_schema_version, name);
        return g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                           "The store %s is damaged (%s): it is kept as %s, and a new one is "
                           "begun; jobs that were to go on and the history of jobs are only in "
                           "the old one, see what \"sqlite3 %s .recover\" can read",
                           path, what, name, name);
}

static bool set_aside(const char *path, Judgement judgement, int version, const char *what,
                      PiOpening *ret, GError **error) {
        g_autofree char *kind = judgement == NEWER ? g_strdup_printf("version-%d", version)
                                                   : g_strdup("damaged");
        g_autofree char *name = pi_set_aside(path, kind, error);

        if (!name)
                return false;
        g_clear_error(&ret->set_aside);
        ret->set_aside = told(path, name, judgement, version, what);
        return true;
}

static void note_file(const char *path, PiOpening *ret) {
        struct stat st;

        ret->was_there = ret->was_there || (path && stat(path, &st) == 0);
}

PiDatabase *pi_database_open(const char *directory, bool check, PiOpening *ret, GError **error) {
        g_autofree char *path =
                directory ? g_build_filename(directory, PI_STORE_FILE, NULL) : NULL;

        *ret = (PiOpening) { 0 };
        /* Twice: a file that was set aside makes room for a new one. */
        for (unsigned attempt = 0; attempt < 2; attempt++) {
                g_autoptr(PiDatabase) db = NULL;
                g_autofree char *what = NULL;
                Judgement judgement;
                int version = 0;

                note_file(path, ret);
                db = pi_database_connect(path);
                /* What others may do with it holds for its log too. */
                if (!ret->was_there && path)
                        (void) chmod(path, 0600);
                judgement = judge(db, check, &version);
                if (judgement == FINE || judgement == EMPTY)
                        judgement = make_ready(db, judgement, version);
                if (judgement == FINE || judgement == EMPTY) {
                        pi_database_adopt(db);
                        ret->is_new = judgement == EMPTY;
                        return g_steal_pointer(&db);
                }
                if (judgement == UNREADABLE || !path || attempt > 0) {
                        g_propagate_error(error, pi_database_error(db, "opened"));
                        return NULL;
                }
                what = g_strdup(pi_database_what(db));
                g_clear_pointer(&db, pi_database_close);
                if (!set_aside(path, judgement, version, what, ret, error))
                        return NULL;
        }
        g_assert_not_reached();
}
