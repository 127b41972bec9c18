# %% [markdown]
# # From likes to recommendations and tags
#
# People like 3-D models on a site, and the models have tags. What will somebody like next? Which models are most
# like a tag, and which tags does a model lack? This page goes the whole way with `lfm`: clean, split, train, watch,
# search for parameters, add tags, use what was learnt, compare.
#
# It is a script of cells, `bindings/python/examples/story.py`: open it in VS Code or Jupyter, which show the pictures
# where they belong, or run it; `--pictures FOLDER` says where they are to go then, without it they are not kept:
#
#     pip install 'liblfm[plot,tune]'
#     python story.py --pictures pictures
#
# The likes and tags are made up, in the shape of a real site's; `--small` makes few, to be done in seconds. To go
# through it with your own, give two files of lines with a tab between, `user item` and `item tag`:
#
#     python story.py --pictures pictures --likes likes.tsv --tags tags.tsv

# %%
import argparse
import collections
import pathlib

import numpy as np

import lfm

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument('--likes', help='lines: user TAB item')
parser.add_argument('--tags', help='lines: item TAB tag')
parser.add_argument('--small', action='store_true', help='make up few likes, to be done in seconds')
parser.add_argument('--pictures', type=pathlib.Path, help='a folder to save the pictures in, at the end')
parser.add_argument('--threads', type=int, default=0, help='0: all there are; 1: results repeat bit for bit')
given, _ = parser.parse_known_args()  # a notebook has arguments of its own
if (given.likes is None) != (given.tags is None):
    parser.error('--likes and --tags go together')

# %% [markdown]
# ## The data
#
# The made-up site has models of some sixty subjects in a dozen styles. A regular likes models of a few subjects and
# styles, now and then something else, and popular models more than others; most visitors, though, like a thing or two
# and are not seen again. A model has tags for its subject and its style, mostly, and others. Models are called by their
# subjects so that one can see what happens; `lfm` does not look into names.

# %% tags=["hide-input"]
SUBJECTS = '''dragon knight castle sword ship car truck tank plane drone robot alien planet rocket house tower bridge
    temple statue skull face hand heart tree flower rock mushroom horse wolf lion bear cat dog bird fish shark whale
    spider insect dinosaur chair table lamp sofa kitchen phone camera guitar piano drum helmet armor gun cannon boat
    train bicycle watch ring coin food'''.split()
STYLES = 'low-poly medieval sci-fi steampunk cartoon realistic voxel gothic fantasy minimal ancient horror'.split()
KINDS = '''animated rigged textured scan printable concept game-ready sculpt high-poly toy model set broken golden
    wooden metal stone giant tiny painted'''.split()
GENERAL = 'blender maya zbrush pbr 3d art free challenge wip substance unity unreal student first-try test'.split()


def make_site(n_regulars, n_visitors, n_items, likes_each, seed=1):
    """(users, items) of the likes and (items, tags), as columns of names."""
    random = np.random.default_rng(seed)
    subject = (random.random(n_items)**1.5 * len(SUBJECTS)).astype(int)
    style = random.integers(len(STYLES), size=n_items)
    by_subject = np.argsort(subject + random.random(n_items))  # popular ones first within each subject
    first = np.searchsorted(subject[by_subject], np.arange(len(SUBJECTS) + 1))

    users = np.repeat(np.arange(n_regulars + n_visitors), np.concatenate([
        8 + (likes_each * (random.pareto(1.6, n_regulars) + 0.25)).astype(int).clip(max=n_items // 8),
        random.geometric(0.5, n_visitors).clip(max=4)]))
    favourites = (random.random((n_regulars + n_visitors, 4))**1.5 * len(SUBJECTS)).astype(int)
    liked = favourites[users, (random.random(len(users))**1.5 * 4).astype(int)]
    liked = np.where(random.random(len(users)) < 0.1, random.integers(len(SUBJECTS), size=len(users)), liked)
    rank = random.random(len(users))**3.5 * (first[liked + 1] - first[liked])
    items = by_subject[first[liked] + rank.astype(int)]
    in_style = random.random((n_regulars + n_visitors, len(STYLES))) < 0.3
    kept = in_style[users, style[items]] | (random.random(len(users)) < 0.3)
    users, items = np.divmod(np.unique(users[kept] * n_items + items[kept]), n_items)

    tags = []
    for item in range(n_items):
        of_subject = SUBJECTS[subject[item]]
        own = [f'{of_subject}-{KINDS[int(n)]}' for n in random.random(random.integers(1, 5))**2 * len(KINDS)]
        own += [of_subject] * (random.random() < 0.8) + [STYLES[style[item]]] * (random.random() < 0.7)
        own += [GENERAL[int(n)] for n in random.random(random.integers(0, 3))**2 * len(GENERAL)]
        tags += [(item, tag) for tag in dict.fromkeys(own)]
    names = np.array([f'{SUBJECTS[subject[item]]} {item + 1}' for item in range(n_items)], dtype=object)
    people = np.array([f'user {user + 1}' for user in range(n_regulars + n_visitors)], dtype=object)
    return (people[users], names[items]), (names[[item for item, _ in tags]], [tag for _, tag in tags])


# %%
def read(path):
    """The first two columns of a file."""
    with open(path, encoding='utf-8') as file:
        rows = [line.rstrip('\n').split('\t') for line in file]
    for number, row in enumerate(rows, 1):
        if len(row) < 2:
            raise ValueError(f'{path}, line {number}: there is no tab and second column')
    return [row[0] for row in rows], [row[1] for row in rows]


if given.likes is not None:
    (users, items), (tagged, tags) = read(given.likes), read(given.tags)
elif given.small:
    (users, items), (tagged, tags) = make_site(1_500, 3_000, 2_000, 14)
else:
    (users, items), (tagged, tags) = make_site(15_330, 71_000, 27_200, 45)

everything = lfm.Interactions.from_pairs(users, items)
print(everything)
print(f'{len(tags)} tags, {len(set(tags))} different ones')

# %% [markdown]
# ## Drop what is too rare
#
# Of somebody with a single like there is nothing to learn, and nothing to be tested on. `threshold` drops users and
# items with too few, again and again, as each round makes others rare.

# %%
likes = everything.threshold(min_user=5, min_item=5)
print(likes)
print(f'{likes.nnz / likes.n_users:.1f} likes per user, '
      f'{likes.nnz / likes.n_users / likes.n_items:.3%} of all that there could be')

# %% [markdown]
# ## Split
#
# Five likes of every fifth user are held out: the test. From what is left the same is done once more, for the search
# further down: parameters chosen on the test itself would look better than they are.

# %%
train, test = likes.split('leave-out', k=5, user_fraction=0.2)
inner, validation = train.split('leave-out', k=5, user_fraction=0.2, seed=2)
print('train', train)
print('test', test)

# %% [markdown]
# ## What is popular
#
# The same list for everybody, the most liked first, is what a model has to beat. As a scorer it is measured like any
# other: no embeddings to speak of, and the count of likes as an item's bias.
#
# precision@10 is the share of the first ten items that were held out. With five held out, 0.5 is the most there is.

# %%
METRICS = ['precision@10', 'recall@10', 'ndcg@10', 'auc']
counts = train.tocoo().getnnz(axis=0)
popularity = lfm.Scorer.from_embeddings(np.zeros((train.n_users, 1)), np.zeros((train.n_items, 1)), item_biases=counts)
results = {'popularity': popularity.evaluate(test, METRICS, exclude=train)}
print({name: round(result.mean, 4) for name, result in results['popularity'].items()})

# %% [markdown]
# ## Train, and watch
#
# WARP learns an embedding for each user and each item, so that what somebody liked ranks before what they did not.
# `Validation` measures after every epoch, here the likes of training too. Where these go on up while
# the test no longer does, the model learns by heart.

# %%
watch = lfm.callbacks.Validation(test, 'precision@10', train=train)
plain = lfm.Model(32, loss='warp', epochs=30, threads=given.threads).fit(train, callbacks=[watch])
results['WARP'] = plain.evaluate(test, METRICS)
lfm.plot.learning_curve(watch).set_title('WARP, 32 components')
print({name: round(result.mean, 4) for name, result in results['WARP'].items()})

# %% [markdown]
# ## Search for parameters
#
# How many components, how fast to learn, how much to regularise? `lfm.tune.search` tries, with Optuna, which guesses
# from the trials so far where to look next. A trial ends when it does not get better, or sooner when it lags behind
# the others; its best epoch is the number of epochs to train.

# %%
def search(**features):
    """Print the trials and draw their curves; return the best model, not fitted yet, or None without Optuna."""
    try:
        import optuna
    except ImportError:
        print("No search, as there is no Optuna (pip install 'liblfm[tune]'): the parameters stay as they are.")
        return None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {'components': (16, 96), 'learning_rate': (0.01, 0.3, 'log'), 'alpha': (1e-6, 1e-3, 'log')}
    found = lfm.tune.search(inner, validation, space, metric='precision@10', trials=5 if given.small else 15,
                            model=lfm.Model(epochs=40, threads=given.threads), **features)
    for trial in found.trials:
        drawn = ', '.join(f'{name} {value:.2g}' for name, value in trial.sampled.items())
        print(f"{trial.state:9}{trial.value:7.4f} at epoch {trial.epoch:2}: {drawn}"
              f"{'  <- the best' if trial is found.best_trial else ''}")
    ax = lfm.plot.learning_curve({f'trial {trial.number}': trial.curve for trial in found.trials if trial.curve})
    ax.set(title='The trials, the best in black', ylabel=found.metric)
    ax.get_legend().remove()
    ax.plot(*zip(*found.best_trial.curve), color='black', linewidth=2.5)
    return found.model


searched = search()
if searched is not None:
    results['WARP, searched'] = searched.fit(train).evaluate(test, METRICS)

# %% [markdown]
# ## Tags as features
#
# So far an item was its number. With features it is the sum of its own embedding and those of its tags: items
# with few likes borrow from others with the same tags, and the tags get embeddings in the same space, to be used below.
# To see later how good suggested tags are, one tag of every fifth item is hidden now.

# %%
tags_of = collections.defaultdict(list)
for item, tag in zip(tagged, tags):
    if item in likes.item_ids.places:
        tags_of[item].append(tag)
random = np.random.default_rng(1)
hidden = {item: own[random.integers(len(own))] for item, own in tags_of.items()
          if len(own) > 2 and random.random() < 0.2}
shown = {item: [tag for tag in own if tag != hidden.get(item)] for item, own in tags_of.items()}
features = lfm.Features.from_tags(train.item_ids, shown)
print(features)

# %% [markdown]
# Another model may want other parameters, so there is a search for it too.

# %%
with_tags = search(item_features=features) or lfm.Model(**plain.get_params())
watch_tags = lfm.callbacks.Validation(test, 'precision@10')
with_tags.fit(train, item_features=features, callbacks=[watch_tags])
results['WARP, tags'] = with_tags.evaluate(test, METRICS)
lfm.plot.learning_curve({'WARP': [(epoch, measured['precision@10']) for epoch, measured in watch.history],
                         'WARP, tags': watch_tags}).set_title('On the test')

# %% [markdown]
# ## Items most like a tag
#
# Tags and items have embeddings in one space, so a tag can be asked for the items around it, and those among them that
# do not have it might deserve it. It works best for tags of one subject: these have close neighbours, others of the
# same subject. What goes across all subjects, a style or a program, stands alone.

# %%
common = [tag for tag, _ in collections.Counter(tag for own in shown.values() for tag in own).most_common()]
_, closeness = with_tags.similar(common[:80], 10, space='item_feature')
telling = [common[n] for n in np.argsort(-closeness.mean(axis=1))]
print('with close neighbours:', ', '.join(telling[:8]))
print('alone:', ', '.join(telling[:-9:-1]), end='\n\n')
for tag in telling[:5]:
    near, _ = with_tags.similar(tag, 300, space='item_feature', among='item')
    lacking = [item for item in near if tag not in shown[item]]
    print(f"{tag}: {', '.join(near[:4])}; without the tag: {', '.join(lacking[:2]) or 'none'}")

# %% [markdown]
# The tags themselves lie where their items do. Five of them, and the ten that are most like each:

# %%
around = {tag: [tag, *with_tags.similar(tag, 10, space='item_feature')[0]] for tag in telling[:5]}
lfm.plot.embeddings(with_tags, 'item_feature', dict.fromkeys(tag for near in around.values() for tag in near),
                    highlight=around, labels={tag: tag for tag in around}).set_title('Tags')

# %% [markdown]
# ## Tags that an item lacks
#
# The other way round, an item can be asked for the tags around it; those that it has are left out. The tags hidden
# above tell whether that is any good: how often is the hidden one among ten suggested, and among the ten most common?
# It cannot always be: which program a model was made with, nobody's likes tell.

# %%
def suggest(wanted, k=10):
    """k tags for each item, none of which it has."""
    near, _ = with_tags.similar(wanted, k, space='item', among='item_feature')
    return dict(zip(wanted, near.tolist()))


suggested = suggest(list(hidden))
hits = np.mean([hidden[item] in suggested[item] for item in hidden])
common_hits = np.mean([hidden[item] in [tag for tag in common if tag not in shown[item]][:10] for item in hidden])
print(f'the hidden tag of {len(hidden)} items is among ten suggested: {hits:.1%}')
print(f'among the ten most common that the item lacks: {common_hits:.1%}')
for item in list(hidden)[:4]:
    print(f"\n{item} has {', '.join(shown[item])}\n"
          f"  suggested: {', '.join(suggested[item][:5])}; hidden was {hidden[item]}")

# %% [markdown]
# ## What would somebody like?
#
# One of the test's users. What they liked already is left out of the list; `explain` takes a score apart.

# %%
user = test.user_ids.names[test.tocoo().row[0]]
of_user = train.user_ids.places[user]
held_out = {test.item_ids.names[n] for n in test.tocoo().tocsr()[of_user].indices}
print(user, 'liked', ', '.join(train.item_ids.names[train.tocoo().tocsr()[of_user].indices][:10]), '…')
recommended, scores = with_tags.recommend(user, 10)
for item, score in zip(recommended, scores):
    print(f"{score:7.2f}  {item}{'  (held out: they do like it)' if item in held_out else ''}")
print('\nwhy', recommended[0])
for part in with_tags.explain(user, recommended[0], 5).parts:
    both = [name for name in part[:2] if name is not None]
    print(f"{part.value:7.2f}  {' and '.join(both) if len(both) == 2 else f'bias of {both[0]}'}")

# %% [markdown]
# ## All in one table
#
# Measured on the test, which had no say in the search; ± is the 95 % interval.

# %%
print(f"{'':16}{''.join(f'{name:>15}' for name in METRICS)}")
for name, measured in results.items():
    print(f'{name:16}' + ''.join(f'{result.mean:8.4f} ±{1.96 * result.standard_error:.4f}'
                                 for result in measured.values()))

# %% [markdown]
# Run as a script, and asked to, this keeps the pictures.

# %%
if given.pictures is not None:
    from matplotlib import pyplot

    given.pictures.mkdir(parents=True, exist_ok=True)
    for number in pyplot.get_fignums():
        pyplot.figure(number).savefig(given.pictures / f'{number}.png')
    print('pictures saved in', given.pictures)
