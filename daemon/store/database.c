/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/database.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus/error.h"

/* An idle service is small: a page of the cache is 4 KiB. */
#define CACHE_KIB "128"

/* For readers beside the service: longer than their locks, shorter than anyone's patience. */
#define BUSY_MSEC 250

/* No row of ours comes near; a damaged file may claim anything. */
#define LENGTH_MAX (16 << 20)

struct PiDatabase {
        char *path; /* NULL: in memory */
        sqlite3 *sqlite;
        sqlite3_stmt *statement[_PI_STATEMENT_MAX];
        dev_t device;
        ino_t inode;
        ino_t log_inode; /* 0 until something was committed */
        int code;
        int error; /* errno, 0 when there is none */
        char *what;
        uint32_t bad_rows;
};

/* Why nothing can be made in the directory of the file; 0: it can. */
static int why_not_writable(const char *path) {
        g_autofree char *directory = g_path_get_dirname(path);

        return access(directory, W_OK) == 0 ? 0 : errno;
}

/* What the system said: of other codes it would be that of something past. SQLite does not keep it
 * when a transaction fails at its end; errno then still has it. */
static int system_error(PiDatabase *db, int code, int last) {
        if (!db->sqlite || ((code & 0xff) != SQLITE_IOERR && (code & 0xff) != SQLITE_CANTOPEN))
                return 0;
        /* A file beside it could not be made: of that SQLite keeps what it tried last. */
        if ((code & 0xff) == SQLITE_CANTOPEN && db->path && why_not_writable(db->path) != 0)
                return why_not_writable(db->path);
        return sqlite3_system_errno(db->sqlite) ?: last;
}

bool pi_database_note(PiDatabase *db, int rc) {
        int last = errno;

        if (rc == SQLITE_OK)
                return true;
        db->code = db->sqlite ? sqlite3_extended_errcode(db->sqlite) : rc;
        if ((db->code & 0xff) != (rc & 0xff))
                db->code = rc;
        db->error = system_error(db, db->code, last);
        g_free(db->what);
        if (db->sqlite && sqlite3_errcode(db->sqlite) == db->code)
                db->what = g_strdup(sqlite3_errmsg(db->sqlite));
        else
                db->what = g_strdup(sqlite3_errstr(rc));
        return false;
}

void pi_database_note_damage(PiDatabase *db, const char *what) {
        db->code = SQLITE_CORRUPT;
        db->error = 0;
        g_free(db->what);
        db->what = g_strdup(what);
}

static char *log_path(const PiDatabase *db) {
        return g_strconcat(db->path, "-wal", NULL);
}

static void note_log(PiDatabase *db) {
        g_autofree char *path = db->path ? log_path(db) : NULL;
        struct stat st;

        if (path && stat(path, &st) == 0)
                db->log_inode = st.st_ino;
}

/* Beside another file that has taken the name of ours, our log would be taken for a part of it. */
static void remove_log(const PiDatabase *db) {
        g_autofree char *path = log_path(db);
        struct stat st;

        if (stat(path, &st) == 0 && st.st_ino == db->log_inode)
                (void) unlink(path);
}

static void note_identity(PiDatabase *db) {
        struct stat st;

        if (!db->path || stat(db->path, &st) < 0)
                return;
        db->device = st.st_dev;
        db->inode = st.st_ino;
}

/* A database with a log needs files beside it even to be read, unless it is said that nobody
 * changes it; NULL unless that is so. */
static char *frozen_uri(const char *path) {
        g_autofree char *log = path ? g_strconcat(path, "-wal", NULL) : NULL;
        g_autofree char *uri = NULL;

        if (!path || !g_path_is_absolute(path) || why_not_writable(path) == 0 ||
            access(path, R_OK) < 0 || access(log, F_OK) == 0)
                return NULL;
        uri = g_filename_to_uri(path, NULL, NULL);
        return uri ? g_strconcat(uri, "?immutable=1", NULL) : NULL;
}

static int open_sqlite(const char *path, sqlite3 **ret) {
        const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
        g_autofree char *uri = frozen_uri(path);

        if (uri)
                return sqlite3_open_v2(uri, ret, flags | SQLITE_OPEN_URI | SQLITE_OPEN_READONLY,
                                       NULL);
        return sqlite3_open_v2(path ?: ":memory:", ret,
                               flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
}

PiDatabase *pi_database_connect(const char *path) {
        /* Nobody's wishes for a database are taken from the file itself, and a journal of somebody
         * else's is left as it is. */
        static const char setup[] = "PRAGMA foreign_keys = ON; PRAGMA cache_size = -" CACHE_KIB ";"
                                    "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
                                    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON";
        PiDatabase *db = g_new0(PiDatabase, 1);

        db->path = g_strdup(path);
        errno = 0;
        if (!pi_database_note(db, open_sqlite(path, &db->sqlite)))
                return db;
        note_identity(db);
        sqlite3_busy_timeout(db->sqlite, BUSY_MSEC);
        sqlite3_limit(db->sqlite, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
        (void) sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void) sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        /* Saves some 100 KiB; what it would speed up waits for a disk anyway. */
        (void) sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
        pi_database_note(db, sqlite3_exec(db->sqlite, setup, NULL, NULL, NULL));
        return db;
}

bool pi_database_settle(PiDatabase *db) {
        /* FULL: what is committed is on disk, also after the power failed. Where the file system
         * cannot do a write-ahead log the old journal stays, which is as safe. */
        static const char setup[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                    "PRAGMA wal_autocheckpoint = 256;"
                                    "PRAGMA journal_size_limit = 1048576";

        errno = 0;
        return pi_database_note(db, sqlite3_exec(db->sqlite, setup, NULL, NULL, NULL));
}

void pi_database_adopt(PiDatabase *db) {
        (void) sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
}

void pi_database_close(PiDatabase *db) {
        bool moved = db && db->sqlite && pi_database_is_moved(db);

        if (!db)
                return;
        for (PiStatement s = 0; s < _PI_STATEMENT_MAX; s++)
                (void) sqlite3_finalize(db->statement[s]);
        /* Nor is a log that came with that file ours to write into it. */
        if (moved)
                (void) sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        (void) sqlite3_close(db->sqlite);
        if (moved)
                remove_log(db);
        g_free(db->what);
        g_free(db->path);
        g_free(db);
}

sqlite3 *pi_database_sqlite(PiDatabase *db) {
        return db->sqlite;
}

const char *pi_database_path(const PiDatabase *db) {
        return db->path ?: ":memory:";
}

bool pi_database_is_moved(const PiDatabase *db) {
        struct stat st;

        if (!db->path)
                return false;
        return stat(db->path, &st) < 0 || st.st_dev != db->device || st.st_ino != db->inode;
}

bool pi_database_is_read_only(const PiDatabase *db) {
        return sqlite3_db_readonly(db->sqlite, "main") != 0;
}

bool pi_database_ask(PiDatabase *db, const char *sql, int64_t *ret) {
        sqlite3_stmt *statement = NULL;
        int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL);

        errno = 0;
        if (rc == SQLITE_OK) {
                rc = sqlite3_step(statement);
                if (rc == SQLITE_ROW)
                        *ret = sqlite3_column_int64(statement, 0);
                if (rc == SQLITE_ROW || rc == SQLITE_DONE)
                        rc = SQLITE_OK;
        }
        pi_database_note(db, rc);
        (void) sqlite3_finalize(statement);
        return rc == SQLITE_OK;
}

PiBinder pi_database_bind(PiDatabase *db, PiStatement statement) {
        sqlite3_stmt **slot = &db->statement[statement];
        int rc = SQLITE_OK;

        if (!*slot)
                rc = sqlite3_prepare_v3(db->sqlite, pi_statement_sql(statement), -1,
                                        SQLITE_PREPARE_PERSISTENT, slot, NULL);
        pi_database_note(db, rc);
        return (PiBinder) { .statement = *slot, .rc = rc };
}

void pi_database_reset(PiBinder *b) {
        /* Its failure is that of the step before. */
        (void) sqlite3_reset(b->statement);
        (void) sqlite3_clear_bindings(b->statement);
}

PiStep pi_database_next(PiDatabase *db, PiBinder *b) {
        int rc = b->rc;

        if (!b->statement)
                return PI_STEP_FAILED;
        errno = 0;
        if (rc == SQLITE_OK)
                rc = sqlite3_step(b->statement);
        if (rc == SQLITE_ROW)
                return PI_STEP_ROW;
        if (rc != SQLITE_DONE)
                pi_database_note(db, rc);
        pi_database_reset(b);
        return rc == SQLITE_DONE ? PI_STEP_DONE : PI_STEP_FAILED;
}

bool pi_database_run(PiDatabase *db, PiBinder *b) {
        PiStep step;

        do
                step = pi_database_next(db, b);
        while (step == PI_STEP_ROW);
        return step == PI_STEP_DONE;
}

static bool run_plain(PiDatabase *db, PiStatement statement) {
        PiBinder b = pi_database_bind(db, statement);

        return pi_database_run(db, &b);
}

bool pi_database_begin(PiDatabase *db) {
        return run_plain(db, PI_STATEMENT_BEGIN);
}

bool pi_database_commit(PiDatabase *db) {
        if (!run_plain(db, PI_STATEMENT_COMMIT))
                return false;
        if (db->log_inode == 0)
                note_log(db);
        return true;
}

void pi_database_rollback(PiDatabase *db) {
        PiBinder b;

        /* SQLite may have done so by itself. What failed first is what counts. */
        if (sqlite3_get_autocommit(db->sqlite))
                return;
        b = pi_database_bind(db, PI_STATEMENT_ROLLBACK);
        if (!b.statement)
                return;
        (void) sqlite3_step(b.statement);
        pi_database_reset(&b);
}

void pi_database_empty_log(PiDatabase *db) {
        (void) sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

void pi_database_note_bad_row(PiDatabase *db) {
        db->bad_rows++;
}

uint32_t pi_database_bad_rows(const PiDatabase *db) {
        return db->bad_rows;
}

int pi_database_code(const PiDatabase *db) {
        return db->code;
}

const char *pi_database_what(const PiDatabase *db) {
        return db->what ?: "";
}

PiTrouble pi_database_trouble(const PiDatabase *db) {
        switch (db->code & 0xff) {
        case SQLITE_OK:
                return PI_TROUBLE_NONE;
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH:
                return PI_TROUBLE_ROW;
        case SQLITE_FULL:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_NOMEM:
        case SQLITE_INTERRUPT:
                return PI_TROUBLE_PASSING;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT:
        case SQLITE_ERROR: /* a table or column of ours is gone */
                return PI_TROUBLE_DAMAGE;
        default:
                return PI_TROUBLE_CONNECTION;
        }
}

static char *advice(const PiDatabase *db, const char *directory) {
        int code = db->code & 0xff;

        if (code == SQLITE_FULL || db->error == ENOSPC || db->error == EDQUOT || db->error == EFBIG)
                return g_strconcat("free some space in ", directory, NULL);
        if (code == SQLITE_READONLY || code == SQLITE_PERM || code == SQLITE_AUTH ||
            db->error == EROFS || db->error == EACCES || db->error == EPERM)
                return g_strconcat("let the service write in ", directory, NULL);
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
                return g_strdup("end the program that has locked it");
        if (pi_database_trouble(db) == PI_TROUBLE_DAMAGE)
                return g_strdup("it is checked and, if it is damaged, set aside at the next try");
        return g_strconcat("see whether the disk works that holds ", directory, NULL);
}

GError *pi_database_error(const PiDatabase *db, const char *done) {
        g_autofree char *directory = g_path_get_dirname(pi_database_path(db));
        g_autofree char *remedy = advice(db, directory);

        return g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                           "The store %s cannot be %s (%s%s%s): %s", pi_database_path(db), done,
                           pi_database_what(db), db->error ? ": " : "",
                           db->error ? g_strerror(db->error) : "", remedy);
}
