/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/exporter/http.h"

#include <microhttpd.h>
#include <string.h>

#include "daemon/metrics/prometheus.h"
#include "dbus/error.h"

/* For the head of a request, and of an answer. */
#define CONNECTION_MEMORY (16 * 1024)
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_HTML "text/html; charset=utf-8"

static const char farewell[] = "The exporter stops; ask again.\n";

static const char index_page[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><title>pi-computed</title>\n"
        "<h1>pi-computed</h1>\n<p><a href=\"/metrics\">Figures for Prometheus</a></p></html>\n";

/* A listening socket. */
typedef struct Server {
        GSource source;
        struct MHD_Daemon *daemon;
        gpointer tag;
} Server;

struct PiHttp {
        PiScrape *scrape; /* NULL when all ends */
        Server *server[PI_LISTEN_MAX];
        unsigned n_servers;
        GPtrArray *asking; /* Request, those that the service is asked for */

        unsigned connections;
        unsigned idle_seconds;
        guint idle_timer;
        GSourceFunc idle;
        gpointer idle_data;
};

typedef struct Request {
        PiHttp *http;
        struct MHD_Connection *connection;
        gboolean suspended;
        unsigned status; /* 0: not known yet */
        GBytes *text;
} Request;

static gboolean server_prepare(GSource *source, gint *timeout_msec) {
        MHD_UNSIGNED_LONG_LONG msec;

        if (MHD_get_timeout(((Server *) source)->daemon, &msec) != MHD_YES)
                return FALSE;
        *timeout_msec = (gint) MIN(msec, (MHD_UNSIGNED_LONG_LONG) G_MAXINT);
        return msec == 0;
}

static gboolean server_check(GSource *source) {
        Server *server = (Server *) source;
        MHD_UNSIGNED_LONG_LONG msec;

        return g_source_query_unix_fd(source, server->tag) != 0 ||
               (MHD_get_timeout(server->daemon, &msec) == MHD_YES && msec == 0);
}

static gboolean server_dispatch(GSource *source, GSourceFunc callback, gpointer userdata) {
        g_source_set_ready_time(source, -1);
        MHD_run(((Server *) source)->daemon);
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs server_funcs = {
        .prepare = server_prepare,
        .check = server_check,
        .dispatch = server_dispatch,
};

static enum MHD_Result reply_bytes(struct MHD_Connection *connection, unsigned status,
                                   const char *type, const void *text, gsize length) {
        struct MHD_Response *response = MHD_create_response_from_buffer(
                        length, (void *) (uintptr_t) text, MHD_RESPMEM_MUST_COPY);
        enum MHD_Result r;

        if (!response)
                return MHD_NO;
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
                MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        r = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return r;
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             const char *text) {
        return reply_bytes(connection, status, type, text, strlen(text));
}

static gboolean has_body(struct MHD_Connection *connection) {
        const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                         MHD_HTTP_HEADER_CONTENT_LENGTH);

        return (length && strcmp(length, "0") != 0) ||
               MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                           MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* The head of a request has come. What is refused now has its connection closed. */
static enum MHD_Result begin(PiHttp *http, struct MHD_Connection *connection, const char *method,
                             void **request) {
        Request *r = g_new0(Request, 1);

        *r = (Request) { .http = http, .connection = connection };
        *request = r;
        if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
                return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, TYPE_TEXT,
                             "There are only GET and HEAD here.\n");
        if (has_body(connection))
                return reply(connection, MHD_HTTP_BAD_REQUEST, TYPE_TEXT,
                             "A request has no body here.\n");
        return MHD_YES;
}

static void wake(PiHttp *http, struct MHD_Connection *connection) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON);

        for (unsigned i = 0; i < http->n_servers; i++)
                if (http->server[i]->daemon == info->daemon)
                        g_source_set_ready_time(&http->server[i]->source, 0);
}

static void on_scraped(unsigned status, GBytes *text, gpointer userdata) {
        Request *r = userdata;

        r->status = status;
        r->text = g_bytes_ref(text);
        if (!r->suspended)
                return;
        r->suspended = FALSE;
        g_ptr_array_remove_fast(r->http->asking, r);
        MHD_resume_connection(r->connection);
        wake(r->http, r->connection);
}

static enum MHD_Result reply_metrics(Request *r) {
        if (r->status == 0 && !r->http->scrape)
                return reply(r->connection, MHD_HTTP_SERVICE_UNAVAILABLE, TYPE_TEXT, farewell);
        if (r->status == 0)
                pi_scrape_ask(r->http->scrape, on_scraped, r);
        if (r->status == 0) {
                /* Called again for the same request once it is resumed. */
                MHD_suspend_connection(r->connection);
                r->suspended = TRUE;
                g_ptr_array_add(r->http->asking, r);
                return MHD_YES;
        }
        return reply_bytes(r->connection, r->status,
                           r->status == MHD_HTTP_OK ? PI_PROMETHEUS_CONTENT_TYPE : TYPE_TEXT,
                           g_bytes_get_data(r->text, NULL), g_bytes_get_size(r->text));
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **request) {
        if (!*request)
                return begin(userdata, connection, method, request);
        if (*upload_size > 0)
                return MHD_NO;
        if (strcmp(url, "/metrics") == 0)
                return reply_metrics(*request);
        if (strcmp(url, "/") == 0)
                return reply(connection, MHD_HTTP_OK, TYPE_HTML, index_page);
        return reply(connection, MHD_HTTP_NOT_FOUND, TYPE_TEXT,
                     "There is nothing here; the figures are in /metrics.\n");
}

static void on_completed(void *userdata, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code) {
        Request *r = *request;

        if (!r)
                return;
        g_clear_pointer(&r->text, g_bytes_unref);
        g_free(r);
        *request = NULL;
}

static gboolean on_idle(gpointer userdata) {
        PiHttp *http = userdata;

        http->idle_timer = 0;
        http->idle(http->idle_data);
        return G_SOURCE_REMOVE;
}

static void await_idle(PiHttp *http) {
        g_clear_handle_id(&http->idle_timer, g_source_remove);
        if (http->idle && http->connections == 0)
                http->idle_timer = g_timeout_add_seconds(http->idle_seconds, on_idle, http);
}

static void on_connection(void *userdata, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code) {
        PiHttp *http = userdata;

        if (code == MHD_CONNECTION_NOTIFY_STARTED)
                http->connections++;
        else {
                http->connections--;
                /* When there were too many, it accepts again in its next run, but asks for none. */
                wake(http, connection);
        }
        await_idle(http);
}

static struct MHD_Daemon *start_daemon(PiHttp *http, int fd) {
        return MHD_start_daemon(
                        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
                        MHD_OPTION_LISTEN_SOCKET, fd,
                        MHD_OPTION_CONNECTION_LIMIT, (unsigned) PI_HTTP_CONNECTIONS_MAX,
                        MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                        (unsigned) PI_HTTP_CONNECTIONS_PER_IP_MAX,
                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) PI_HTTP_TIMEOUT_SEC,
                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_MEMORY,
                        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
                        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
                        MHD_OPTION_END);
}

static gboolean add_server(PiHttp *http, int fd, GError **error) {
        struct MHD_Daemon *daemon = start_daemon(http, fd);
        const union MHD_DaemonInfo *info;
        Server *server;

        if (!daemon) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "libmicrohttpd could not serve the socket: is it a TCP socket "
                                    "that listens, and are there file descriptors left?");
                return FALSE;
        }
        server = (Server *) g_source_new(&server_funcs, sizeof(Server));
        server->daemon = daemon;
        info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
        server->tag = g_source_add_unix_fd(&server->source, info->epoll_fd, G_IO_IN);
        g_source_set_name(&server->source, "http");
        g_source_attach(&server->source, NULL);
        http->server[http->n_servers++] = server;
        return TRUE;
}

PiHttp *pi_http_new(const PiListen *sockets, PiScrape *scrape, GError **error) {
        g_autoptr(PiHttp) http = g_new0(PiHttp, 1);

        http->scrape = scrape;
        http->asking = g_ptr_array_new();
        for (unsigned i = 0; i < sockets->n; i++)
                if (!add_server(http, sockets->fd[i], error))
                        return NULL;
        return g_steal_pointer(&http);
}

/* libmicrohttpd cannot stop while a connection is suspended. */
static void resume_all(PiHttp *http) {
        while (http->asking->len > 0) {
                g_autoptr(GBytes) text = g_bytes_new_static(farewell, strlen(farewell));
                on_scraped(MHD_HTTP_SERVICE_UNAVAILABLE, text, http->asking->pdata[0]);
        }
}

void pi_http_free(PiHttp *http) {
        if (!http)
                return;
        http->scrape = NULL;
        resume_all(http);
        for (unsigned i = 0; i < http->n_servers; i++) {
                Server *server = http->server[i];

                MHD_run(server->daemon);
                g_source_destroy(&server->source);
                MHD_stop_daemon(server->daemon);
                g_source_unref(&server->source);
        }
        /* After the daemons: the end of each connection starts it. */
        http->idle = NULL;
        await_idle(http);
        g_ptr_array_unref(http->asking);
        g_free(http);
}

void pi_http_on_idle(PiHttp *http, unsigned seconds, GSourceFunc idle, gpointer userdata) {
        http->idle_seconds = seconds;
        http->idle = idle;
        http->idle_data = userdata;
        await_idle(http);
}
