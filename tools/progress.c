/* How far reading and training are, on standard error when that is a terminal. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

static const double seconds_between = 0.1;

void progress_init(progress *p)
{
    memset(p, 0, sizeof *p);
    p->on_terminal = isatty(STDERR_FILENO) != 0;
}

static bool is_due(progress *p)
{
    if (!p->on_terminal)
        return false;
    const double now = now_seconds();
    if (p->line_shown && now - p->shown_at < seconds_between)
        return false;
    p->shown_at = now;
    p->line_shown = true;
    return true;
}

/* A number of things in a few characters: 950, 12.3k, 4.56M. */
static const char *short_number(double n, char out[16])
{
    if (n < 1e3)
        snprintf(out, 16, "%.0f", n);
    else if (n < 1e6)
        snprintf(out, 16, "%.1fk", n / 1e3);
    else if (n < 1e9)
        snprintf(out, 16, "%.2fM", n / 1e6);
    else
        snprintf(out, 16, "%.2fG", n / 1e9);
    return out;
}

static const char *short_time(double seconds, char out[24])
{
    const long whole = seconds < 0 ? 0 : seconds > 1e8 ? 100000000L : (long)(seconds + 0.5);
    if (whole < 60)
        snprintf(out, 24, "%lds", whole);
    else if (whole < 3600)
        snprintf(out, 24, "%ldm%02lds", whole / 60, whole % 60);
    else
        snprintf(out, 24, "%ldh%02ldm", whole / 3600, whole / 60 % 60);
    return out;
}

void progress_reading(progress *p, const char *name, int64_t lines, double share, double started)
{
    if (!is_due(p))
        return;
    const double seconds = now_seconds() - started;
    char number[16], rate[16], percent[16] = "", left[24] = "";
    if (share > 0) {
        snprintf(percent, sizeof percent, " %3.0f %%", share * 100);
        short_time(seconds * (1 - share) / share, left);
    }
    fprintf(stderr, "\r\033[Kreading %s%s  %s lines  %s/s%s%s", name, percent,
            short_number((double)lines, number),
            short_number(seconds > 0 ? (double)lines / seconds : 0, rate),
            share > 0 ? "  left " : "", left);
    fflush(stderr);
}

void progress_training(progress *p, const lfm_progress *at, int64_t epochs,
                       double samples_per_second, double seconds_left)
{
    enum { BAR = 24 };
    if (!is_due(p))
        return;
    char bar[BAR + 1], rate[16], left[24];
    const double within = at->epoch_ended != 0 || at->samples_total <= 0
                              ? 0
                              : (double)at->samples / (double)at->samples_total;
    const double done = ((double)at->epoch + within) / (double)(epochs > 0 ? epochs : 1);
    const int filled = done >= 1 ? (int)BAR : (int)(done * BAR);
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)filled);
    bar[BAR] = '\0';
    fprintf(stderr,
            "\r\033[Kepoch %lld of %lld [%s] %3.0f %%  %s interactions/s  loss %.4g  left %s",
            (long long)(at->epoch_ended != 0 ? at->epoch : at->epoch + 1), (long long)epochs, bar,
            done * 100, short_number(samples_per_second, rate), at->loss,
            short_time(seconds_left, left));
    fflush(stderr);
}

void progress_word(progress *p, const char *word)
{
    if (!p->on_terminal)
        return;
    p->line_shown = true;
    p->shown_at = now_seconds();
    fprintf(stderr, "\r\033[K%s", word);
    fflush(stderr);
}

void progress_clear(progress *p)
{
    if (!p->line_shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->line_shown = false;
}
