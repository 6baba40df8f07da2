/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/top-screen.h"

#include <ncurses.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/line.h"
#include "ctl/terminfo.h"
#include "ctl/text.h"
#include "dbus/error.h"

#define ESCAPE 27
#define CONTROL(letter) ((letter) & 0x1f)

/* An escape alone is the key; terminals over a network send their sequences within this. */
#define ESCAPE_MSEC 50

struct PiTopScreen {
        SCREEN *screen;
        gboolean colours;
};

/* The colour pairs. */
enum {
        PAIR_GOOD = 1,
        PAIR_BUSY,
        PAIR_BAD,
};

static gboolean check_terminal(GError **error) {
        const char *term = g_getenv("TERM");

        if (isatty(STDIN_FILENO) > 0 && isatty(STDOUT_FILENO) > 0 && term && term[0] != '\0' &&
            strcmp(term, "dumb") != 0)
                return TRUE;
        g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                            "pictl top needs a terminal it can draw on; pictl jobs and pictl "
                            "metrics tell the same once, with --json=short for programs");
        return FALSE;
}

static gboolean begin_colours(void) {
        const char *no_color = g_getenv("NO_COLOR");

        if ((no_color && no_color[0] != '\0') || !has_colors() || start_color() == ERR)
                return FALSE;
        /* On the terminal's own background, dark or light. */
        if (use_default_colors() == ERR)
                return FALSE;
        init_pair(PAIR_GOOD, COLOR_GREEN, -1);
        init_pair(PAIR_BUSY, COLOR_YELLOW, -1);
        init_pair(PAIR_BAD, COLOR_RED, -1);
        return TRUE;
}

PiTopScreen *pi_top_screen_new(GError **error) {
        g_autofree char *term = pi_text_quote(g_getenv("TERM") ?: "", 64);
        SCREEN *terminal;
        PiTopScreen *screen;

        if (!check_terminal(error))
                return NULL;
        terminal = pi_terminfo_is_known() ? newterm(NULL, stdout, stdin) : NULL;
        if (!terminal) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "the terminal %s is unknown here: set TERM to one that is, for example "
                            "TERM=vt100, or install its terminfo entry (ncurses-term)",
                            term);
                return NULL;
        }
        screen = g_new0(PiTopScreen, 1);
        screen->screen = terminal;
        set_term(terminal);
        screen->colours = begin_colours();
        cbreak();
        noecho();
        /* Or the kernel throws away what was written last when somebody presses Ctrl-C. */
        intrflush(stdscr, FALSE);
        nonl();
        curs_set(0);
        keypad(stdscr, TRUE);
        nodelay(stdscr, TRUE);
        set_escdelay(ESCAPE_MSEC);
        return screen;
}

void pi_top_screen_free(PiTopScreen *screen) {
        /* Where the terminal cannot bring back what was there before, the prompt comes here. */
        move(getmaxy(stdscr) - 1, 0);
        clrtoeol();
        refresh();
        endwin();
        delscreen(screen->screen);
        g_free(screen);
}

void pi_top_screen_size(const PiTopScreen *screen, unsigned *ret_columns, unsigned *ret_rows) {
        *ret_columns = (unsigned) getmaxx(stdscr);
        *ret_rows = (unsigned) getmaxy(stdscr);
}

void pi_top_screen_resize(PiTopScreen *screen) {
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) >= 0 && size.ws_row > 0 && size.ws_col > 0)
                (void) resizeterm(size.ws_row, size.ws_col);
}

static attr_t attributes(const PiTopScreen *screen, PiStyle style) {
        switch (style) {
        case PI_STYLE_HEAD:
                return A_UNDERLINE;
        case PI_STYLE_STRONG:
                return A_BOLD;
        case PI_STYLE_FAINT:
                return A_DIM;
        case PI_STYLE_GOOD:
                return screen->colours ? COLOR_PAIR(PAIR_GOOD) : A_NORMAL;
        case PI_STYLE_BUSY:
                return screen->colours ? COLOR_PAIR(PAIR_BUSY) : A_NORMAL;
        case PI_STYLE_BAD:
                return A_BOLD | (screen->colours ? COLOR_PAIR(PAIR_BAD) : A_REVERSE);
        case PI_STYLE_PLAIN:
        case _PI_STYLE_MAX:
                break;
        }
        return A_NORMAL;
}

static void draw_line(const PiTopScreen *screen, const PiLine *line) {
        for (guint i = 0; i < line->spans->len; i++) {
                const PiSpan *span = &g_array_index(line->spans, PiSpan, i);

                attrset((int) attributes(screen, span->style));
                addstr(span->text);
        }
        attrset(A_NORMAL);
}

void pi_top_screen_draw(PiTopScreen *screen, const GPtrArray *lines, gboolean afresh) {
        erase();
        for (guint i = 0; i < lines->len; i++) {
                move((int) i, 0);
                draw_line(screen, lines->pdata[i]);
        }
        if (afresh)
                clearok(curscr, TRUE);
        refresh();
}

PiTopKey pi_top_screen_key(PiTopScreen *screen) {
        switch (getch()) {
        case ERR:
                return PI_TOP_KEY_NONE;
        case 'q':
        case 'Q':
        case ESCAPE:
        case CONTROL('D'):
                return PI_TOP_KEY_QUIT;
        case CONTROL('L'):
        case KEY_RESIZE:
                return PI_TOP_KEY_REDRAW;
        default:
                return PI_TOP_KEY_OTHER;
        }
}
