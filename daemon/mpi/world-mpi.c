/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/world.h"

#include <mpi.h>
#include <pthread.h>
#include <unistd.h>

#define TAG 1

/* MPI_Finalize() waits for all ranks: for one that is frozen, too, and MPICH 4.0 over UCX waits for
 * ever now and then although all are there. */
#define LEAVE_SECONDS 10

/* Two-sided messages only: each of them is understood by every launcher and fabric, and they get on
 * while the receiver computes. */
typedef struct MpiWorld {
        PiWorld world;
        void *buffer; /* of messages on their way */
} MpiWorld;

/* A failure of MPI ends all ranks: that is its default, and what the head would do. */
static void send_message(PiWorld *world, uint32_t to, const PiMessage *message) {
        (void) MPI_Bsend(message, sizeof(*message), MPI_BYTE, (int) to, TAG, MPI_COMM_WORLD);
}

static gboolean receive_message(PiWorld *world, uint32_t *ret_from, PiMessage *ret) {
        MPI_Status status;
        int there = 0;

        (void) MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &there, &status);
        if (!there)
                return FALSE;
        (void) MPI_Recv(ret, sizeof(*ret), MPI_BYTE, status.MPI_SOURCE, TAG, MPI_COMM_WORLD,
                        MPI_STATUS_IGNORE);
        *ret_from = (uint32_t) status.MPI_SOURCE;
        return TRUE;
}

PiWorld *pi_world_new(int *argc, char ***argv) {
        MpiWorld *w = g_new0(MpiWorld, 1);
        int provided, rank, size, bytes;

        (void) MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
        (void) MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        (void) MPI_Comm_size(MPI_COMM_WORLD, &size);
        /* The head has two grants and a stop for each rank under way at the most, others less. */
        bytes = 8 * (rank == 0 ? size : 1) * ((int) sizeof(PiMessage) + MPI_BSEND_OVERHEAD);
        w->buffer = g_malloc0((gsize) bytes);
        (void) MPI_Buffer_attach(w->buffer, bytes);
        w->world = (PiWorld) { (uint32_t) rank, (uint32_t) size, send_message, receive_message };
        return &w->world;
}

static void *end_in_time(void *userdata) {
        const int *status = userdata;

        sleep(LEAVE_SECONDS);
        _exit(*status);
}

void pi_world_leave(PiWorld *world, int status) {
        MpiWorld *w = (MpiWorld *) world;
        pthread_t late;
        void *buffer;
        int bytes, r;

        r = pthread_create(&late, NULL, end_in_time, &status);
        (void) MPI_Buffer_detach(&buffer, &bytes);
        (void) MPI_Finalize();
        if (r == 0 && pthread_cancel(late) == 0)
                (void) pthread_join(late, NULL);
        g_free(w->buffer);
        g_free(w);
}
