/* liblfm: the options of models and of training, as structs and by name. */
#ifndef LFM_OPTIONS_H
#define LFM_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "lfm/context.h"

LFM_BEGIN_DECLS

/* Per-element Adagrad; Adagrad with one accumulator per embedding row; Adadelta. */
enum { LFM_OPTIMISER_ADAGRAD = 0, LFM_OPTIMISER_ADAGRAD_ROWWISE = 1, LFM_OPTIMISER_ADADELTA = 2 };

enum { LFM_LOSS_LOGISTIC = 0, LFM_LOSS_BPR = 1, LFM_LOSS_WARP = 2, LFM_LOSS_WARP_KOS = 3 };

enum { LFM_SCHEDULE_CONSTANT = 0, LFM_SCHEDULE_LINEAR = 1, LFM_SCHEDULE_COSINE = 2 };

enum { LFM_REGULARISATION_L2 = 0, LFM_REGULARISATION_LIGHTFM = 1 };

enum { LFM_ORDER_SHUFFLED = 0, LFM_ORDER_STORED = 1 };

/* What belongs to a model for its whole life. Initialise with lfm_model_options_init().
 * Bounds and defaults are in the option table (lfm_option_at(), `lfm --help`). */
typedef struct lfm_model_options {
    size_t size;        /* set by the initialiser */
    int32_t components; /* d: numbers in an embedding */
    int32_t optimiser;  /* LFM_OPTIMISER_… */
    uint64_t seed;      /* of initialisation, order and draws */
    double init_scale;  /* embeddings start uniform in (-init_scale, init_scale); 0 means 0.5 / d */
} lfm_model_options;

/* Where training stands; handed to lfm_progress_fn. */
typedef struct lfm_progress {
    size_t size;            /* bytes filled in */
    int64_t epoch;          /* epochs completed by the model, over all calls */
    int64_t epochs;         /* what `epoch` will be when this call has done all it was asked for */
    int64_t samples;        /* stored interactions visited in the epoch under way or just ended */
    int64_t samples_total;  /* stored interactions of an epoch */
    double seconds;         /* since this call began */
    double loss;            /* mean loss of this epoch so far, of a sample of the interactions where
                             * computing it is dear; 0 before the first */
    double violation_rate;  /* share of positives that led to a step (1 for logistic) */
    double mean_draws;      /* negatives drawn per positive */
    double learning_rate;   /* of this epoch; writing another number (finite, >= 0; others are ignored)
                             * sets the rate of all epochs that follow in this call, in place of the
                             * schedule */
    int32_t epoch_ended;    /* 1 at an epoch's border, else 0 */
    int32_t reserved;
} lfm_progress;

/* Look at training as it goes: called on the thread that called lfm_model_fit_partial(), a few times
 * a second on big data and at each epoch's end. When progress->epoch_ended is 1 it may read the model,
 * make scorers and evaluate; whatever would change or free the model answers BUSY, always.
 * Return 0 to go on, non-zero to stop: at an epoch's end the fit call then returns LFM_OK, in
 * mid-epoch LFM_ERROR_CANCELLED as lfm_cancel_set() would. Must return (no longjmp, no exception). */
typedef int32_t (*lfm_progress_fn)(lfm_progress *progress, void *user_data);

/* What belongs to one training call. Initialise with lfm_train_options_init(). */
typedef struct lfm_train_options {
    size_t size;             /* set by the initialiser */
    int32_t loss;            /* LFM_LOSS_… */
    int32_t epochs;          /* passes over the interactions in this call */
    double learning_rate;    /* eta of both Adagrads; Adadelta has no use for it */
    int32_t schedule;        /* LFM_SCHEDULE_…, keyed by the model's count of epochs */
    int32_t schedule_epochs; /* the epoch at which linear and cosine reach 0; required by them */
    int32_t regularisation;  /* LFM_REGULARISATION_… */
    int32_t order;           /* LFM_ORDER_… */
    double user_alpha;       /* regularisation strength of user features */
    double item_alpha;       /* regularisation strength of item features */
    double rho;              /* Adadelta's decay */
    double epsilon;          /* Adadelta's constant */
    int32_t max_sampled;     /* draws per positive of WARP and k-OS WARP */
    int32_t max_draws;       /* draws per positive of BPR until an unknown item is found */
    double margin;           /* WARP: a draw violates when its score exceeds the positive's less this */
    double negative_power;   /* negatives drawn in proportion to popularity^this; -1: the loss's own */
    int32_t graded;          /* BPR: known items of a smaller value count as negatives */
    int32_t kos_k;           /* k-OS: the k-th best of the drawn positives is stepped on */
    int32_t kos_n;           /* k-OS: positives drawn */
    int32_t kos_known;       /* k-OS: 1: explicit negatives are visited and drawn like positives */
    int32_t threads;         /* 0: what the process may use; 1 never enters a parallel region */
    int32_t rollback;        /* 1: after divergence return to the last completed epoch */
    uint64_t draw_seed;      /* 0: order and draws follow from the model's seed and its count of epochs;
                              * else from this seed and the epochs counted from the start of this call,
                              * whatever the model went through before */
    lfm_progress_fn progress;      /* NULL: none */
    void *progress_user_data;      /* handed to progress */
    const lfm_cancel *cancel;      /* NULL: none */
} lfm_train_options;

/* Fill `options`, `size` bytes long, with the table's defaults. Do nothing when options is NULL or
 * size is below sizeof(size_t). Call them through the macros. Thread-safe. Since 0.1. */
LFM_API void lfm_model_options_init_sized(lfm_model_options *options, size_t size);
LFM_API void lfm_train_options_init_sized(lfm_train_options *options, size_t size);
#define lfm_model_options_init(options) lfm_model_options_init_sized((options), sizeof *(options))
#define lfm_train_options_init(options) lfm_train_options_init_sized((options), sizeof *(options))

/* Set one option by its name from text: a number, "true"/"false" for switches, a name for choices
 * ("warp"). Errors: ARGUMENT (a NULL), OPTION (unknown name, not a value of its type, out of
 * bounds, wrong struct size); the message lists what is allowed. Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_model_options_set(lfm_model_options *options, const char *name, const char *value);
LFM_API lfm_status lfm_train_options_set(lfm_train_options *options, const char *name, const char *value);

/* Write what an option is set to as text that lfm_..._options_set() reads back to the same value.
 * text: room for `size` bytes, the closing NUL among them; LFM_OPTION_TEXT_SIZE is enough for all.
 * Errors: ARGUMENT (a NULL, too little room), OPTION (unknown name, wrong struct size, a value out of
 * bounds). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_model_options_get(const lfm_model_options *options, const char *name, char *text,
                                         size_t size);
LFM_API lfm_status lfm_train_options_get(const lfm_train_options *options, const char *name, char *text,
                                         size_t size);
enum { LFM_OPTION_TEXT_SIZE = 32 };

enum { LFM_OPTIONS_MODEL = 0, LFM_OPTIONS_TRAIN = 1 };

enum {
    LFM_OPTION_INTEGER = 0,  /* int32 */
    LFM_OPTION_UNSIGNED = 1, /* uint64 */
    LFM_OPTION_REAL = 2,     /* double */
    LFM_OPTION_SWITCH = 3,   /* int32, 0 or 1 */
    LFM_OPTION_CHOICE = 4    /* int32, one of the choices */
};

/* One row of the option table. All strings are static. */
typedef struct lfm_option {
    size_t size;              /* set to sizeof(lfm_option) before the call, which leaves it as it is */
    const char *name;         /* as in the struct, for example "learning_rate" */
    const char *help;         /* one sentence, without a full stop */
    const char *default_text; /* as lfm_…_options_set() would accept it */
    const char *choices;      /* names separated by '|' in the order of their numbers; else NULL */
    double minimum;           /* inclusive; of numbers only */
    double maximum;           /* inclusive; of numbers only */
    int32_t group;            /* LFM_OPTIONS_… */
    int32_t type;             /* LFM_OPTION_… */
} lfm_option;

/* Describe option number `index` of a group. Errors: ARGUMENT (out NULL, no such group, index outside
 * the table; a loop may end on it), OPTION (out->size below that of a size_t). Thread-safe. Since 0.1. */
LFM_API lfm_status lfm_option_at(int32_t group, int32_t index, lfm_option *out);

LFM_END_DECLS

#endif
