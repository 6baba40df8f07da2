/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/completion.h"

#include <glib/gstdio.h>
#include <string.h>

#include "ctl/verbs.h"
#include "dbus/error.h"

static char *script(const char *shell) {
        GString *out = g_string_new(NULL);

        g_assert_true(pi_completion_append(out, shell, NULL));
        return g_string_free(out, FALSE);
}

static char *long_form(const PiOptionInfo *info) {
        if (info->name[1] == '\0')
                return g_strdup_printf("-%c", info->letter);
        return g_strdup_printf("--%s", info->name);
}

/* Each verb's branch offers exactly the options the verb takes. */
static void test_covers(gconstpointer data) {
        gboolean zsh = strcmp(data, "zsh") == 0;
        g_autofree char *text = script(data);

        for (const PiVerb *verb = pi_verbs; verb->name; verb++) {
                g_autofree char *begin = g_strdup_printf(
                        zsh ? "\n    %s) own=(\n" : "\n        %s) words='", verb->name);
                const char *found = strstr(text, begin);
                g_autofree char *branch = NULL;

                g_assert_nonnull(found);
                branch = g_strndup(found, (gsize) (strstr(found, ";;\n") - found));
                for (int id = 0; id < _PI_OPT_MAX; id++) {
                        const PiOptionInfo *info = pi_option_info((PiOptionId) id);
                        g_autofree char *form = long_form(info);
                        g_autofree char *pattern = g_strdup_printf("[ ']%s[]=[ ';-]", form);
                        guint64 set = verb->options | (zsh ? 0 : PI_OPTS_COMMON);
                        gboolean wanted = !info->hidden && (set & (G_GUINT64_CONSTANT(1) << id));

                        g_test_message("%s %s", verb->name, form);
                        g_assert_cmpint(g_regex_match_simple(pattern, branch, 0, 0), ==, wanted);
                }
        }
}

static void test_refused(void) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_completion_append(out, "fish", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_cmpuint(out->len, ==, 0);
}

/* Runs a shell with the script in a file as $1, and gives what it prints. */
static char *run_shell(const char *shell, const char *option, const char *program, const char *text,
                       int *status) {
        g_autofree char *path = NULL, *printed = NULL;
        int fd = g_file_open_tmp("pictl-completion-XXXXXX", &path, NULL);
        const char *argv[] = { shell, option, program, "sh", path, NULL };

        g_assert_cmpint(fd, >=, 0);
        g_assert_true(g_close(fd, NULL));
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        if (!program) {
                argv[2] = path;
                argv[3] = NULL;
        }
        g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                                   &printed, NULL, status, NULL));
        g_unlink(path);
        return g_steal_pointer(&printed);
}

static gboolean have(const char *shell) {
        g_autofree char *path = g_find_program_in_path(shell);
        g_autofree char *reason = g_strdup_printf("no %s on this machine", shell);

        if (!path)
                g_test_skip(reason);
        return path != NULL;
}

static void test_syntax(gconstpointer shell) {
        g_autofree char *text = NULL, *broken = NULL, *a = NULL, *b = NULL;
        int status;

        if (!have(shell))
                return;
        text = script(shell);
        a = run_shell(shell, "-n", NULL, text, &status);
        g_assert_cmpint(status, ==, 0);
        broken = g_strconcat(text, "\nif ((\n", NULL);
        b = run_shell(shell, "-n", NULL, broken, &status);
        g_assert_cmpint(status, !=, 0);
}

/* What is offered for a line whose words are given and whose last word is being typed. */
static void check_bash(const char *words, const char *wanted) {
        g_autofree char *text = script("bash");
        g_autofree char *program = g_strdup_printf(
                "pictl() { [[ $* == *'--no-legend jobs' ]] && printf ' 7 done\\n12 running\\n'; "
                "[[ $* == *'--no-legend cores' ]] && printf '0 in-service\\n3 suspect\\n'; "
                "[[ $* == *'--no-legend nodes' ]] && printf 'vm  self\\nnode2 up\\n'; "
                "[[ $* == *'--no-legend cluster tokens' ]] && printf '1f 1\\n'; }; "
                ". \"$1\"; COMP_WORDS=(%s); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); _pictl; "
                "echo \"${COMPREPLY[*]}\"",
                words);
        g_autofree char *printed = NULL;
        int status;

        printed = run_shell("bash", "-c", program, text, &status);
        g_test_message("%s -> %s", words, printed);
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpstr(g_strchomp(printed), ==, wanted);
}

static void test_bash_offers(void) {
        if (!have("bash"))
                return;
        check_bash("pictl com", "compute");
        check_bash("pictl --user sub", "submit");
        check_bash("pictl compute --ke", "--kernel=");
        check_bash("pictl compute 1e9 --json = sh", "short");
        check_bash("pictl compute --kernel = ref", "reference");
        check_bash("pictl compute --kernel ref", "reference");
        check_bash("pictl compute --parts ''", "");
        check_bash("pictl show ''", "7 12");
        check_bash("pictl restore ''", "0 3");
        check_bash("pictl cluster re", "revoke remove restore");
        check_bash("pictl cluster remove ''", "vm node2");
        check_bash("pictl cluster restore n", "node2");
        check_bash("pictl cluster revoke ''", "1f");
        check_bash("pictl cluster token --tt", "--ttl=");
        check_bash("pictl cluster sb", "sbatch");
        check_bash("pictl cluster sbatch --acc", "--account=");
        check_bash("pictl firewall re", "remove");
        check_bash("pictl firewall open --fo", "--for=");
        check_bash("pictl wsl ''", "status setup doctor undo -h --help --version --user --system "
                                   "-H --host= --json= -j --no-pager --no-legend --from= --port= "
                                   "--elevate --print -y --yes --force");
        check_bash("pictl wsl setup --fr", "--from=");
        check_bash("pictl merge --te", "--terms=");
        check_bash("pictl merge /dev/nul", "/dev/null");
        check_bash("pictl merge - /dev/nul", "/dev/null");
        check_bash("pictl burnin --dur", "--duration=");
        check_bash("pictl burnin ''",
                   "-h --help --version --user --system -H --host= --json= -j --no-pager "
                   "--no-legend --cpus= --kernel= --duration=");
        check_bash("pictl show --lea", "--leases");
        check_bash("pictl -H node2 cancel 1", "12");
        check_bash("pictl --host = node2 cancel 1", "12");
        check_bash("pictl -n 5 his", "history");
        check_bash("pictl jobs --par", "");
        check_bash(
                "pictl jobs ''",

                "-h --help --version --user --system -H --host= --json= -j --no-pager --no-legend");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/ctl/completion/bash/covers", "bash", test_covers);
        g_test_add_data_func("/ctl/completion/bash/syntax", "bash", test_syntax);
        g_test_add_func("/ctl/completion/bash/offers", test_bash_offers);
        g_test_add_data_func("/ctl/completion/zsh/covers", "zsh", test_covers);
        g_test_add_data_func("/ctl/completion/zsh/syntax", "zsh", test_syntax);
        g_test_add_func("/ctl/completion/refused", test_refused);
        return g_test_run();
}
