/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A directory that stands for "/", with the /proc and /sys/fs/cgroup of a machine in it. */
typedef struct Tree {
        char *root;
} Tree;

void tree_init(Tree *t);
/* Removes the directory and all that is in it. */
void tree_clear(Tree *t);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tree, tree_clear)

/* Writes a file, "/proc/stat", and the directories above it. */
void tree_write(const Tree *t, const char *path, const char *content);
void tree_remove(const Tree *t, const char *path);

/* /proc with two CPUs, without /proc/self/cgroup. */
void tree_add_proc(const Tree *t);
/* /proc/stat of two CPUs; the figures are ticks of each. */
void tree_write_stat(const Tree *t, unsigned busy, unsigned idle, unsigned steal);
/* A service of systemd on v2: "/pi.slice/pi.service", with a CPU quota. */
void tree_add_v2(const Tree *t);
/* The same on v1, cpu and cpuacct mounted together. */
void tree_add_v1(const Tree *t);
/* v1 for all controllers and v2 with none of them, as "/pi.slice/pi.service" in each. */
void tree_add_hybrid(const Tree *t);
