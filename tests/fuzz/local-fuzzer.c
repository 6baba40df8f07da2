/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver for the fuzz targets where libFuzzer is not at hand: every file of the seed folder, then
 * a fixed number of inputs made from them. The same inputs at every run, so a failure can be
 * repeated; the input that ended the program is left in a file. */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 4096
#define SEEDS_MAX 1000
#define MUTATIONS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Input {
        size_t size;
        uint8_t data[INPUT_MAX];
} Input;

/* For the signal handler, which has no other way to know it. */
static const Input *running;

static void save_input(int sig) {
        static const char said[] = "Bail out! the input is in fuzz-crash.bin\n";
        int fd = open("fuzz-crash.bin", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ssize_t written = fd >= 0 && running ? write(fd, running->data, running->size) : 0;

        if (written >= 0)
                (void) !write(STDOUT_FILENO, said, sizeof(said) - 1);
        signal(sig, SIG_DFL);
        raise(sig);
}

static void run_input(const Input *input) {
        /* A copy of the exact size, so that a sanitizer sees the first byte read past the end. */
        g_autofree uint8_t *copy = g_memdup2(input->data, input->size);

        running = input;
        (void) LLVMFuzzerTestOneInput(copy ? copy : (const uint8_t *) "", input->size);
        running = NULL;
}

static Input *read_seed(const char *path) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        gsize size;
        Input *seed;

        if (!g_file_get_contents(path, &text, &size, &error))
                g_error("%s", error->message);
        if (size > INPUT_MAX)
                g_error("%s has %zu bytes, at most %d are used", path, size, INPUT_MAX);
        seed = g_new0(Input, 1);
        seed->size = size;
        memcpy(seed->data, text, size);
        return seed;
}

static int by_name(gconstpointer a, gconstpointer b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* In the order of their names: a folder has none, and the inputs made must be the same. */
static GPtrArray *read_seeds(const char *path) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        GPtrArray *seeds = g_ptr_array_new_with_free_func(g_free);
        const char *name;

        if (!dir)
                g_error("%s", error->message);
        while ((name = g_dir_read_name(dir)) && names->len < SEEDS_MAX)
                g_ptr_array_add(names, g_build_filename(path, name, NULL));
        g_ptr_array_sort(names, by_name);
        for (guint i = 0; i < names->len; i++)
                g_ptr_array_add(seeds, read_seed(names->pdata[i]));
        return seeds;
}

static void remove_bytes(Input *input, size_t at, size_t n) {
        n = MIN(n, input->size - at);
        memmove(input->data + at, input->data + at + n, input->size - at - n);
        input->size -= n;
}

static void insert_bytes(Input *input, size_t at, const uint8_t *data, size_t n) {
        n = MIN(n, INPUT_MAX - input->size);
        memmove(input->data + at + n, input->data + at, input->size - at);
        memcpy(input->data + at, data, n);
        input->size += n;
}

static void mutate(Input *input, const Input *other, GRand *rand) {
        static const uint8_t telling[] = "0019aAzZ-+._eE \n\t\"'%:/\0\x7f\x80\xff";
        size_t at = (size_t) g_rand_int_range(rand, 0, (gint32) input->size + 1);
        size_t from = (size_t) g_rand_int_range(rand, 0, (gint32) other->size + 1);
        size_t n = (size_t) g_rand_int_range(rand, 1, 17);
        uint8_t piece[16], byte = (uint8_t) g_rand_int(rand);

        switch (g_rand_int_range(rand, 0, 6)) {
        case 0:
                if (at < input->size)
                        input->data[at] ^= (uint8_t) (1u << (byte % 8));
                break;
        case 1:
                if (at < input->size)
                        input->data[at] = telling[byte % (sizeof(telling) - 1)];
                break;
        case 2:
                insert_bytes(input, at, &telling[byte % (sizeof(telling) - 1)], 1);
                break;
        case 3:
                insert_bytes(input, at, &byte, 1);
                break;
        case 4:
                remove_bytes(input, at, n);
                break;
        case 5:
                n = MIN(n - 1, other->size - from);
                memcpy(piece, other->data + from, n);
                insert_bytes(input, at, piece, n);
                break;
        default:
                g_assert_not_reached();
        }
}

static void run_mutations(const GPtrArray *seeds, long runs) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(31415);
        g_autofree Input *input = g_new0(Input, 1);

        for (long i = 0; i < runs; i++) {
                const Input *seed = seeds->pdata[g_rand_int_range(rand, 0, (gint32) seeds->len)];
                const Input *other = seeds->pdata[g_rand_int_range(rand, 0, (gint32) seeds->len)];

                *input = *seed;
                for (int n = g_rand_int_range(rand, 1, MUTATIONS_MAX + 1); n > 0; n--)
                        mutate(input, other, rand);
                run_input(input);
        }
}

int main(int argc, char *argv[]) {
        static const int endings[] = { SIGABRT, SIGILL, SIGTRAP };
        g_autoptr(GPtrArray) seeds = NULL;
        long runs;

        if (argc != 3 || (runs = strtol(argv[1], NULL, 10)) < 0) {
                fprintf(stderr, "Usage: %s RUNS SEEDS\n", argv[0]);
                return 2;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
                signal(endings[i], save_input);
        seeds = read_seeds(argv[2]);
        if (seeds->len == 0)
                g_error("%s has no seeds", argv[2]);

        printf("1..2\n");
        for (guint i = 0; i < seeds->len; i++)
                run_input(seeds->pdata[i]);
        printf("ok 1 - %u seeds\n", seeds->len);
        fflush(stdout);
        run_mutations(seeds, runs);
        printf("ok 2 - %ld inputs made from them\n", runs);
        return 0;
}
