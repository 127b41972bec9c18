// Vector search: the items in an HNSW index, an approximate search that looks at a small part of
// them, and how much of the exact lists it finds. Worth its loss and its index when there are millions
// of items: with as few as here the exact lists are faster. Uses hnswlib (header-only, Debian:
// libhnswlib-dev).
#include <hnswlib/hnswlib.h>
#include <lfm/lfm.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int32_t n_users = 1500, n_items = 6000, n_topics = 60, likes_per_user = 25, top = 10;

// Who likes what: users prefer three topics, and some items are liked far more than others.
lfm_coo make_likes(std::vector<int32_t> &users, std::vector<int32_t> &items)
{
    std::mt19937 random(1); // the same numbers on every machine
    const auto below = [&random](int32_t n) {
        return static_cast<int32_t>(static_cast<uint32_t>(random()) % static_cast<uint32_t>(n));
    };
    for (int32_t user = 0; user < n_users; user++) {
        const int32_t topics[] = {below(n_topics), below(n_topics), below(n_topics)};
        for (int32_t i = 0; i < likes_per_user; i++) {
            const int32_t topic = below(8) == 0 ? below(n_topics) : topics[below(3)];
            const int32_t popular = below(below(n_items / n_topics) + 1);
            users.push_back(user);
            items.push_back(topic + n_topics * popular);
        }
    }
    lfm_coo coo;
    lfm_coo_init(&coo);
    coo.n_rows = n_users;
    coo.n_columns = n_items;
    coo.n_entries = static_cast<int64_t>(users.size());
    coo.rows = lfm_int32(users.data());
    coo.columns = lfm_int32(items.data());
    return coo;
}

void check(lfm_status status)
{
    if (status != LFM_OK)
        throw std::runtime_error(std::string(lfm_status_name(status)) + ": " + lfm_last_message());
}

double now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

using scorer_ptr = std::unique_ptr<lfm_scorer, void (*)(lfm_scorer *)>;

scorer_ptr train()
{
    std::vector<int32_t> users, items;
    const lfm_coo coo = make_likes(users, items);
    lfm_interactions *likes = nullptr;
    lfm_model *model = nullptr;
    lfm_scorer *scorer = nullptr;
    lfm_model_options how;
    lfm_model_options_init(&how);
    how.components = 24;
    lfm_train_options options;
    lfm_train_options_init(&options);
    options.epochs = 15;
    options.threads = 1; // the same model every time
    check(lfm_interactions_from_coo(nullptr, &coo, nullptr, &likes));
    check(lfm_model_create(nullptr, n_users, n_items, &how, &model));
    check(lfm_model_fit_partial(model, likes, nullptr, nullptr, &options));
    check(lfm_scorer_create(model, nullptr, nullptr, nullptr, &scorer));
    lfm_model_free(model);
    lfm_interactions_free(likes);
    return scorer_ptr(scorer, lfm_scorer_free);
}

std::vector<float> vectors_of(const lfm_scorer *scorer, int32_t space, int32_t form)
{
    const int32_t n = lfm_scorer_n_rows(scorer, space);
    std::vector<float> all(static_cast<size_t>(n) * static_cast<size_t>(lfm_vectors_components(scorer, form)));
    check(lfm_vectors_export(scorer, space, form, 0, 0, n, all.data(), nullptr));
    return all;
}

// Index the items in a form, ask for every user's best, and return how many of the exact ones came.
double recall(const lfm_scorer *scorer, int32_t form, const std::vector<int32_t> &exact)
{
    const auto width = static_cast<size_t>(lfm_vectors_components(scorer, form));
    const std::vector<float> items = vectors_of(scorer, LFM_SPACE_ITEM, form);
    const std::vector<float> users = vectors_of(scorer, LFM_SPACE_USER, form);
    // Unit vectors: hnswlib's inner product is their cosine.
    std::unique_ptr<hnswlib::SpaceInterface<float>> space;
    if (form == LFM_VECTORS_L2)
        space = std::make_unique<hnswlib::L2Space>(width);
    else
        space = std::make_unique<hnswlib::InnerProductSpace>(width);

    double began = now();
    hnswlib::HierarchicalNSW<float> index(space.get(), n_items, 16, 200);
    for (size_t item = 0; item < n_items; item++)
        index.addPoint(&items[item * width], item);
    const double building = now() - began;

    index.setEf(100); // how many candidates a search keeps: more find more and take longer
    size_t found = 0;
    began = now();
    for (size_t user = 0; user < n_users; user++) {
        auto nearest = index.searchKnn(&users[user * width], top);
        for (; !nearest.empty(); nearest.pop()) {
            const auto *list = &exact[user * top];
            found += std::count(list, list + top, static_cast<int32_t>(nearest.top().second)) > 0;
        }
    }
    const double searching = now() - began;
    const double share = static_cast<double>(found) / (n_users * top);
    std::printf("%s: recall@%d %.4f, index made in %.2f s, %.0f users a second\n",
                form == LFM_VECTORS_L2 ? "L2    " : "cosine", static_cast<int>(top), share, building,
                n_users / searching);
    return share;
}

bool compare()
{
    const scorer_ptr scorer = train();
    std::vector<int32_t> users(n_users), exact(static_cast<size_t>(n_users) * top);
    for (int32_t user = 0; user < n_users; user++)
        users[static_cast<size_t>(user)] = user;
    lfm_recommend_options one_thread;
    lfm_recommend_options_init(&one_thread);
    one_thread.threads = 1;
    const double began = now();
    check(lfm_recommend(scorer.get(), n_users, users.data(), top, nullptr, exact.data(), nullptr,
                        &one_thread));
    std::printf("exact:  %.0f users a second\n", n_users / (now() - began));
    const double by_distance = recall(scorer.get(), LFM_VECTORS_L2, exact);
    const double by_cosine = recall(scorer.get(), LFM_VECTORS_COSINE, exact);
    return by_distance > 0.95 && by_cosine > 0.95;
}

} // namespace

int main()
{
    try {
        if (compare())
            return EXIT_SUCCESS;
        std::fprintf(stderr, "not as expected: the index finds what the exact lists hold\n");
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "%s\n", problem.what());
    }
    return EXIT_FAILURE;
}
