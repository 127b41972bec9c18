#!/usr/bin/env python3
"""A site of 3-D models: items for a tag, and tags that an item lacks, on what `lfm synth` makes.

The first tag of an item is of its own topic, and tags are named by their topics, so that what a model
finds can be told from what is there. Usage: test_story.py LFM"""
import collections
import json
import random

import command
from command import lfm

SIZES = ('--users', 3000, '--items', 2000, '--interactions', 80000, '--tags', 400)
TOP = 10


def topic_of(tag):
    return tag.split('-')[0]


def site(folder):
    """Make the data; return the tags of each item in the file's order."""
    assert lfm('synth', folder, *SIZES).returncode == 0
    tags = collections.defaultdict(list)
    for line in (folder / 'item-features.tsv').read_text().splitlines():
        item, tag, _ = line.split('\t')
        tags[item].append(tag)
    return tags


def similar(folder, features, *asked):
    result = lfm('similar', folder / 'interactions.tsv', '--item-features', folder / features, '--identity', 'item',
                 '--normalise', 'item', *asked, '--k', TOP, '--threads', 1, '--json', '-')
    assert result.returncode == 0, result.stderr
    lists = [json.loads(line) for line in result.stdout.splitlines()]
    return {line['query']: [entry['similar'] for entry in line['similar']] for line in lists}


def test_items_for_a_tag(folder):
    """Of the ten items most like a tag, nine have it or are of its topic."""
    tags = site(folder)
    count = collections.Counter(tag for item in tags for tag in tags[item])
    hits = []
    for tag, items in similar(folder, 'item-features.tsv', '--all', 'item-feature').items():
        if topic_of(tag) != 'general' and count[tag] >= 5:
            hits.append(sum(tag in tags[item] or topic_of(tags[item][0]) == topic_of(tag) for item in items))
    mean, good = sum(hits) / len(hits), sum(hit >= 9 for hit in hits) / len(hits)
    print(f'# items for {len(hits)} tags: {mean:.2f} of {TOP} have the tag or its topic; '
          f'9 or more for {good:.1%} of the tags')
    assert len(hits) > 300 and mean >= 9 and good >= 0.9


def test_tags_that_an_item_lacks(folder):
    """One tag of a third of the items is hidden; the ten tags suggested find it far more often than the ten
    most popular tags that the item lacks."""
    tags = site(folder)
    draw = random.Random(1)
    hidden = {item: draw.choice(of_item[1:]) for item, of_item in tags.items()
              if len(of_item) >= 4 and draw.random() < 0.33}
    left = {item: [tag for tag in of_item if tag != hidden.get(item)] for item, of_item in tags.items()}
    (folder / 'left.tsv').write_text(''.join(f'{item}\t{tag}\n' for item in left for tag in left[item]))
    popular = [tag for tag, _ in collections.Counter(tag for item in left for tag in left[item]).most_common()]
    suggested = similar(folder, 'left.tsv', '--all', 'item', '--to', 'item-feature')
    found = by_popularity = 0
    for item, tag in hidden.items():
        assert not set(suggested[item]) & set(left[item])
        found += tag in suggested[item]
        by_popularity += tag in [other for other in popular if other not in left[item]][:TOP]
    found, by_popularity = found / len(hidden), by_popularity / len(hidden)
    print(f'# tags for {len(hidden)} items: {found:.1%} of the hidden tags among {TOP} suggested, '
          f'{by_popularity:.1%} among the {TOP} most popular')
    assert len(hidden) > 300 and found > 0.5 and found > 4 * by_popularity


command.main(globals())
