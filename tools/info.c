/* lfm info: what a model file holds. */
#include "common.h"
#include "file_facts.h"
#include "flags.h"
#include "model_files.h"
#include "output.h"

static const char help_text[] =
    "lfm info MODEL [options]: tell what a model file holds\n"
    "\n"
    "  --check      Compare the checksum of the data and load all of it; exit code 1 when something is wrong\n"
    "  --json FILE  Write one JSON object instead of text; - is standard output\n"
    "  --help       Print this\n";

static int report(const file_facts *facts, const char *json)
{
    output out;
    const int code = output_open(&out, json != NULL ? json : "-");
    if (code != EXIT_FINE)
        return code;
    bool good = true;
    if (json != NULL)
        good = file_facts_json(out.file, facts);
    else
        file_facts_print(out.file, facts);
    output_close(&out);
    if (!good)
        return fail_memory();
    return out.failed ? EXIT_FAILED : EXIT_FINE;
}

int info_main(int argc, char **argv)
{
    const char *path = NULL, *json = NULL;
    bool check = false, help;
    const flag flags[] = {{"json", &json, NULL}, {"check", NULL, &check}, {NULL, NULL, NULL}};
    command_name_set("info");
    int code = flags_parse(argc, argv, flags, "model", &path, &help);
    if (code != EXIT_FINE)
        return code;
    if (help)
        return flags_help(help_text);
    if (output_is_input(json, path))
        return fail_usage("--json would overwrite the input %s", path);
    lfm_file *file = NULL;
    if (lfm_file_open(NULL, path, NULL, &file) != LFM_OK)
        return fail_library();
    file_facts facts;
    code = file_facts_gather(&facts, file, path);
    if (code == EXIT_FINE && check)
        code = file_facts_check(&facts);
    if (code == EXIT_FINE)
        code = report(&facts, json);
    file_facts_free(&facts);
    return code;
}
