/* sizer.c - see sizer.h. */
#include "copy/sizer.h"

void sizer_init(struct sizer *sizer, int64_t rows, usec_t target) {
    sizer->rows = rows;
    sizer->target = target;
}

/* A few rows, such as a table's last, tell nothing of the speed: most of their time
 * went into beginning and ending. */
static int is_telling(const struct sizer *sizer, int64_t rows, usec_t duration) {
    return rows >= sizer->rows / 4 || duration > sizer->target;
}

void sizer_note(struct sizer *sizer, int64_t rows, usec_t duration) {
    if (sizer->target == 0 || rows == 0 || !is_telling(sizer, rows, duration)) {
        return;
    }
    double fitting = (double)rows * (double)sizer->target / (double)(duration > 0 ? duration : 1);
    double most = 2.0 * (double)sizer->rows;
    if (most > SIZER_MOST) {
        most = SIZER_MOST;
    }
    if (fitting > most) {
        fitting = most;
    }
    sizer->rows = fitting > SIZER_LEAST ? (int64_t)fitting : SIZER_LEAST;
}
