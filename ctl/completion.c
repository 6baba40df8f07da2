/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/completion.h"

#include <string.h>

#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/error.h"

#define FIRST_LINES \
        "# SPDX-License-Identifier: GPL-2.0-or-later\n# Made from the tables of pictl.\n"

/* Lists what the first column of a verb's table numbers; the options that choose the service are
 * taken over. */
#define LIST_OF(verb) "pictl $bus --no-pager --json=off --no-legend " verb " 2>/dev/null"

/* What may stand first behind the verbs sweep, cluster, firewall and wsl. */
#define SWEEP_WORDS "history show"
#define CLUSTER_WORDS "init token sbatch tokens revoke join leave remove restore status"
#define FIREWALL_WORDS "show check apply remove open close"
#define WSL_WORDS "status setup doctor undo"

/* The verb whose table numbers the arguments of a verb, NULL for none. */
static const char *list_of(const PiVerb *verb) {
        if (verb->kind == PI_ARGUMENT_JOB)
                return "jobs";
        return verb->kind == PI_ARGUMENT_CPU ? "cores" : NULL;
}

/* "list=jobs", the verb whose table has the words in its first column; or files. */
static void append_bash_arguments(GString *out, const PiVerb *verb) {
        if (list_of(verb))
                g_string_append_printf(out, "; list=%s", list_of(verb));
        else if (verb->kind == PI_ARGUMENT_CLUSTER)
                g_string_append(out,
                                "\n            case $before in\n"
                                "                remove|restore) list=nodes ;;\n"
                                "                revoke) list='cluster tokens' ;;\n"
                                "            esac");
        else if (verb->kind == PI_ARGUMENT_FILE)
                g_string_append(out, "\n            if [[ $word != -* ]]; then\n"
                                     "                COMPREPLY=( $(compgen -f -- \"$word\") )\n"
                                     "                return\n"
                                     "            fi");
}

static gboolean is_offered(int id, guint64 set) {
        return (set & (G_GUINT64_CONSTANT(1) << id)) && !pi_option_info((PiOptionId) id)->hidden;
}

/* The options of a set as bash words: "-H --host= --user". */
static void append_words(GString *out, guint64 set) {
        const char *space = "";

        for (int id = 0; id < _PI_OPT_MAX; id++) {
                const PiOptionInfo *info = pi_option_info((PiOptionId) id);

                if (!is_offered(id, set))
                        continue;
                if (info->letter) {
                        g_string_append_printf(out, "%s-%c", space, info->letter);
                        space = " ";
                }
                if (info->name[1] != '\0') {
                        g_string_append_printf(out, "%s--%s%s", space, info->name,
                                               info->value && !info->optional ? "=" : "");
                        space = " ";
                }
        }
}

static guint64 every_option(void) {
        guint64 all = PI_OPTS_COMMON;

        for (const PiVerb *verb = pi_verbs; verb->name; verb++)
                all |= verb->options;
        return all;
}

/* A pattern of a case for an option with a value, as it stands before the cursor. */
static void append_pattern(GString *out, const PiOptionInfo *info) {
        if (info->letter)
                g_string_append_printf(out, "-%c|", info->letter);
        g_string_append_printf(out, "--%s", info->name);
}

/* What comes after an option with a value: its words, or nothing to offer. */
static void append_bash_values(GString *out) {
        guint64 all = every_option();

        g_string_append(out, "    case $before in\n");
        for (int id = 0; id < _PI_OPT_MAX; id++) {
                const PiOptionInfo *info = pi_option_info((PiOptionId) id);

                if (!is_offered(id, all) || !info->value || info->optional)
                        continue;
                g_string_append(out, "        ");
                append_pattern(out, info);
                if (id == PI_OPT_HOST)
                        g_string_append(
                                out,
                                ") COMPREPLY=( $(compgen -A hostname -- \"$word\") ); return ;;\n");
                else if (strcmp(info->value, "FILE") == 0)
                        g_string_append(
                                out,
                                ") COMPREPLY=( $(compgen -f -- \"$word\") ); return ;;\n");
                else
                        g_string_append_printf(
                                out, ") COMPREPLY=( $(compgen -W '%s' -- \"$word\") ); return ;;\n",
                                info->words ? info->words : "");
        }
        g_string_append(out, "    esac\n");
}

/* The words that need a value, so that the value is not taken for the verb. */
static void append_bash_verb(GString *out) {
        guint64 all = every_option();
        const char *bar = "";

        g_string_append(out, "    for (( i = 1; i < COMP_CWORD; i++ )); do\n"
                             "        case ${COMP_WORDS[i]} in\n"
                             "            --user|--system) bus=${COMP_WORDS[i]} ;;\n"
                             "            -H) bus=\"-H ${COMP_WORDS[++i]}\" ;;\n"
                             "            --host) [[ ${COMP_WORDS[i+1]} == = ]] && (( i++ )); "
                             "bus=\"-H ${COMP_WORDS[++i]}\" ;;\n"
                             "            ");
        for (int id = 0; id < _PI_OPT_MAX; id++) {
                const PiOptionInfo *info = pi_option_info((PiOptionId) id);

                if (!is_offered(id, all) || !info->value || info->optional || id == PI_OPT_HOST)
                        continue;
                g_string_append(out, bar);
                append_pattern(out, info);
                bar = "|";
        }
        g_string_append(out, ") [[ ${COMP_WORDS[i+1]} == = ]] && (( i++ )); (( i++ )) ;;\n"
                             "            =|-*) ;;\n"
                             "            *) [[ $verb ]] || verb=${COMP_WORDS[i]} ;;\n"
                             "        esac\n"
                             "    done\n");
}

static void append_bash_verbs(GString *out) {
        g_string_append(out, "    case $verb in\n        '') words='");
        for (const PiVerb *verb = pi_verbs; verb->name; verb++)
                g_string_append_printf(out, "%s ", verb->name);
        append_words(out, every_option());
        g_string_append(out, "' ;;\n");
        for (const PiVerb *verb = pi_verbs; verb->name; verb++) {
                g_string_append_printf(out, "        %s) words='", verb->name);
                if (verb->kind == PI_ARGUMENT_SWEEP)
                        g_string_append(out, SWEEP_WORDS " ");
                if (verb->kind == PI_ARGUMENT_CLUSTER)
                        g_string_append(out, CLUSTER_WORDS " ");
                if (verb->kind == PI_ARGUMENT_FIREWALL)
                        g_string_append(out, FIREWALL_WORDS " ");
                if (verb->kind == PI_ARGUMENT_WSL)
                        g_string_append(out, WSL_WORDS " ");
                append_words(out, PI_OPTS_COMMON | verb->options);
                g_string_append_c(out, '\'');
                append_bash_arguments(out, verb);
                g_string_append(out, " ;;\n");
        }
        g_string_append(out, "    esac\n");
}

static void append_bash(GString *out) {
        g_string_append(
                out, FIRST_LINES
                "_pictl() {\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                "    local verb= bus= words= list= i\n"
                "    COMPREPLY=()\n"
                "    # bash makes a word of its own of the = in --json=short\n"
                "    if [[ $word == = ]]; then\n"
                "        word=\n"
                "    elif [[ $before == = ]]; then\n"
                "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
                "    fi\n");
        append_bash_values(out);
        append_bash_verb(out);
        append_bash_verbs(out);
        g_string_append(out, "    if [[ $list && $word != -* ]]; then\n"
                             "        words=$(" LIST_OF("$list")
                             " | while read -r id _; do echo \"$id\"; done)\n"
                             "    fi\n"
                             "    COMPREPLY=( $(compgen -W \"$words\" -- \"$word\") )\n"
                             "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
                             "    return 0\n"
                             "}\n"
                             "complete -F _pictl pictl\n");
}

/* Text within single quotes inside an _arguments specification. */
static void append_zsh_text(GString *out, const char *text) {
        for (; *text; text++) {
                if (*text == '\'')
                        g_string_append(out, "'\\'");
                else if (strchr("[]:\\", *text))
                        g_string_append_c(out, '\\');
                g_string_append_c(out, *text);
        }
}

static void append_zsh_action(GString *out, int id, const PiOptionInfo *info) {
        if (!info->value)
                return;
        g_string_append_printf(out, "%s:", info->optional ? ":" : "");
        append_zsh_text(out, info->value);
        if (id == PI_OPT_HOST)
                g_string_append(out, ":_hosts");
        else if (strcmp(info->value, "FILE") == 0)
                g_string_append(out, ":_files");
        else if (info->words)
                g_string_append_printf(out, ":(%s)", info->words);
        else
                g_string_append(out, ": ");
}

static void append_zsh_options(GString *out, guint64 set) {
        for (int id = 0; id < _PI_OPT_MAX; id++) {
                const PiOptionInfo *info = pi_option_info((PiOptionId) id);

                if (!is_offered(id, set))
                        continue;
                for (int form = 0; form < 2; form++) {
                        if (form == 0 ? !info->letter : info->name[1] == '\0')
                                continue;
                        g_string_append(out, "        '");
                        if (form == 0)
                                g_string_append_printf(out, "-%c%s", info->letter,
                                                       info->value ? "+" : "");
                        else
                                g_string_append_printf(out, "--%s%s", info->name,
                                                       !info->value     ? ""
                                                       : info->optional ? "=-"
                                                                        : "=");
                        g_string_append_c(out, '[');
                        append_zsh_text(out, info->help);
                        g_string_append_c(out, ']');
                        append_zsh_action(out, id, info);
                        g_string_append(out, "'\n");
                }
        }
}

static const char *zsh_argument(const PiVerb *verb) {
        switch (verb->kind) {
        case PI_ARGUMENT_JOB:
                return "; argument=('*:job:_pictl_jobs')";
        case PI_ARGUMENT_CPU:
                return "; argument=('*:CPU:_pictl_cores')";
        case PI_ARGUMENT_TERMS:
                return "; argument=('1:terms: ')";
        case PI_ARGUMENT_SWEEP:
                return "; argument=('1:what:(" SWEEP_WORDS ")')";
        case PI_ARGUMENT_CLUSTER:
                return "; argument=('1:what:(" CLUSTER_WORDS ")' '2:which:_pictl_members')";
        case PI_ARGUMENT_FIREWALL:
                return "; argument=('1:what:(" FIREWALL_WORDS ")' '2:prefix: ')";
        case PI_ARGUMENT_WSL:
                return "; argument=('1:what:(" WSL_WORDS ")')";
        case PI_ARGUMENT_FILE:
                return "; argument=('*:file:_files')";
        case PI_ARGUMENT_NONE:
        default:
                return "";
        }
}

static void append_zsh_verbs(GString *out) {
        g_string_append(out, "    verbs=(\n");
        for (const PiVerb *verb = pi_verbs; verb->name; verb++) {
                g_string_append_printf(out, "        '%s:", verb->name);
                append_zsh_text(out, verb->help);
                g_string_append(out, "'\n");
        }
        g_string_append(out, "    )\n    common=(\n");
        append_zsh_options(out, PI_OPTS_COMMON);
        g_string_append(out, "    )\n    case $verb in\n");
        for (const PiVerb *verb = pi_verbs; verb->name; verb++) {
                g_string_append_printf(out, "    %s) own=(\n", verb->name);
                append_zsh_options(out, verb->options);
                g_string_append_printf(out, "        )%s ;;\n", zsh_argument(verb));
        }
        g_string_append(out, "    *) own=(\n");
        append_zsh_options(out, every_option() & ~PI_OPTS_COMMON);
        g_string_append(out, "        ) ;;\n    esac\n");
}

static void append_zsh(GString *out) {
        g_string_append(out, "#compdef pictl\n" FIRST_LINES
                        "_pictl_numbers() {\n"
                        "    local -a ids bus\n"
                        "    bus=(${(M)words:#--(user|system|host=*)})\n"
                        "    ids=(${${(f)\"$(" LIST_OF("${=1}") ")\"}## #})\n"
                        "    ids=(${ids%% *})\n"
                        "    compadd -a ids\n"
                        "}\n"
                        "_pictl_jobs() { _pictl_numbers jobs }\n"
                        "_pictl_cores() { _pictl_numbers cores }\n"
                        "_pictl_members() {\n"
                        "    case ${words[2]} in\n"
                        "    remove|restore) _pictl_numbers nodes ;;\n"
                        "    revoke) _pictl_numbers 'cluster tokens' ;;\n"
                        "    esac\n"
                        "}\n"
                        "_pictl() {\n"
                        "    local -a verbs common own argument\n"
                        "    local verb= word\n"
                        "    for word in ${words[2,CURRENT-1]}; do\n"
                        "        case $word in\n");
        g_string_append(out, "        ");
        for (const PiVerb *verb = pi_verbs; verb->name; verb++)
                g_string_append_printf(out, "%s%s", verb == pi_verbs ? "" : "|", verb->name);
        g_string_append(out, ") verb=$word; break ;;\n"
                             "        esac\n"
                             "    done\n");
        append_zsh_verbs(out);
        g_string_append(
                out, "    if [[ -z $verb ]]; then\n"
                     "        _arguments -s $common $own '1:verb:{_describe verb verbs}' '*: :'\n"
                     "    else\n"
                     "        words[(i)$verb]=()\n"
                     "        (( CURRENT-- ))\n"
                     "        _arguments -s $common $own $argument\n"
                     "    fi\n"
                     "}\n"
                     "_pictl \"$@\"\n");
}

gboolean pi_completion_append(GString *out, const char *shell, GError **error) {
        g_autofree char *quoted = NULL;

        if (strcmp(shell, "bash") == 0)
                append_bash(out);
        else if (strcmp(shell, "zsh") == 0)
                append_zsh(out);
        else {
                quoted = pi_text_quote(shell, 64);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "no completion for %s: --completion takes bash or zsh", quoted);
                return FALSE;
        }
        return TRUE;
}
