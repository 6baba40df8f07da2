/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link whose other side is no friend, or no pi-computed. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/link.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "tests/unit/cluster/ends.h"
#include "tests/unit/cluster/foreign.h"

#define PEER "org.freedesktop.DBus.Peer"
#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"

/* A link, accepted, and a client with an identity of its own. */
typedef struct Siege {
        End end;
        PiIdentity *identity;
        Foreign foreign;
} Siege;

static void set_up(Siege *s, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        int fds[2];

        end_init(&s->end);
        s->identity = pi_identity_load(NULL, &error);
        g_assert_no_error(error);
        tcp_pair(fds);
        foreign_init(&s->foreign, fds[0], FALSE, FOREIGN_PRIORITY, s->identity->credentials);
        end_link(&s->end, fds[1], PI_LINK_ACCEPTED);
}

static void tear_down(Siege *s, gconstpointer unused) {
        foreign_clear(&s->foreign);
        end_clear(&s->end);
        pi_identity_free(s->identity);
}

static void wait_for_end(Siege *s, int code, const char *text) {
        while (!s->end.downs && s->foreign.error == 0) {
                (void) foreign_receive(&s->foreign);
                g_main_context_iteration(NULL, FALSE);
        }
        wait_until(s->end.downs);
        assert_says(s->end.why, PI_ERROR, code, text);
}

/* As far as a member gets. */
static void get_in(Siege *s) {
        g_autoptr(GDBusMessage) pong = NULL;
        guint32 serial;

        g_assert_cmpint(foreign_handshake(&s->foreign), ==, 0);
        foreign_begin_bus(&s->foreign);
        serial = foreign_call(&s->foreign, PI_PEER_PATH, PI_INTERFACE_PEER, "Ping",
                              g_variant_new_uint64(41));
        pong = foreign_answer(&s->foreign, serial);
        g_assert_nonnull(pong);
        while (!s->end.ups) {
                (void) foreign_receive(&s->foreign);
                g_main_context_iteration(NULL, FALSE);
        }
}

static void echoes(Siege *s) {
        guint32 serial = foreign_call(&s->foreign, PI_PEER_PATH, PI_INTERFACE_PEER, "Echo",
                                      bytes_of(3, 1));
        g_autoptr(GDBusMessage) answer = foreign_answer(&s->foreign, serial);

        g_assert_nonnull(answer);
        g_assert_cmpstr(g_dbus_message_get_signature(answer), ==, "ay");
        g_assert_true(pi_link_is_up(s->end.link));
}

static void test_speaks_our_tongue(Siege *s, gconstpointer unused) {
        get_in(s);
        g_assert_cmpstr(pi_link_fingerprint(s->end.link), ==, s->identity->fingerprint);
        echoes(s);
        g_assert_cmpuint(s->end.calls, ==, 1);
}

static void test_no_certificate(void) {
        int fds[2];
        Siege s = {};

        end_init(&s.end);
        tcp_pair(fds);
        foreign_init(&s.foreign, fds[0], FALSE, FOREIGN_PRIORITY, NULL);
        end_link(&s.end, fds[1], PI_LINK_ACCEPTED);
        (void) foreign_handshake(&s.foreign);
        wait_for_end(&s, PI_ERROR_FAILED, "showed no certificate");
        g_assert_cmpuint(s.end.ups + s.end.admits, ==, 0);
        tear_down(&s, NULL);
}

/* Whoever refuses knows the fingerprint, and the other side that it was refused. */
static void wrong_pin(gboolean dialler_refuses) {
        static const char other[] = "0123456789abcdef0123456789abcdef"
                                    "0123456789abcdef0123456789abcdef";
        End a, b, *refusing = dialler_refuses ? &a : &b, *refused = dialler_refuses ? &b : &a;
        int fds[2];

        end_init(&a);
        end_init(&b);
        refusing->pin = other;
        tcp_pair(fds);
        end_link(&a, fds[0], PI_LINK_DIALLED);
        end_link(&b, fds[1], PI_LINK_ACCEPTED);
        wait_until(a.downs && b.downs);
        g_assert_cmpuint(a.ups + b.ups, ==, 0);
        assert_says(refusing->why, PI_ERROR, PI_ERROR_NOT_AUTHORIZED, "This node refused 127.0");
        assert_says(refusing->why, PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                    refused->identity->fingerprint);
        assert_says(refused->why, PI_ERROR, PI_ERROR_NOT_AUTHORIZED, "refused this node");
        end_clear(&a);
        end_clear(&b);
}

static void test_wrong_pin(void) {
        wrong_pin(TRUE);
        wrong_pin(FALSE);
}

static void test_older_tls(gconstpointer server) {
        int fds[2];
        Siege s = {};

        end_init(&s.end);
        s.identity = pi_identity_load(NULL, NULL);
        tcp_pair(fds);
        foreign_init(&s.foreign, fds[0], server != NULL, "NORMAL:-VERS-ALL:+VERS-TLS1.2",
                     s.identity->credentials);
        end_link(&s.end, fds[1], server ? PI_LINK_DIALLED : PI_LINK_ACCEPTED);
        g_assert_cmpint(foreign_handshake(&s.foreign), <, 0);
        wait_until(s.end.downs);
        g_assert_error(s.end.why, PI_ERROR, PI_ERROR_FAILED);
        g_assert_cmpuint(s.end.ups + s.end.admits, ==, 0);
        tear_down(&s, NULL);
}

/* A session that went on would be one whose certificate nobody looks at. */
static void test_resumption(Siege *s, gconstpointer unused) {
        gnutls_datum_t data = {};
        int fds[2];

        get_in(s);
        g_assert_cmpint(gnutls_session_get_data2(s->foreign.session, &data), ==, 0);
        g_clear_pointer(&s->end.link, pi_link_free);
        foreign_clear(&s->foreign);
        tcp_pair(fds);
        foreign_init(&s->foreign, fds[0], FALSE, FOREIGN_PRIORITY, s->identity->credentials);
        (void) gnutls_session_set_data(s->foreign.session, data.data, data.size);
        gnutls_free(data.data);
        end_link(&s->end, fds[1], PI_LINK_ACCEPTED);
        get_in(s);
        g_assert_false(gnutls_session_is_resumed(s->foreign.session));
        g_assert_cmpuint(s->end.admits, ==, 1);
}

static void test_junk_for_a_handshake(void) {
        static const char *const junk[] = {
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "SSH-2.0-OpenSSH_9.2\r\n",
                "\026\003\001\377\377\001\377\377\377 a hello of 16 MiB",
                "l\001\002\003 this is something else altogether",
        };

        for (guint i = 0; i < G_N_ELEMENTS(junk); i++) {
                int fds[2];
                End end;

                end_init(&end);
                tcp_pair(fds);
                end_link(&end, fds[1], PI_LINK_ACCEPTED);
                g_assert_cmpint(write(fds[0], junk[i], strlen(junk[i])), >, 0);
                g_assert_cmpint(shutdown(fds[0], SHUT_WR), ==, 0);
                wait_until(end.downs);
                g_assert_error(end.why, PI_ERROR, PI_ERROR_FAILED);
                (void) close(fds[0]);
                end_clear(&end);
        }
}

static void test_junk_for_a_bus(Siege *s, gconstpointer unused) {
        g_assert_cmpint(foreign_handshake(&s->foreign), ==, 0);
        foreign_send(&s->foreign, "GET / HTTP/1.1\r\n\r\n", 18);
        wait_for_end(s, PI_ERROR_FAILED, "do not begin a D-Bus connection");
        g_assert_cmpuint(s->end.ups, ==, 0);
}

static void test_junk_for_a_message(Siege *s, gconstpointer unused) {
        get_in(s);
        foreign_send(&s->foreign, "this is no message", 18);
        wait_for_end(s, PI_ERROR_FAILED, "no D-Bus message");
}

/* A header that is one, and fields that are none: sd-bus drops the message, and nothing else. */
static void test_junk_in_a_message(Siege *s, gconstpointer unused) {
        static const guint8 message[] = { 'l', 1, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0,
                                          255, 255, 255, 255, 255, 255, 255, 255 };

        get_in(s);
        foreign_send(&s->foreign, message, sizeof(message));
        echoes(s);
}

/* Refused by its header, ahead of the bytes. */
static void test_oversized(Siege *s, gconstpointer unused) {
        static const guint8 header[] = { 'l', 1, 0, 1, 0, 0, 16, 0, 9, 0, 0, 0, 8, 0, 0, 0 };

        get_in(s);
        foreign_send(&s->foreign, header, sizeof(header));
        wait_for_end(s, PI_ERROR_FAILED, "sent a message of 1048600 bytes, at most 1048576");
}

/* It goes, and what it said last is not half a message to anybody. */
static void test_half_a_message(Siege *s, gconstpointer unused) {
        static const guint8 half[] = { 'l', 1, 0, 1, 0, 0, 1, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 1 };

        get_in(s);
        foreign_send(&s->foreign, half, sizeof(half));
        (void) close(s->foreign.fd);
        s->foreign.fd = -1;
        wait_until(s->end.downs);
        assert_says(s->end.why, PI_ERROR, PI_ERROR_NODE_LOST, "closed the connection");
}

static void fails(Siege *s, const char *path, const char *interface, const char *member,
                  GVariant *argument, PiError code) {
        guint32 serial = foreign_call(&s->foreign, path, interface, member, argument);
        g_autoptr(GDBusMessage) answer = foreign_answer(&s->foreign, serial);

        g_assert_nonnull(answer);
        g_assert_cmpint(g_dbus_message_get_message_type(answer), ==, G_DBUS_MESSAGE_TYPE_ERROR);
        g_assert_cmpstr(g_dbus_message_get_error_name(answer), ==, pi_error_name(code));
}

/* What sd-bus would answer by itself, and what it would take for calls of root. */
static void test_member_calls_the_machine(Siege *s, gconstpointer unused) {
        get_in(s);
        fails(s, "/", PEER, "GetMachineId", NULL, PI_ERROR_INCOMPATIBLE);
        fails(s, PI_PEER_PATH, PEER, "Ping", NULL, PI_ERROR_INCOMPATIBLE);
        fails(s, "/", INTROSPECTABLE, "Introspect", NULL, PI_ERROR_INCOMPATIBLE);
        fails(s, "/", "org.freedesktop.DBus", "Hello", NULL, PI_ERROR_INCOMPATIBLE);
        fails(s, "/", PI_INTERFACE_PEER, "Echo", bytes_of(1, 1), PI_ERROR_INCOMPATIBLE);
        fails(s, PI_PEER_PATH, NULL, "Echo", bytes_of(1, 1), PI_ERROR_INCOMPATIBLE);
        fails(s, PI_PEER_PATH, PI_INTERFACE_PEER, "echo", bytes_of(1, 1), PI_ERROR_INCOMPATIBLE);
        fails(s, PI_PEER_PATH, PI_INTERFACE_PEER, "Echo", NULL, PI_ERROR_INCOMPATIBLE);
        fails(s, PI_PEER_PATH, PI_INTERFACE_PEER, "Echo", g_variant_new_string("x"),
              PI_ERROR_INCOMPATIBLE);
        g_assert_cmpuint(s->end.calls, ==, 0);
        g_assert_true(pi_link_is_up(s->end.link));
}

static void test_stranger(Siege *s, gconstpointer unused) {
        s->end.admission = PI_LINK_JOINING;
        get_in(s);
        g_assert_cmpint(pi_link_admission(s->end.link), ==, PI_LINK_JOINING);
        fails(s, PI_PEER_PATH, PI_INTERFACE_PEER, "Echo", bytes_of(1, 1),
              PI_ERROR_NOT_AUTHORIZED);
        fails(s, PI_PEER_PATH, PI_INTERFACE_PEER, "Nonsense", NULL, PI_ERROR_NOT_AUTHORIZED);
        fails(s, "/", PEER, "GetMachineId", NULL, PI_ERROR_NOT_AUTHORIZED);
        fails(s, "/", INTROSPECTABLE, "Introspect", NULL, PI_ERROR_NOT_AUTHORIZED);
        g_assert_cmpuint(s->end.calls, ==, 0);
        fails(s, PI_PEER_PATH, PI_INTERFACE_PEER, "Join", g_variant_new_string("x"),
              PI_ERROR_QUOTA_EXCEEDED);
        g_assert_cmpuint(s->end.calls, ==, 1);
        /* It has few tries. */
        for (guint i = 0; i < 16; i++)
                (void) foreign_call(&s->foreign, PI_PEER_PATH, PI_INTERFACE_PEER, "Join",
                                    g_variant_new_string("x"));
        wait_for_end(s, PI_ERROR_NOT_AUTHORIZED, "it is no member");
        g_assert_cmpuint(s->end.calls, <, 17);
}

static void test_calls_before_up(Siege *s, gconstpointer unused) {
        g_autoptr(GDBusMessage) ping = NULL;
        g_autoptr(GDBusMessage) answer = NULL;

        g_assert_cmpint(foreign_handshake(&s->foreign), ==, 0);
        foreign_begin_bus(&s->foreign);
        (void) foreign_call(&s->foreign, PI_PEER_PATH, PI_INTERFACE_PEER, "Echo", bytes_of(1, 1));
        /* It does not answer the ping, so the link will not come up. */
        ping = foreign_next(&s->foreign);
        g_assert_cmpstr(g_dbus_message_get_member(ping), ==, "Ping");
        answer = foreign_next(&s->foreign);
        g_assert_cmpstr(g_dbus_message_get_error_name(answer), ==, pi_error_name(PI_ERROR_FAILED));
        g_assert_cmpuint(s->end.calls, ==, 0);
        wait_for_end(s, PI_ERROR_FAILED, "did not answer a ping within 5 s");
        g_assert_cmpuint(s->end.ups, ==, 0);
}

/* A server whose first messages come with its handshake, and hold what ends a line there. */
static void test_lines_in_messages(void) {
        static const char handshake[] = "OK 0123456789abcdef0123456789abcdef\r\n";
        g_autoptr(GDBusMessage) ping =
                g_dbus_message_new_method_call(NULL, PI_PEER_PATH, PI_INTERFACE_PEER, "Ping");
        g_autoptr(GDBusMessage) answer = NULL;
        g_autofree guchar *blob = NULL, *both = NULL;
        g_autoptr(GError) error = NULL;
        gsize n;
        int fds[2];
        Siege s = {};

        end_init(&s.end);
        s.identity = pi_identity_load(NULL, &error);
        g_assert_no_error(error);
        tcp_pair(fds);
        foreign_init(&s.foreign, fds[0], TRUE, FOREIGN_PRIORITY, s.identity->credentials);
        end_link(&s.end, fds[1], PI_LINK_DIALLED);
        g_assert_cmpint(foreign_handshake(&s.foreign), ==, 0);
        g_dbus_message_set_serial(ping, 0x0a0d0a0d);
        g_dbus_message_set_body(ping,
                                g_variant_new("(t)", G_GUINT64_CONSTANT(0x0a0d0a0d0a0d0a0d)));
        blob = g_dbus_message_to_blob(ping, &n, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
        g_assert_no_error(error);
        both = g_malloc(sizeof(handshake) - 1 + n);
        memcpy(both, handshake, sizeof(handshake) - 1);
        memcpy(both + sizeof(handshake) - 1, blob, n);
        foreign_send(&s.foreign, both, sizeof(handshake) - 1 + n);
        foreign_accept_bus(&s.foreign);
        answer = foreign_answer(&s.foreign, 0x0a0d0a0d);
        g_assert_nonnull(answer);
        g_assert_cmpint(g_dbus_message_get_message_type(answer), ==,
                        G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
        tear_down(&s, NULL);
}

static void test_wrong_pong(Siege *s, gconstpointer type) {
        g_autoptr(GDBusMessage) ping = NULL;
        g_autoptr(GDBusMessage) reply = NULL;
        GVariant *value = g_variant_new_parsed(type);

        g_assert_cmpint(foreign_handshake(&s->foreign), ==, 0);
        foreign_begin_bus(&s->foreign);
        ping = foreign_next(&s->foreign);
        reply = g_dbus_message_new_method_reply(ping);
        g_dbus_message_set_body(reply, g_variant_new_tuple(&value, 1));
        foreign_send_message(&s->foreign, reply);
        wait_for_end(s, PI_ERROR_FAILED, "does not answer pings as it should");
        g_assert_cmpuint(s->end.ups, ==, 0);
}

/* Answers of another type than that of the method never reach who asked. */
static void test_wrong_answer(Siege *s, gconstpointer unused) {
        g_autoptr(GDBusMessage) asked = NULL;
        g_autoptr(GDBusMessage) reply = NULL;
        GVariant *value = g_variant_new_string("no bytes");
        Answer answer = {};

        get_in(s);
        call(&s->end, "Echo", bytes_of(1, 1), &answer);
        asked = foreign_next(&s->foreign);
        g_assert_cmpstr(g_dbus_message_get_member(asked), ==, "Echo");
        reply = g_dbus_message_new_method_reply(asked);
        g_dbus_message_set_body(reply, g_variant_new_tuple(&value, 1));
        foreign_send_message(&s->foreign, reply);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_INCOMPATIBLE, "\"s\", not \"ay\"");
        answer_clear(&answer);
}

/* An error that sd-bus makes itself when a call times out, sent by the other side. */
static void test_forged_timeout(Siege *s, gconstpointer unused) {
        g_autoptr(GDBusMessage) asked = NULL;
        g_autoptr(GDBusMessage) reply = NULL;
        Answer answer = {};

        get_in(s);
        call(&s->end, "Echo", bytes_of(1, 1), &answer);
        asked = foreign_next(&s->foreign);
        reply = g_dbus_message_new_method_error_literal(
                asked, "org.freedesktop.DBus.Error.NoReply", "believe me");
        foreign_send_message(&s->foreign, reply);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_FAILED, "believe me");
        g_assert_true(pi_link_is_up(s->end.link));
        answer_clear(&answer);
}

/* More than it may send in a second, twice: it waits, and the link lives. */
static void test_flood(Siege *s, gconstpointer unused) {
        g_autoptr(GDBusMessage) signal =
                g_dbus_message_new_signal(PI_PEER_PATH, PI_INTERFACE_PEER, "Nonsense");
        g_autoptr(GByteArray) many = g_byte_array_new();
        g_autofree guchar *blob = NULL;
        gsize n;

        get_in(s);
        g_dbus_message_set_serial(signal, 77);
        blob = g_dbus_message_to_blob(signal, &n, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
        for (guint i = 0; i < 25000; i++)
                g_byte_array_append(many, blob, (guint) n);
        foreign_send(&s->foreign, many->data, many->len);
        echoes(s);
}

/* New keys in the middle of it, asked for by the other side. */
static void test_key_update(Siege *s, gconstpointer unused) {
        get_in(s);
        for (guint i = 0; i < 5; i++) {
                g_assert_cmpint(gnutls_session_key_update(s->foreign.session, GNUTLS_KU_PEER), ==,
                                0);
                echoes(s);
        }
}

/* Calls that want no answer get none. */
static void test_no_reply_expected(Siege *s, gconstpointer unused) {
        g_autoptr(GDBusMessage) m = g_dbus_message_new_method_call(NULL, PI_PEER_PATH,
                                                                   PI_INTERFACE_PEER, "Fail");
        g_autoptr(GDBusMessage) next = NULL;
        guint32 serial;

        get_in(s);
        g_dbus_message_set_flags(m, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
        g_dbus_message_set_body(m, g_variant_new("(s)", "x"));
        foreign_send_message(&s->foreign, m);
        serial = foreign_call(&s->foreign, PI_PEER_PATH, PI_INTERFACE_PEER, "Echo",
                              bytes_of(1, 1));
        next = foreign_next(&s->foreign);
        g_assert_cmpuint(g_dbus_message_get_reply_serial(next), ==, serial);
        g_assert_cmpuint(s->end.calls, ==, 2);
}

#define ADD(name, function, data)                                                                  \
        g_test_add("/link-hostile/" name, Siege, data, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("speaks-our-tongue", test_speaks_our_tongue, NULL);
        g_test_add_func("/link-hostile/no-certificate", test_no_certificate);
        g_test_add_func("/link-hostile/wrong-pin", test_wrong_pin);
        g_test_add_data_func("/link-hostile/older-tls-client", NULL, test_older_tls);
        g_test_add_data_func("/link-hostile/older-tls-server", "", test_older_tls);
        ADD("resumption", test_resumption, NULL);
        g_test_add_func("/link-hostile/junk-for-a-handshake", test_junk_for_a_handshake);
        ADD("junk-for-a-bus", test_junk_for_a_bus, NULL);
        ADD("junk-for-a-message", test_junk_for_a_message, NULL);
        ADD("junk-in-a-message", test_junk_in_a_message, NULL);
        ADD("oversized", test_oversized, NULL);
        ADD("half-a-message", test_half_a_message, NULL);
        ADD("member-calls-the-machine", test_member_calls_the_machine, NULL);
        ADD("stranger", test_stranger, NULL);
        g_test_add_func("/link-hostile/lines-in-messages", test_lines_in_messages);
        ADD("calls-before-up", test_calls_before_up, NULL);
        ADD("wrong-pong-number", test_wrong_pong, "uint64 1");
        ADD("wrong-pong-type", test_wrong_pong, "'1'");
        ADD("wrong-answer", test_wrong_answer, NULL);
        ADD("forged-timeout", test_forged_timeout, NULL);
        ADD("flood", test_flood, NULL);
        ADD("key-update", test_key_update, NULL);
        ADD("no-reply-expected", test_no_reply_expected, NULL);
        return g_test_run();
}
