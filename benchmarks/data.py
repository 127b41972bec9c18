"""The data of the benchmarks: made by `lfm synth` once for each size and kept as NumPy's files, or MovieLens."""
import functools
import gzip
import pathlib
import subprocess

import numpy as np

DEFAULT_DATA = dict(users=15000, items=26000, interactions=550000)
BLOCK = 1 << 26  # bytes of text parsed at a time


def read_pairs(path):
    """The users and items of lines such as 'u12<TAB>i34', counted from 0: int32, 2 x lines."""
    blocks = []
    to_spaces = bytes.maketrans(b'ui\t\n', b'    ')
    with open(path, 'rb') as file:
        while text := file.read(BLOCK):
            text += file.readline()
            numbers = np.fromstring(text.translate(to_spaces), np.int32, sep=' ')
            blocks.append(numbers.reshape(-1, 2).T - np.int32(1))
    return np.ascontiguousarray(np.concatenate(blocks, axis=1)) if blocks else np.empty((2, 0), np.int32)


def numbered(names):
    """Each name's number, by first appearance, and how many names there are."""
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], np.int32), len(known)


class Data:
    """shape: users, items. train and test: users and items of the likes. tags: items and tags, of n_tags."""

    def __init__(self, lfm, folder, users, items, interactions):
        self.shape = users, items
        self.folder = pathlib.Path(folder) / f'{users}-{items}-{interactions}'
        if not self.folder.exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([lfm, 'synth', self.folder, '--users', str(users), '--items', str(items),
                            '--interactions', str(interactions)], check=True, stdout=subprocess.DEVNULL)

    def pairs(self, name):
        kept, text = self.folder / f'{name}.npy', self.folder / f'{name}.tsv'
        if not kept.exists():
            partial = self.folder / f'{name}.part.npy'
            np.save(partial, read_pairs(text))
            partial.rename(kept)
            text.unlink()  # gigabytes, for the large ones
        return np.load(kept)

    @functools.cached_property
    def train(self):
        return self.pairs('interactions')

    @functools.cached_property
    def test(self):
        return self.pairs('test')

    @functools.cached_property
    def tags(self):
        lines = [line.split('\t') for line in open(self.folder / 'item-features.tsv')]
        tags, self.n_tags = numbered([line[1] for line in lines])
        return np.array([int(line[0][1:]) - 1 for line in lines], np.int32), tags


class MovieLens:
    """The same of MovieLens 100k, ratings of 4 and 5 as likes: train.tsv.gz, test.tsv.gz (user, item, rating, time;
    ids from 1) and item_features.tsv.gz (item, feature, weight; those called genre:… count)."""

    def __init__(self, folder):
        def lines(name):
            with gzip.open(pathlib.Path(folder) / f'{name}.tsv.gz', 'rt', encoding='utf-8') as file:
                return [line.rstrip('\n').split('\t') for line in file]

        def likes(name):
            chosen = [(int(line[0]) - 1, int(line[1]) - 1) for line in lines(name) if float(line[2]) >= 4]
            return np.ascontiguousarray(np.array(chosen, np.int32).T)

        genres = [line for line in lines('item_features') if line[1].startswith('genre:')]
        tags, self.n_tags = numbered([line[1] for line in genres])
        self.tags = np.array([int(line[0]) - 1 for line in genres], np.int32), tags
        self.train, self.test = likes('train'), likes('test')
        self.shape = (int(max(self.train[0].max(), self.test[0].max())) + 1,
                      int(max(self.train[1].max(), self.test[1].max(), self.tags[0].max())) + 1)
