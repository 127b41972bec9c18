/* lfm import: a trained LightFM model, as the arrays of an .npz, becomes a model file. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "flags.h"
#include "import_side.h"
#include "model_files.h"
#include "output.h"

static const char help_text[] =
    "lfm import NPZ --save MODEL [options]: make a model file of a trained LightFM model\n"
    "\n"
    "  --save MODEL            Write a checkpoint, which training goes on from\n"
    "  --save-inference MODEL  Write an inference file, which answers; one of the two is needed\n"
    "  --help                  Print this\n"
    "\n"
    "NPZ holds the model's arrays, as numpy.savez() writes them: user_embeddings, user_biases, item_embeddings,\n"
    "item_biases; optionally {user,item}_{embedding,bias}_{gradients,momentum} and learning_schedule, the\n"
    "optimiser's state; {user,item}_features_{indptr,indices,data}, the feature matrices; and user_ids, item_ids,\n"
    "user_feature_ids, item_feature_ids, the names, texts or integers. In Python:\n"
    "\n"
    "  names = ['embeddings', 'biases'] + [a + b for a in ('embedding_', 'bias_') for b in ('gradients', 'momentum')]\n"
    "  arrays = {f'{s}_{n}': getattr(model, f'{s}_{n}') for s in ('user', 'item') for n in names}\n"
    "  numpy.savez('model.npz', learning_schedule=model.learning_schedule, **arrays)\n";

/* Find out the optimiser: -1 in *optimiser when the file does not tell. */
static int read_schedule(npz *file, int32_t *optimiser)
{
    static const char name[] = "learning_schedule";
    npz_array array;
    char text[64] = "", shown[EXCERPT_SIZE];
    size_t length = 0;
    *optimiser = -1;
    int code = npz_read(file, name, &array);
    if (code != EXIT_FINE || array.data == NULL)
        return code;
    const bool is_text = (array.header.kind == 'U' || array.header.kind == 'S') && array.header.n_items == 1;
    if (!is_text || npz_text_room(&array) > sizeof text)
        code = fail("%s: %s: it is no short text", file->path, name);
    else
        code = npz_text(&array, 0, text, &length);
    free(array.data);
    if (code != EXIT_FINE)
        return code;
    if (length == strlen("adagrad") && memcmp(text, "adagrad", length) == 0)
        *optimiser = LFM_OPTIMISER_ADAGRAD;
    else if (length == strlen("adadelta") && memcmp(text, "adadelta", length) == 0)
        *optimiser = LFM_OPTIMISER_ADADELTA;
    else
        return fail("%s: %s: '%s' is neither adagrad nor adadelta", file->path, name, excerpt(text, length, shown));
    return EXIT_FINE;
}

/* An optimiser's state is there in whole or not at all. */
static int check_state(const npz *file, const import_side sides[2], int32_t optimiser)
{
    static const char *const names[] = {[LFM_EMBEDDING_GRADIENTS] = "embedding_gradients",
                                        [LFM_BIAS_GRADIENTS] = "bias_gradients",
                                        [LFM_EMBEDDING_MOMENTUM] = "embedding_momentum",
                                        [LFM_BIAS_MOMENTUM] = "bias_momentum"};
    const int32_t last = optimiser == LFM_OPTIMISER_ADADELTA ? LFM_BIAS_MOMENTUM : LFM_BIAS_GRADIENTS;
    bool any = false;
    for (int32_t side = 0; side < 2; side++)
        for (int32_t array = LFM_EMBEDDING_GRADIENTS; array <= last; array++)
            any = any || sides[side].values[array] != NULL;
    for (int32_t side = 0; any && side < 2; side++)
        for (int32_t array = LFM_EMBEDDING_GRADIENTS; array <= last; array++)
            if (sides[side].values[array] == NULL)
                return fail("%s: it has part of the optimiser's state, but no %s_%s", file->path, sides[side].name,
                            names[array]);
    return EXIT_FINE;
}

static int choose_optimiser(npz *file, const import_side sides[2], int32_t *optimiser)
{
    int code = read_schedule(file, optimiser);
    if (code != EXIT_FINE)
        return code;
    if (*optimiser < 0)
        *optimiser = sides[LFM_USER].moves || sides[LFM_ITEM].moves ? LFM_OPTIMISER_ADADELTA : LFM_OPTIMISER_ADAGRAD;
    code = check_state(file, sides, *optimiser);
    if (code != EXIT_FINE)
        return code;
    if (!sides[LFM_USER].is_rowwise && !sides[LFM_ITEM].is_rowwise)
        return EXIT_FINE;
    if (!sides[LFM_USER].is_rowwise || !sides[LFM_ITEM].is_rowwise || *optimiser == LFM_OPTIMISER_ADADELTA)
        return fail("%s: %s_embedding_gradients has one number for each row: so must that of the other side, and there "
                    "is no such Adadelta",
                    file->path, sides[LFM_USER].is_rowwise ? "user" : "item");
    *optimiser = LFM_OPTIMISER_ADAGRAD_ROWWISE;
    return EXIT_FINE;
}

static int fill_model(const npz *file, const import_side sides[2], lfm_model *model)
{
    for (int32_t side = 0; side < 2; side++) {
        for (int32_t array = 0; array < IMPORT_ARRAYS; array++) {
            lfm_view view = {.size = sizeof view};
            const float *values = sides[side].values[array];
            /* LightFM keeps a momentum of zeros where Adagrad has none. */
            if (values == NULL || lfm_model_view(model, side, array, &view) != LFM_OK)
                continue;
            if (lfm_model_set(model, side, array, values, view.rows * view.columns) != LFM_OK)
                return fail("%s: %s", file->path, lfm_last_message());
        }
    }
    return EXIT_FINE;
}

static int make_model(npz *file, const import_side sides[2], lfm_model **model)
{
    lfm_model_options options;
    lfm_model_options_init(&options);
    options.components = sides[LFM_USER].components;
    if (sides[LFM_ITEM].components != options.components)
        return fail("%s: user_embeddings has %d components, item_embeddings %d", file->path, options.components,
                    sides[LFM_ITEM].components);
    const int code = choose_optimiser(file, sides, &options.optimiser);
    if (code != EXIT_FINE)
        return code;
    if (lfm_model_create(NULL, sides[LFM_USER].n_features, sides[LFM_ITEM].n_features, &options, model) != LFM_OK)
        return fail_library();
    return fill_model(file, sides, *model);
}

static int save(const lfm_model *model, const import_side sides[2], const char *checkpoint, const char *inference)
{
    lfm_save_options options;
    lfm_save_options_init(&options);
    options.user_features = sides[LFM_USER].features;
    options.item_features = sides[LFM_ITEM].features;
    for (int32_t side = 0; side < 2; side++) {
        options.ids[side] = sides[side].ids;
        options.ids[LFM_SPACE_USER_FEATURE + side] = sides[side].feature_ids;
        options.feature_ids_start[side] = sides[side].feature_ids_start;
    }
    if (checkpoint != NULL && lfm_model_save(model, checkpoint, &options) != LFM_OK)
        return fail_library();
    if (inference == NULL)
        return EXIT_FINE;
    lfm_scorer *scorer = NULL;
    lfm_status status = lfm_scorer_create(model, options.user_features, options.item_features, NULL, &scorer);
    if (status == LFM_OK)
        status = lfm_scorer_save(scorer, inference, &options);
    const int code = status == LFM_OK ? EXIT_FINE : fail_library();
    lfm_scorer_free(scorer);
    return code;
}

static int import_file(const char *path, const char *checkpoint, const char *inference)
{
    npz file;
    import_side sides[2] = {{.name = NULL}, {.name = NULL}};
    lfm_model *model = NULL;
    int code = npz_open(&file, path);
    for (int32_t side = 0; side < 2 && code == EXIT_FINE; side++)
        code = import_side_read(&sides[side], &file, side);
    if (code == EXIT_FINE)
        code = make_model(&file, sides, &model);
    if (code == EXIT_FINE)
        code = save(model, sides, checkpoint, inference);
    lfm_model_free(model);
    import_side_free(&sides[LFM_USER]);
    import_side_free(&sides[LFM_ITEM]);
    npz_close(&file);
    return code;
}

int import_main(int argc, char **argv)
{
    const char *path = NULL, *checkpoint = NULL, *inference = NULL;
    bool help;
    const flag flags[] = {{"save", &checkpoint, NULL}, {"save-inference", &inference, NULL}, {NULL, NULL, NULL}};
    command_name_set("import");
    const int code = flags_parse(argc, argv, flags, "npz", &path, &help);
    if (code != EXIT_FINE)
        return code;
    if (help)
        return flags_help(help_text);
    if (checkpoint == NULL && inference == NULL)
        return fail_usage("import to what? Name --save or --save-inference");
    if (outputs_are_same(checkpoint, inference))
        return fail_usage("--save and --save-inference name the same file");
    if (output_is_input(checkpoint, path) || output_is_input(inference, path))
        return fail_usage("--%s would overwrite the input %s",
                          output_is_input(checkpoint, path) ? "save" : "save-inference", path);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is to be an error of writing like any other */
    return import_file(path, checkpoint, inference);
}
