"""What the gates share: the project's files, and C text without its comments and strings."""
import pathlib
import re
import sys

COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'
                               r"'(?:\\.|[^'\\\n])*'", re.S)


def files(root, folders, endings):
    """All files below root/folder, for each folder, whose names end so; sorted."""
    found = []
    for folder in folders:
        for path in sorted(pathlib.Path(root, folder).rglob('*')):
            if path.is_file() and path.name.endswith(endings):
                found.append(path)
    return found


def without_comments(text, keep_strings=False):
    """C text with comments (and strings) blanked out, each line still in its place."""
    def blank(match):
        what = match.group()
        if keep_strings and what[0] in '"\'':
            return what
        return re.sub(r'[^\n]', ' ', what)
    return COMMENT_OR_STRING.sub(blank, text)


def report(problems, fine):
    """Print what is wrong and exit 1, or say what is fine and exit 0."""
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(fine)
    sys.exit(1 if problems else 0)
