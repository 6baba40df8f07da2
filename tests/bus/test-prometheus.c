/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bus/exporter.h"

/* What Prometheus itself makes of the figures, by pictl and by the exporter. */

#define POLL_USEC 100000

typedef struct Run {
        int status;
        char *out, *err;
} Run;

static void run_clear(Run *run) {
        g_free(run->out);
        g_free(run->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static Run run_with(TestBus *bus, const char *input, const char *const *argv) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        bus, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                             G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autoptr(GError) error = NULL;
        g_autoptr(GSubprocess) process = g_subprocess_launcher_spawnv(launcher, argv, &error);
        Run run;

        g_assert_no_error(error);
        g_subprocess_communicate_utf8(process, input, NULL, &run.out, &run.err, &error);
        g_assert_no_error(error);
        g_assert_true(g_subprocess_get_if_exited(process));
        run.status = g_subprocess_get_exit_status(process);
        return run;
}

static Run pictl(TestSession *f, const char *first, const char *second) {
        const char *const argv[] = { g_getenv("PI_PICTL"), "--user", "metrics", first, second,
                                     NULL };

        return run_with(f->bus, NULL, argv);
}

/* Without a word: not even a warning. */
static void assert_promtool_is_content(TestSession *f, const char *text) {
        const char *promtool = g_getenv("PI_PROMTOOL");
        const char *const argv[] = { promtool, "check", "metrics", NULL };
        g_auto(Run) run = { 0 };

        if (!promtool || !promtool[0]) {
                g_test_skip("there is no promtool: install prometheus");
                return;
        }
        run = run_with(f->bus, text, argv);
        g_assert_cmpstr(run.out, ==, "");
        g_assert_cmpstr(run.err, ==, "");
        g_assert_cmpint(run.status, ==, 0);
}

static void pictl_prometheus(TestSession *f, gconstpointer data) {
        g_auto(Run) run = { 0 };

        g_assert_null(test_compute(f->client, 1000000, "{'parts': <uint64 100>}", NULL, NULL));
        run = pictl(f, "--format=prometheus", NULL);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_cmpstr(run.err, ==, "");
        g_assert_nonnull(strstr(run.out, "\npicompute_up 1\n"));
        g_assert_nonnull(strstr(run.out, "\npicompute_parts_computed_total 100\n"));
        g_assert_nonnull(strstr(run.out, "\npicompute_core_state{cpu=\""));
        assert_promtool_is_content(f, run.out);
}

/* Of a service that does not run, that is what there is to tell. */
static void pictl_without_service(TestSession *f, gconstpointer data) {
        g_auto(Run) run = { 0 };

        test_daemon_stop(f->bus);
        run = pictl(f, "--format=prometheus", NULL);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_true(g_str_has_suffix(run.out, "\npicompute_up 0\n"));
        assert_promtool_is_content(f, run.out);
        g_assert_cmpint(sd_bus_get_name_creds(f->client, PI_BUS_NAME, 0, NULL), ==, -ENXIO);
}

static void pictl_output(TestSession *f, gconstpointer data) {
        static const struct {
                const char *format, *holds;
        } formats[] = {
                { "--format=prometheus", "\npicompute_up 1\n" },
                { "--format=text", "Throughput\n" },
                { "--json=short", "\"jobs_done\"" },
        };
        g_autofree char *path = g_build_filename(f->bus->state, "figures", NULL);
        g_autofree char *option = g_strdup_printf("--output=%s", path);

        for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
                g_auto(Run) run = pictl(f, formats[i].format, option);
                g_autofree char *text = NULL;
                GStatBuf st;

                g_assert_cmpint(run.status, ==, 0);
                g_assert_cmpstr(run.out, ==, "");
                g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
                g_assert_nonnull(strstr(text, formats[i].holds));
                g_assert_no_errno(g_stat(path, &st));
                g_assert_cmpuint(st.st_mode & 07777, ==, 0644);
        }
}

static void pictl_refused(TestSession *f, gconstpointer data) {
        static const struct {
                const char *first, *second;
                int status;
                const char *says;
        } runs[] = {
                { "--format=csv", NULL, 2, "text or prometheus" },
                { "--format=", NULL, 2, "--format" },
                { "--format=prometheus", "--json=short", 2, "exclude each other" },
                { "--output=/nonexistent/figures", NULL, 1, "/nonexistent/figures" },
                { "--output=/dev/null", NULL, 1, "no ordinary file" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
                g_auto(Run) run = pictl(f, runs[i].first, runs[i].second);

                g_test_message("%s", run.err);
                g_assert_cmpint(run.status, ==, runs[i].status);
                g_assert_cmpstr(run.out, ==, "");
                g_assert_nonnull(strstr(run.err, runs[i].says));
        }
}

static void exporter_promtool(TestSession *f, gconstpointer data) {
        GSubprocess *exporter;
        guint16 port;

        if (!test_exporter_path()) {
                g_test_skip("the exporter is not built: there is no libmicrohttpd");
                return;
        }
        g_assert_null(test_compute(f->client, 1000000, NULL, NULL, NULL));
        exporter = test_exporter_start(f->bus, NULL, &port);
        {
                g_auto(TestReply) reply = test_http(port, "GET", "/metrics", NULL);

                g_assert_cmpint(reply.status, ==, 200);
                assert_promtool_is_content(f, reply.body);
        }
        test_exporter_stop(exporter);
}

/* A Prometheus of its own, on the loopback, that asks the exporter every second. */
typedef struct Server {
        char *dir;
        guint16 port;
        GSubprocess *process;
} Server;

static guint16 free_port(void) {
        struct sockaddr_in a = { .sin_family = AF_INET };
        socklen_t size = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        g_assert_no_errno(fd);
        g_assert_no_errno(bind(fd, (struct sockaddr *) &a, sizeof(a)));
        g_assert_no_errno(getsockname(fd, (struct sockaddr *) &a, &size));
        close(fd);
        return ntohs(a.sin_port);
}

static Server server_start(TestBus *bus, guint16 exporter_port) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        bus, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
        g_autofree char *config = NULL, *text = NULL, *option = NULL, *storage = NULL;
        g_autofree char *address = NULL;
        g_autoptr(GError) error = NULL;
        Server s = { .port = free_port() };

        s.dir = g_dir_make_tmp("pi-prometheus-XXXXXX", &error);
        g_assert_no_error(error);
        config = g_build_filename(s.dir, "prometheus.yml", NULL);
        text = g_strdup_printf("global: { scrape_interval: 1s, evaluation_interval: 1s }\n"
                               "rule_files: ['%s/units/prometheus/pi-computed.rules.yml']\n"
                               "scrape_configs:\n"
                               "  - job_name: pi-computed\n"
                               "    static_configs: [{ targets: ['127.0.0.1:%u'] }]\n",
                               g_getenv("PI_SOURCE_ROOT"), exporter_port);
        g_assert_true(g_file_set_contents(config, text, -1, NULL));
        option = g_strdup_printf("--config.file=%s", config);
        storage = g_strdup_printf("--storage.tsdb.path=%s/data", s.dir);
        address = g_strdup_printf("--web.listen-address=127.0.0.1:%u", s.port);
        s.process = g_subprocess_launcher_spawn(launcher, &error, g_getenv("PI_PROMETHEUS"), option,
                                                storage, address, NULL);
        g_assert_no_error(error);
        return s;
}

static void server_end(Server *s) {
        const char *const argv[] = { "rm", "-rf", s->dir, NULL };

        g_subprocess_force_exit(s->process);
        g_subprocess_wait(s->process, NULL, NULL);
        g_object_unref(s->process);
        g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                                   NULL, NULL, NULL, NULL));
        g_free(s->dir);
}

/* "data" of an answer of its API, or NULL while it does not answer. */
static JsonNode *ask_server(const Server *s, const char *place) {
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/api/v1/%s", s->port, place);
        const char *const argv[] = { "curl", "--silent", "--fail", "--noproxy", "*", url, NULL };
        g_autofree char *out = NULL;
        JsonObject *object;

        g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                                   &out, NULL, NULL, NULL));
        if (!out[0] || !json_parser_load_from_data(parser, out, -1, NULL))
                return NULL;
        object = json_node_get_object(json_parser_get_root(parser));
        g_assert_cmpstr(json_object_get_string_member(object, "status"), ==, "success");
        return json_node_copy(json_object_get_member(object, "data"));
}

/* The value of a query that gives one; NaN while there is none. */
static double query(const Server *s, const char *expression) {
        g_autofree char *escaped = g_uri_escape_string(expression, NULL, FALSE);
        g_autofree char *place = g_strdup_printf("query?query=%s", escaped);
        g_autoptr(JsonNode) data = ask_server(s, place);
        JsonArray *result;

        if (!data)
                return NAN;
        result = json_object_get_array_member(json_node_get_object(data), "result");
        if (json_array_get_length(result) != 1)
                return NAN;
        return g_ascii_strtod(json_array_get_string_element(
                                              json_object_get_array_member(
                                                      json_array_get_object_element(result, 0),
                                                      "value"), 1), NULL);
}

/* Until it is so; the time limit of the test is the limit. */
static void wait_for(const Server *s, const char *expression, double wanted) {
        double value = query(s, expression);

        while (!(fabs(value - wanted) <= fabs(wanted) * 1e-12)) {
                g_usleep(POLL_USEC);
                value = query(s, expression);
        }
        g_test_message("%s is %g", expression, value);
}

/* Every rule was evaluated, and none of them failed to. */
static void assert_rules_are_well(const Server *s) {
        g_autoptr(JsonNode) data = NULL;
        JsonArray *groups, *rules;
        gboolean known = FALSE;

        while (!known) {
                g_clear_pointer(&data, json_node_unref);
                data = ask_server(s, "rules");
                known = TRUE;
                groups = json_object_get_array_member(json_node_get_object(data), "groups");
                g_assert_cmpuint(json_array_get_length(groups), ==, 1);
                rules = json_object_get_array_member(json_array_get_object_element(groups, 0),
                                                     "rules");
                g_assert_cmpuint(json_array_get_length(rules), >, 10);
                for (guint i = 0; i < json_array_get_length(rules); i++) {
                        JsonObject *rule = json_array_get_object_element(rules, i);
                        const char *health = json_object_get_string_member(rule, "health");

                        g_assert_cmpstr(health, !=, "err");
                        known = known && g_str_equal(health, "ok");
                }
                g_usleep(known ? 0 : POLL_USEC);
        }
}

static void real_prometheus(TestSession *f, gconstpointer data) {
        g_autoptr(GVariant) metrics = NULL;
        const char *path = g_getenv("PI_PROMETHEUS");
        g_autofree char *curl = g_find_program_in_path("curl");
        GSubprocess *exporter;
        guint16 port;
        Server s;

        if (!test_exporter_path() || !path || !path[0] || !curl) {
                g_test_skip("it needs the exporter, prometheus and curl");
                return;
        }
        exporter = test_exporter_start(f->bus, NULL, &port);
        s = server_start(f->bus, port);
        wait_for(&s, "picompute_up", 1);
        g_assert_null(test_compute(f->client, 12345678, "{'parts': <uint64 321>}", NULL, NULL));
        metrics = test_metrics(f->client);
        wait_for(&s, "picompute_jobs_done_total", 1);
        wait_for(&s, "picompute_terms_computed_total", 12345678);
        wait_for(&s, "sum(picompute_core_terms_total)", 12345678);
        wait_for(&s, "picompute_part_seconds_count", 321);
        wait_for(&s, "picompute_part_seconds_bucket{le=\"+Inf\"}", 321);
        wait_for(&s, "picompute_response_seconds_sum",
                 (double) test_lookup_u64(metrics, "response_sum_usec") / 1e6);
        wait_for(&s, "sum(picompute_core_state)", 2);
        wait_for(&s, "count(scrape_samples_scraped > 100)", 1);
        assert_rules_are_well(&s);
        /* The service ends: the exporter is there and says so. */
        test_daemon_stop(f->bus);
        wait_for(&s, "picompute_up", 0);
        wait_for(&s, "up", 1);
        wait_for(&s, "count(ALERTS{alertname=\"PicomputeDown\", alertstate=\"pending\"})", 1);
        server_end(&s);
        test_exporter_stop(exporter);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) \
        g_test_add(path, TestSession, NULL, test_session_set_up, function, test_session_tear_down)
        TEST("/prometheus/pictl", pictl_prometheus);
        TEST("/prometheus/pictl-without-service", pictl_without_service);
        TEST("/prometheus/pictl-output", pictl_output);
        TEST("/prometheus/pictl-refused", pictl_refused);
        TEST("/prometheus/exporter", exporter_promtool);
        TEST("/prometheus/real", real_prometheus);
        return g_test_run();
}
