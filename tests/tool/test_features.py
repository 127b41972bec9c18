#!/usr/bin/env python3
"""Feature files: their forms, what they add to the candidates, and what is refused.

Usage: test_features.py LFM"""
import command
from command import fine, fit, likes, refused, summary, trained_on, write

LIKES = 'a\tx\nb\ty\na\ty\n'


def item_features(about):
    return about['item_features']


def test_long_form(folder):
    data = write(folder / 'likes.tsv', LIKES)
    tags = write(folder / 'tags.tsv', 'x\tred\nx\tblue\t0.5\ny\tred\t2\n')
    refused(1, 'tags.tsv:1:', 'weight', '2 columns', of=fit(data, '--item-features', tags,
                                                           '--item-feature-columns', 'weight=3'))
    refused(1, 'tags.tsv:2:', 'weight', of=fit(data, '--item-features',
                                               write(tags, 'x\tred\t1\ny\tblue\tbig\n')))
    write(tags, 'x\tred\t1\nx\tblue\t0.5\ny\tred\t2\nz\tred\t1\n')
    about = item_features(trained_on(folder, data, '--item-features', tags))
    assert about == {'count': 2, 'identity': False, 'rows': 2, 'rows_without': 0}, about


def test_identity(folder):
    data = write(folder / 'likes.tsv', LIKES)
    tags = write(folder / 'tags.tsv.gz', 'x\tred\n')
    about = trained_on(folder, data, '--item-features', tags, '--user-features',
                       write(folder / 'users.csv', 'a,old\n'), '--identity', 'item')
    assert item_features(about)['identity'] and not about['user_features']['identity']
    assert item_features(about)['rows_without'] == 0 and about['user_features']['rows_without'] == 1
    about = trained_on(folder, data)
    assert item_features(about)['identity'] and about['user_features']['identity']
    result = fine(data, '--item-features', tags, '--epochs', '1')
    assert '1 of 2 items have none' in result.stdout, result.stdout


def test_type_and_value(folder):
    data = write(folder / 'likes.tsv', LIKES)
    tags = write(folder / 'tags.csv', 'x,colour,red,2\ny,colour,blue,1\ny,shape,"round, flat",1\n')
    found = summary(folder, data, '--item-features', tags, '--item-feature-columns',
                    'id=1,type=2,value=3,weight=4', '--similar-to-feature',
                    'colour:red,shape:round\\, flat')
    assert item_features(found['trained_on'])['count'] == 3
    assert list(found['similar_to_feature']) == ['colour:red', 'shape:round, flat']
    write(tags, 'weight,value,type,id\n2,red,colour,x\n')
    refused(1, 'the data knows no item feature', "'red'",
            of=fit(data, '--item-features', tags, '--header=features', '--item-feature-columns',
                   'id=id,type=type,value=value', '--similar-to-feature', 'red'))


def test_unknown_ids_are_ignored(folder):
    data = write(folder / 'likes.tsv', LIKES)
    tags = write(folder / 'tags.tsv', 'x\tred\nz\tgreen\nz\tred\n')
    about = trained_on(folder, data, '--item-features', tags)
    assert about['items'] == 2 and item_features(about)['count'] == 1
    assert about['skipped']['item_feature_lines_without_item'] == 2
    refused(1, 'tags.tsv', 'none of its ids',
            of=fit(data, '--item-features', write(tags, 'X\tred\n')))


def test_all_items_and_all_users(folder):
    data = likes(folder / 'likes.tsv')
    tags = write(folder / 'tags.tsv', ''.join(f'i{i}\t{"low" if i < 20 else "high"}\n' for i in range(60)))
    users = write(folder / 'users.tsv', ''.join(f'u{u}\t{"even" if u % 2 == 0 else "odd"}\n'
                                                for u in range(32)))
    about = trained_on(folder, data, '--item-features', tags, '--user-features', users)
    assert (about['users'], about['items']) == (30, 40)
    found = summary(folder, data, '--item-features', tags, '--all-items', '--user-features', users,
                    '--all-users', '--epochs', '30', '--recommend-for', 'u30,u31', '--top', '60')
    about = found['trained_on']
    assert (about['users'], about['items']) == (32, 60) and about['items_in_training'] == 40
    for user, low in (('u30', True), ('u31', False)):
        listed = [entry['item'] for entry in found['recommended'][user]]
        assert len(listed) == 60
        best = [int(item[1:]) < 20 for item in listed[:20]]
        assert all(is_low == low for is_low in best), (user, listed)


def test_features_help_on_items_nobody_knows(folder):
    """Items that only the test set names are ranked by their tags."""
    data = likes(folder / 'likes.tsv')
    test = write(folder / 'test.tsv', ''.join(f'u{u}\t{"low" if u % 2 == 0 else "high"}{n}\n'
                                              for u in range(20) for n in range(3)))
    tags = [f'i{i}\t{"low" if i < 20 else "high"}\n' for i in range(40)]
    tags += [f'{side}{n}\t{side}\n' for side in ('low', 'high') for n in range(30)]
    tags = write(folder / 'tags.tsv', ''.join(tags))
    arguments = [data, '--test', test, '--epochs', '20', '--components', '8', '--every', '0']
    last = command.lines_of
    fine(*arguments, '--json', folder / 'ids')
    fine(*arguments, '--json', folder / 'tags', '--item-features', tags)
    fine(*arguments, '--json', folder / 'all', '--item-features', tags, '--all-items')
    assert last(folder / 'tags')[0]['test']['auc'] > last(folder / 'ids')[0]['test']['auc'] + 0.1
    about = last(folder / 'all')[-1]['trained_on']
    assert about['items'] == 100 and about['items_in_training'] == 40


def test_header_of_some_files(folder):
    data = write(folder / 'likes.csv', 'user,item\n' + LIKES.replace('\t', ','))
    tags = write(folder / 'tags.csv', 'x,red\n')
    titles = write(folder / 'titles.csv', 'id,title\nx,The X\n')
    found = summary(folder, data, '--item-features', tags, '--titles', titles,
                    '--header=interactions,titles', '--similar-to', 'y')
    assert found['trained_on']['interactions'] == 3
    assert item_features(found['trained_on'])['count'] == 1
    assert found['similar']['y'][0]['title'] == 'The X'
    refused(1, 'no data', of=fit(data, '--item-features', tags, '--header'))


def test_separators_of_features(folder):
    data = write(folder / 'u.data', LIKES)
    tags = write(folder / 'u.item', 'x|red\n')
    about = trained_on(folder, data, '--item-features', tags, '--feature-sep', '|')
    assert item_features(about)['count'] == 1
    refused(1, 'u.item:1:', 'column 2 (name)', of=fit(data, '--item-features', tags))


def test_normalise(folder):
    data = likes(folder / 'likes.tsv')
    one = write(folder / 'one.tsv', ''.join(f'i{i}\tt{i % 7}\t1\n' for i in range(40)))
    four = write(folder / 'four.tsv', ''.join(f'i{i}\tt{i % 7}\t4\n' for i in range(40)))
    arguments = ['--similar-to', 'i1', '--epochs', '3']
    plain = summary(folder, data, '--item-features', one, *arguments)['similar']
    assert summary(folder, data, '--item-features', four, '--normalise', 'item',
                   *arguments)['similar'] == plain


command.main(globals())
