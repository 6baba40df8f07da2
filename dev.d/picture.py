#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws a terminal of 100 columns in which commands are run: picture.py FILE.svg COMMAND..."""

import contextlib
import fcntl
import html
import itertools
import os
import pty
import re
import struct
import subprocess
import sys
import termios

COLUMNS, ROWS = 100, 60
FONT, ADVANCE, LINE, MARGIN = 14, 8.4, 19, 16

# The page behind it may be light or dark: it brings its own ground.
GROUND, EDGE, INK, FAINT = '#1c2128', '#545d68', '#cdd9e5', '#909dab'
STYLES = {'1': ' font-weight="bold"', '2': f' fill="{FAINT}"', '4': ' text-decoration="underline"',
          '31': ' fill="#ff7b72"', '32': ' fill="#6bc46d"', '33': ' fill="#daaa3f"'}

TOKEN = re.compile(r'\x1b\[([0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n])')


def output(command):
    """All that the command writes to its terminal."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack('HHHH', ROWS, COLUMNS, 0, 0))
    env = dict(os.environ, LC_ALL='C.UTF-8', TERM='xterm', NO_COLOR='', COLUMNS='', LINES='')
    with subprocess.Popen(['bash', '-c', command], stdin=its, stdout=its, stderr=its, env=env,
                          start_new_session=True) as process:
        os.close(its)
        said = b''
        with contextlib.suppress(OSError):      # when nobody has the other end any more
            while True:
                said += os.read(ours, 65536)
    os.close(ours)
    if process.returncode:
        sys.exit(f'{command}: status {process.returncode}\n{said.decode()}')
    return said.decode()


class Screen:
    """Lines of cells; a cell is a character and its SGR parameters."""

    def __init__(self):
        self.lines, self.column, self.style = [[]], 0, ()

    def put(self, character):
        if self.column == COLUMNS:
            self.feed()
        line = self.lines[-1]
        line += [(' ', ())] * (self.column + 1 - len(line))
        line[self.column] = (character, self.style)
        self.column += 1

    def feed(self):
        self.lines.append([])
        self.column = 0

    def control(self, parameters, letter):
        if letter == 'm':
            new = tuple(p for p in parameters.split(';') if p and p != '0')
            self.style = self.style + new if new else ()
        elif letter == 'K':
            del self.lines[-1][self.column:]
        else:
            sys.exit(f'the terminal was sent ESC [ {parameters}{letter}, which is not drawn here')

    def write(self, text):
        for parameters, letter, move, character in TOKEN.findall(text):
            if letter:
                self.control(parameters, letter)
            elif character:
                self.put(character)
            elif move == '\n':
                self.feed()
            else:
                self.column = 0


def drawn(line, row):
    column = 0
    for style, cells in itertools.groupby(line, key=lambda cell: cell[1]):
        text = ''.join(character for character, _ in cells)
        more = dict.fromkeys(STYLES[s] for s in style if s in STYLES)
        yield (f'<text x="{MARGIN + column * ADVANCE:.1f}" y="{MARGIN + FONT + row * LINE}" '
               f'textLength="{len(text) * ADVANCE:.1f}"{"".join(more)}>{html.escape(text)}</text>')
        column += len(text)


def picture(lines, title):
    width = round(max(map(len, lines)) * ADVANCE + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    texts = [text for row, line in enumerate(lines) for text in drawn(line, row)]
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="monospace" font-size="{FONT}" fill="{INK}" xml:space="preserve">',
        f'<title>{html.escape(title)}</title>',
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" '
        f'fill="{GROUND}" stroke="{EDGE}"/>', *texts, '</svg>', ''])


def main(path, commands):
    screen = Screen()
    for command in commands:
        screen.write(f'\x1b[1m$ {command}\x1b[0m\n{output(command)}\n')
    while not screen.lines[-1]:
        screen.lines.pop()
    with open(path, 'w', encoding='utf-8') as file:
        file.write(picture(screen.lines, f'A terminal that shows: {commands[0]}'))


main(sys.argv[1], sys.argv[2:])
